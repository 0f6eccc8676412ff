import type { RequestHead } from '../../protocol/http1/request-head.ts';
import { ResponseHead } from '../../protocol/http1/response-head.ts';
import type { Exchange, FileBody, HeadEdit } from '../exchange.ts';
import { HeadFilter } from '../head-filter.ts';
import { InsideExchange } from './inside-exchange.ts';

/** Nginx's: these of the response that asks for another stay. */
const KEPT = [
  ['content-type', 'Content-Type'],
  ['content-disposition', 'Content-Disposition'],
  ['cache-control', 'Cache-Control'],
  ['expires', 'Expires'],
] as const;

/** Makes the other response say what the first has said. */
export function keptEdit(from: ResponseHead): HeadEdit {
  const fields = KEPT.flatMap(([key, name]) => {
    const value = from.get(key);
    return value === null ? [] : [[name, key === 'content-type' ? withCharset(value, from) : value] as const];
  });
  const cookies = from.all('set-cookie');
  return (head) => {
    // An error is about itself. The parts of several ranges have types of their own.
    const isError = head.status >= 400;
    const hasParts = head.status === 206 && /^multipart\/byteranges/i.test(head.get('content-type') ?? '');
    for (const [name, value] of isError ? [] : fields) {
      if (name === 'Content-Type' && (hasParts || head.status === 304)) continue;
      head.set(name, value);
    }
    for (const cookie of cookies) head.append('Set-Cookie', cookie);
  };
}

/** X-Accel-Charset says it beside the type. */
function withCharset(type: string, from: ResponseHead): string {
  const charset = from.get('x-accel-charset');
  const adds =
    charset !== null && charset !== 'off' && /^[\w.:-]+$/.test(charset) && !/;\s*charset=/i.test(type);
  return adds ? `${type}; charset=${charset}` : type;
}

/** A request that its answer has sent on, by X-Accel-Redirect. */
export class AccelExchange extends InsideExchange {
  readonly #edit: HeadEdit;

  constructor(exchange: Exchange, head: RequestHead, edit: HeadEdit) {
    super(exchange, head);
    this.#edit = edit;
  }

  override respond(text: string, flags: number, body: string | Buffer, source?: object): void {
    const head = new ResponseHead(text, flags);
    this.#edit(head);
    this.outer.respond(head.text, head.flags, body, source);
  }

  override begin(text: string, flags: number, body: Buffer, isEnd: boolean): void {
    const head = new ResponseHead(text, flags);
    this.#edit(head);
    this.outer.begin(head.text, head.flags, body, isEnd);
  }

  override respondFile(text: string, flags: number, body: FileBody): void {
    const head = new ResponseHead(text, flags);
    this.#edit(head);
    this.outer.respondFile(head.text, head.flags, body);
  }
}

/** A request that a file answers, by X-Sendfile; the layers of its route stay around it. */
export class SendfileExchange extends HeadFilter {
  readonly #head: RequestHead;
  readonly #edit: HeadEdit;

  constructor(outer: Exchange, head: RequestHead, edit: HeadEdit) {
    super(outer);
    this.#head = head;
    this.#edit = edit;
  }

  override get head(): RequestHead {
    return this.#head;
  }

  protected override edit(head: ResponseHead): void {
    this.#edit(head);
  }
}

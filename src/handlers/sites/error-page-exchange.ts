import { REASON_PHRASES } from '../../protocol/http1/errors.ts';
import type { RequestHead } from '../../protocol/http1/request-head.ts';
import { fieldOf, ResponseHead } from '../../protocol/http1/response-head.ts';
import type { Exchange, FileBody, HeadEdit } from '../exchange.ts';
import { InsideExchange } from './inside-exchange.ts';

export interface PagedError {
  /** The status that the page is for. */
  readonly error: number;
  /** What the client gets; null: what the page says. */
  readonly status: number | null;
  /** Of the error, for the client; each with its CRLF. */
  readonly fields: string;
}

/** A request for the page of an error: whatever it says of itself, the client gets the error's status. */
export class ErrorPageExchange extends InsideExchange {
  readonly #error: PagedError;

  constructor(exchange: Exchange, head: RequestHead, error: PagedError) {
    super(exchange, head);
    this.#error = error;
  }

  #edited(text: string, flags: number): ResponseHead {
    const { fields } = this.#error;
    const head = new ResponseHead(text, flags);
    const seen = this.statusFor(head.status);
    if (seen !== head.status) head.setStatus(seen, REASON_PHRASES[seen] ?? '');
    if (head.status >= 400) {
      describeError(head);
      head.text += missingIn(head.text, fields);
    }
    return head;
  }

  /** Where that is fixed: whatever the page says, but for a redirect. */
  statusFor(own: number): number {
    return own >= 300 && own < 400 ? own : (this.#error.status ?? own);
  }

  override respond(text: string, flags: number, body: string | Buffer, source?: object): void {
    const head = this.#edited(text, flags);
    this.outer.respond(head.text, head.flags, body, source);
  }

  override begin(text: string, flags: number, body: Buffer, isEnd: boolean): void {
    const head = this.#edited(text, flags);
    this.outer.begin(head.text, head.flags, body, isEnd);
  }

  override respondFile(text: string, flags: number, body: FileBody): void {
    const head = this.#edited(text, flags);
    this.outer.respondFile(head.text, head.flags, body);
  }

  /** Where there is no such page, the error is told without one. */
  override refuse(status: number, reason?: string, extraFields?: string, edit?: HeadEdit | null): void {
    const { error, status: wanted, fields } = this.#error;
    if (wanted === null) this.outer.refuse(status, reason, extraFields, edit);
    else this.outer.refuse(error, '', fields, edit);
  }
}

/** What the page says as a resource of its own is not said of the error, which would be kept for as long as the page may be. */
function describeError(head: ResponseHead): void {
  for (const name of ['accept-ranges', 'etag', 'expires', 'last-modified']) head.remove(name);
  if (/max-age|public|immutable/i.test(head.all('cache-control').join())) head.remove('cache-control');
}

/** What the page says itself is stronger. */
function missingIn(head: string, fields: string): string {
  return fields
    .split(/(?<=\r\n)/)
    .filter((line) => fieldOf(head, line.slice(0, line.indexOf(':')).toLowerCase()) === null)
    .join('');
}

export function isWithinErrorPage(exchange: Exchange): boolean {
  return errorPageOf(exchange) !== null;
}

/** The status that the client gets where the one who answers says `own`. */
export function statusSeen(exchange: Exchange, own: number): number {
  return errorPageOf(exchange)?.statusFor(own) ?? own;
}

function errorPageOf({ base }: Exchange): ErrorPageExchange | null {
  for (let at = base; at instanceof InsideExchange; at = at.comesFrom) {
    if (at instanceof ErrorPageExchange) return at;
  }
  return null;
}

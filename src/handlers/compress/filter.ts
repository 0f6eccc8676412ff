import { parseEntityTags, strongMatch } from '../../protocol/fields/entity-tags.ts';
import { ResponseHead } from '../../protocol/http1/response-head.ts';
import { codingWeights } from '../coding-weights.ts';
import type { Exchange, FileBody } from '../exchange.ts';
import { ExchangeFilter } from '../exchange-filter.ts';
import { FileSource } from '../files/file-source.ts';
import { letGo, openBody } from '../files/open-body.ts';
import { CompressedBody } from './compressed-body.ts';

import { readyBodies } from './ready-bodies.ts';
import { type Choice, type CompressionRules, EVENT_STREAM, noteCoding, weakenTag } from './rules.ts';
import { threadGate } from './thread-gate.ts';

/** Up to this size it takes less to compress a body than to have another thread do it. */
const MAX_NOW_BYTES = 16 << 10;
const EMPTY = Buffer.alloc(0);

type Send = (head: ResponseHead, body: string | Buffer) => void;

/** Compresses the response, where the rules and the client's Accept-Encoding say so. */
export class CompressFilter extends ExchangeFilter {
  readonly #rules: CompressionRules;
  #body: CompressedBody | null = null;

  constructor(outer: Exchange, rules: CompressionRules) {
    super(outer);
    this.#rules = rules;
  }

  get #isHead(): boolean {
    return this.head.method === 'HEAD';
  }

  /** How the response is compressed, or null: not at all. Its head says that it might have been. */
  #choiceFor(head: ResponseHead, bytes: number | null): Choice | null {
    if (head.status === 304) this.#matchUncompressed(head);
    // RFC 9110 15.3.7 and 15.4.5: what the whole of it would say.
    if (this.#rules.isOfCompressible(head)) head.addToList('Vary', 'Accept-Encoding');
    if (!this.#rules.isCompressible(head, bytes)) return null;
    head.addToList('Vary', 'Accept-Encoding');
    return this.#wanted;
  }

  get #wanted(): Choice | null {
    return this.#rules.choose(codingWeights(this.head.fields.list('accept-encoding')));
  }

  /** What the client has was compressed, and got a weak tag; unless it says that it has the strong one. */
  #matchUncompressed(head: ResponseHead): void {
    const had = parseEntityTags(this.head.fields.list('if-none-match') ?? '');
    const tag = head.get('etag') ?? '';
    const isAsItWas = had !== '*' && had?.some((each) => strongMatch(each, tag)) === true;
    if (!isAsItWas && this.#wanted !== null) weakenTag(head);
  }

  // --- responses that are there whole ---

  override respond(text: string, flags: number, body: string | Buffer, source?: object): void {
    const send: Send = (head, content) => this.outer.respond(head.text, head.flags, content);
    this.#respondWhole(text, flags, body, source, send);
  }

  #respondWhole(
    text: string,
    flags: number,
    body: string | Buffer,
    source: object | undefined,
    send: Send,
  ): void {
    const head = new ResponseHead(text, flags);
    const choice = this.#choiceFor(head, body.length === 0 ? lengthOf(head) : body.length);
    if (choice !== null && this.#isHead && (body.length > 0 || lengthOf(head) !== null)) {
      // What would be said of the body. Of one whose length nobody tells it is not known whether it would be long enough.
      noteCoding(head, choice.coding);
      send(head, '');
      return;
    }
    const ready = choice === null || source === undefined ? null : readyBodies.get(source, choice);
    const mustWait = body.length > MAX_NOW_BYTES && ready === null;
    if (choice === null || body.length === 0 || (mustWait && threadGate.isCrowded)) {
      send(head, body);
      return;
    }
    const finish = (encoded: string | Buffer | null) => {
      const isSmaller = encoded !== null && encoded.length < body.length;
      if (isSmaller) noteCoding(head, choice.coding);
      send(head, isSmaller ? encoded : body);
    };
    if (ready !== null) {
      finish(ready);
      return;
    }
    const { encoding, level } = choice;
    const content = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
    const keep = (encoded: Buffer): string | Buffer => {
      if (source === undefined) return encoded;
      const kept = encoded.length <= MAX_NOW_BYTES ? encoded.toString('latin1') : encoded;
      readyBodies.keep(source, choice, kept);
      return kept;
    };
    if (!mustWait) {
      finish(keep(encoding.encodeNow(content, level)));
      return;
    }
    threadGate.ask((done) =>
      encoding.encode(content, level, (error, encoded) => {
        done();
        finish(error === null ? keep(encoded) : null);
      }),
    );
  }

  // --- responses that come in pieces ---

  override begin(text: string, flags: number, body: Buffer, isEnd: boolean): void {
    if (isEnd) {
      this.#respondWhole(text, flags, body, undefined, (head, content) =>
        this.outer.begin(
          head.text,
          head.flags,
          typeof content === 'string' ? Buffer.from(content, 'latin1') : content,
          true,
        ),
      );
      return;
    }
    const head = new ResponseHead(text, flags);
    const choice = this.#choiceFor(head, lengthOf(head));
    if (choice === null || CompressedBody.areTooMany) {
      this.outer.begin(head.text, head.flags, body, false);
    } else if (this.#isHead) {
      noteCoding(head, choice.coding);
      this.outer.begin(head.text, head.flags, EMPTY, false);
    } else {
      this.#beginCompressed(head, choice).write(body, false);
    }
  }

  #beginCompressed(head: ResponseHead, choice: Choice): CompressedBody {
    const size = lengthOf(head) ?? -1;
    const isLive = head.get('content-type')?.toLowerCase().startsWith(EVENT_STREAM) ?? false;
    const { outer } = this;
    const body = new CompressedBody(outer, outer.producer, choice, size, isLive);
    noteCoding(head, choice.coding);
    outer.producer = body;
    this.#body = body;
    // The client learns at once that it is answered.
    outer.begin(head.text, head.flags, EMPTY, false);
    return body;
  }

  override write(body: Buffer, isEnd: boolean): void {
    if (this.#body === null) this.outer.write(body, isEnd);
    else this.#body.write(body, isEnd);
  }

  override abort(): void {
    this.#body?.discard();
    this.outer.abort();
  }

  // --- files ---

  override respondFile(text: string, flags: number, body: FileBody): void {
    const head = new ResponseHead(text, flags);
    const choice = this.#choiceFor(head, body.length);
    if (choice === null || CompressedBody.areTooMany) {
      this.outer.respondFile(head.text, head.flags, body);
      return;
    }
    openBody(body, (error, fd) => {
      if (error !== null) {
        this.outer.refuse(502);
      } else if (this.isOver || this.#isHead) {
        letGo(body, fd);
        noteCoding(head, choice.coding);
        this.outer.respond(head.text, head.flags, '');
      } else {
        this.#sendFile(head, choice, body, fd);
      }
    });
  }

  #sendFile(head: ResponseHead, choice: Choice, body: FileBody, fd: number): void {
    const source = new FileSource(body, fd, this, () => this.abort());
    this.outer.producer = source;
    // A file can wait where it is.
    this.outer.spools = false;
    this.#beginCompressed(head, choice);
    source.start();
  }
}

/** What the Content-Length says. */
function lengthOf(head: ResponseHead): number | null {
  const length = head.get('content-length');
  return length !== null && /^\d+$/.test(length) ? Number(length) : null;
}

// Bytes in, events out: reads what a server answers to the requests on one connection, one after another. It does no I/O and has no clock.
//
// A server's responses are often alike up to the last byte of their head, or are for a second: then the head is the object of the response before, with
// all that its consumer has derived from it.

import { ByteQueue } from './byte-queue.ts';
import { ChunkedBody } from './chunked-body.ts';
import { HttpError } from './errors.ts';
import { FieldBlock, parseFieldLine } from './field-block.ts';
import { latin1Slice } from './latin1.ts';
import { type LineKind, LineReader } from './line-reader.ts';
import {
  framingOf,
  hasOption,
  parseStatusLine,
  type ReceivedHead,
  type StatusLine,
  UNTIL_CLOSE,
} from './received-head.ts';
import { CHUNKED } from './request-head.ts';
import { isBodiless } from './response-writer.ts';

export interface ResponseLimits {
  /** Of a head, and again of trailers: status line and fields as they were sent. */
  readonly maxHeadBytes: number;
  readonly maxFields: number;
}

export type ResponseEvent =
  /** With `bodyLength` 0 this is the whole message, and no `end` follows; nor does it with a status below 200. */
  | { readonly type: 'head'; readonly head: ReceivedHead }
  /** A slice of what was pushed, not a copy, but for small chunks that were joined. */
  | { readonly type: 'body'; readonly data: Buffer }
  | { readonly type: 'end' }
  | { readonly type: 'error'; readonly error: HttpError };

const STATUS_LINE: LineKind = { name: 'status line', tooLong: 'response_head_too_large' };
const FIELD_LINE: LineKind = { name: 'field line', tooLong: 'response_head_too_large' };
const SWITCHING_PROTOCOLS = 101;
/** Heads that come before the one that counts, such as 103. Nobody sends more than a few; endless ones keep a request for ever. */
const MAX_INTERIM = 16;
/** Heads up to this size are remembered. */
const MAX_REMEMBERED_BYTES = 2048;
/** RFC 9112 5.1: a proxy takes such blanks away. */
const BLANKS_BEFORE_COLON = /^([^\s:]+)[\t ]+:/;
const END: ResponseEvent = { type: 'end' };
const NOTHING = Buffer.alloc(0);

export class ResponseParser {
  readonly #limits: ResponseLimits;
  readonly #queue = new ByteQueue();
  readonly #lines = new LineReader();
  #state: 'idle' | 'start' | 'fields' | 'body' | 'chunked' | 'until-close' | 'switched' | 'failed' = 'idle';
  #isHead = false;
  #interim = 0;

  // The head that is being read.
  #headBytes = 0;
  #statusLine: StatusLine | null = null;
  #sentNames: string[] = [];
  #names: string[] = [];
  #values: string[] = [];

  #missingBytes = 0;
  #chunkedBody: ChunkedBody | null = null;

  /** The last head that came whole, and its bytes. */
  #remembered: ReceivedHead | null = null;
  #rememberedBytes = NOTHING;

  constructor(limits: ResponseLimits) {
    this.#limits = limits;
  }

  /** A request was sent: what comes next is its response. */
  expect(method: string): void {
    this.#state = 'start';
    this.#isHead = method === 'HEAD';
    this.#interim = 0;
  }

  /** Hands over bytes as they come. The chunk must not be changed until `detach` is called. */
  push(chunk: Buffer): void {
    if (this.#state !== 'failed' && chunk.length > 0) this.#queue.push(chunk);
  }

  /** Lets go of the chunks that were pushed. */
  detach(): void {
    this.#queue.detach();
    this.#chunkedBody?.detach();
  }

  /** The last response is complete, and nothing has come behind it. */
  get isClean(): boolean {
    return this.#state === 'idle' && this.#queue.length === 0;
  }

  /** Some of the response has come. */
  get hasBegun(): boolean {
    return this.#state !== 'start' || this.#queue.length > 0 || this.#headBytes > 0;
  }

  /** Bytes that were pushed and not consumed. */
  get bufferedBytes(): number {
    return this.#queue.length;
  }

  /** The next event, or null when more bytes are needed; nothing follows an error. */
  next(): ResponseEvent | null {
    switch (this.#state) {
      case 'start':
      case 'fields':
        return this.#queue.length === 0 ? null : this.#nextHead();
      case 'body':
        return this.#nextBody();
      case 'chunked':
        return this.#nextOfChunked();
      case 'until-close':
        return this.#queue.length === 0 ? null : { type: 'body', data: this.#takeAll() };
      case 'idle':
      case 'switched':
      case 'failed':
        return null;
    }
  }

  /** After a head: the whole body, as latin-1, all of which has come; the message is complete then. */
  takeBodyText(): string {
    const { bytes, start } = this.#queue;
    const text = latin1Slice(bytes, start, start + this.#missingBytes);
    this.#queue.skip(this.#missingBytes);
    this.#missingBytes = 0;
    this.#state = 'idle';
    return text;
  }

  /** The same as bytes, a slice of what was pushed. */
  takeBody(): Buffer {
    const body = this.#queue.take(this.#missingBytes);
    this.#missingBytes = 0;
    this.#state = 'idle';
    return body;
  }

  /** After 101: what has come behind the head, in another protocol. */
  takeRest(): Buffer {
    return Buffer.from(this.#takeAll());
  }

  /** The server has closed its side: the end of a body without any framing, else an error. */
  end(): ResponseEvent {
    if (this.#state === 'until-close') {
      this.#state = 'idle';
      return END;
    }
    return this.#fail(new HttpError('response_broken_off'));
  }

  #takeAll(): Buffer {
    return this.#queue.take(this.#queue.length);
  }

  #nextHead(): ResponseEvent | null {
    const head = this.#readRememberedHead() ?? this.#readHeadLines();
    if (head === null) return null;
    if (head instanceof HttpError) return this.#fail(head);
    if (head.status === SWITCHING_PROTOCOLS) this.#state = 'switched';
    else if (head.status < 200) {
      if (++this.#interim > MAX_INTERIM) return this.#fail(new HttpError('too_many_interim_responses'));
      this.#state = 'start';
    } else if (head.bodyLength === 0) this.#state = 'idle';
    else if (head.bodyLength === UNTIL_CLOSE) this.#state = 'until-close';
    else if (head.bodyLength === CHUNKED) this.#beginChunked();
    else {
      this.#state = 'body';
      this.#missingBytes = head.bodyLength;
    }
    return { type: 'head', head };
  }

  #beginChunked(): void {
    this.#state = 'chunked';
    const { maxHeadBytes, maxFields } = this.#limits;
    this.#chunkedBody = new ChunkedBody({
      maxRequestLineBytes: maxHeadBytes,
      maxFields,
      maxFieldBytes: maxHeadBytes,
      maxTrailerBytes: maxHeadBytes,
      maxBodyBytes: Number.MAX_SAFE_INTEGER,
    });
  }

  /** null: it is another, or has not come whole. */
  #readRememberedHead(): ReceivedHead | null {
    const bytes = this.#rememberedBytes;
    if (this.#state !== 'start' || this.#remembered === null || this.#isHead || this.#lines.isInsideLine) {
      return null;
    }
    const { start, end } = this.#queue;
    if (end - start < bytes.length || bytes.compare(this.#queue.bytes, start, start + bytes.length) !== 0) {
      return null;
    }
    this.#queue.skip(bytes.length);
    return this.#remembered;
  }

  #readHeadLines(): ReceivedHead | HttpError | null {
    const { bytes, start } = this.#queue;
    const isWhole = this.#state === 'start' && !this.#lines.isInsideLine;
    for (;;) {
      const before = this.#queue.length;
      // Its own end, and the empty line, belong to the head, too.
      const room = this.#limits.maxHeadBytes - this.#headBytes - 4;
      const kind = this.#statusLine === null ? STATUS_LINE : FIELD_LINE;
      const line = this.#lines.read(this.#queue, kind, Math.max(0, room));
      if (typeof line !== 'string') return line;
      this.#headBytes += before - this.#queue.length;
      if (this.#statusLine === null) {
        const statusLine = parseStatusLine(line);
        if (statusLine instanceof HttpError) return statusLine;
        this.#statusLine = statusLine;
        this.#state = 'fields';
      } else if (line === '') {
        const byteCount = this.#headBytes;
        const head = this.#endHead(this.#statusLine);
        if (isWhole && !(head instanceof HttpError)) this.#remember(head, bytes, start, byteCount);
        return head;
      } else {
        const error = this.#readField(line);
        if (error !== null) return error;
      }
    }
  }

  #remember(head: ReceivedHead, bytes: Buffer, start: number, byteCount: number): void {
    if (this.#isHead || head.status < 200 || byteCount > MAX_REMEMBERED_BYTES) return;
    this.#remembered = head;
    this.#rememberedBytes = Buffer.allocUnsafeSlow(byteCount);
    bytes.copy(this.#rememberedBytes, 0, start, start + byteCount);
  }

  #readField(line: string): HttpError | null {
    if (this.#names.length >= this.#limits.maxFields) {
      return new HttpError('too_many_fields', `at most ${this.#limits.maxFields} are taken`);
    }
    const plain = line.replace(BLANKS_BEFORE_COLON, '$1:');
    const error = parseFieldLine(plain, this.#names, this.#values);
    if (error === null) this.#sentNames.push(plain.slice(0, plain.indexOf(':')));
    return error;
  }

  #endHead({ status, reason, minor }: StatusLine): ReceivedHead | HttpError {
    const fields = new FieldBlock(this.#names, this.#values);
    const sentNames = this.#sentNames;
    this.#names = [];
    this.#values = [];
    this.#sentNames = [];
    this.#statusLine = null;
    this.#headBytes = 0;
    const framing = framingOf(fields, minor);
    if (framing instanceof HttpError) return framing;
    const { contentLength, connection } = framing;
    const isBare = this.#isHead || isBodiless(status);
    const bodyLength = isBare ? 0 : framing.isChunked ? CHUNKED : (contentLength ?? UNTIL_CLOSE);
    const isWanted = !hasOption(connection, 'close') && (minor === 1 || hasOption(connection, 'keep-alive'));
    const keepAlive = isWanted && bodyLength !== UNTIL_CLOSE;
    return { status, reason, minor, fields, sentNames, contentLength, bodyLength, keepAlive };
  }

  #nextBody(): ResponseEvent | null {
    if (this.#missingBytes === 0) {
      this.#state = 'idle';
      return END;
    }
    if (this.#queue.length === 0) return null;
    const data = this.#queue.take(Math.min(this.#missingBytes, this.#queue.length));
    this.#missingBytes -= data.length;
    return { type: 'body', data };
  }

  #nextOfChunked(): ResponseEvent | null {
    const event = (this.#chunkedBody as ChunkedBody).next(this.#queue);
    if (event === null || event.type === 'body') return event;
    if (event.type === 'error') return this.#fail(event.error);
    this.#chunkedBody = null;
    this.#state = 'idle';
    return END;
  }

  #fail(error: HttpError): ResponseEvent {
    this.#state = 'failed';
    this.#queue.clear();
    return { type: 'error', error };
  }
}

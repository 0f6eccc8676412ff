// Bytes in, events out: reads the requests of one connection. It does no I/O and has no clock.
//
// A head that lies whole in what has come, as nearly all do, is read as one string, and in the fast way: its field block is compared with
// the connection's previous one, for a client that stays repeats itself. Whatever is unusual there (a part of a head, an error) goes to the
// slow way, line by line, which alone decides what is an error. So the verdict does not depend on how the bytes were split.

import { ByteQueue } from './byte-queue.ts';
import { ChunkedBody } from './chunked-body.ts';
import { HttpError } from './errors.ts';
import { FieldBlock, parseFieldBlock, parseFieldLine } from './field-block.ts';
import { type FieldFacts, factsOf } from './field-facts.ts';
import { latin1Slice } from './latin1.ts';
import { type Leniency, LenientFields } from './leniency.ts';
import { effectiveLimits, type HttpLimits } from './limits.ts';
import { type LineKind, LineReader } from './line-reader.ts';
import type { ParserEvent } from './parser-event.ts';
import { CHUNKED, type RequestHead, requestHead } from './request-head.ts';
import { parseRequestLine, parseRequestLineLeniently, type RequestLine } from './request-line.ts';

/** Heads of browsers have 500 to 2000 bytes. What lies behind a head in the same chunk is not worth being made a string. */
const FAST_HEAD_BYTES = 4096;

/** RFC 9112 2.2: at least one is to be ignored; old clients send it after the body of a POST. */
const IGNORED_EMPTY_LINES = 1;

const REQUEST_LINE: LineKind = { name: 'request line', tooLong: 'request_line_too_long' };
const FIELD_LINE: LineKind = { name: 'field line', tooLong: 'field_too_large' };

/** The first byte of every TLS record of a handshake. */
const TLS_HANDSHAKE = 0x16;

export class RequestParser {
  readonly #limits: HttpLimits;
  readonly #lenient: LenientFields | null;
  readonly #queue = new ByteQueue();
  readonly #lines = new LineReader();
  #state: 'start' | 'fields' | 'body' | 'chunked' | 'closed' | 'failed' = 'start';

  // The head that is being read line by line.
  #emptyLines = 0;
  #requestLine: RequestLine | null = null;
  #names: string[] = [];
  #values: string[] = [];

  // The message that is being read.
  #keepAlive = true;
  #missingBytes = 0;
  #chunkedBody: ChunkedBody | null = null;

  // The field block of the last head that was read in the fast way.
  #blockText = '';
  #block: FieldBlock | null = null;
  #facts: FieldFacts | null = null;

  /** Leniency is for the slow way alone: what needs it is refused by the fast one. */
  constructor(limits: HttpLimits, leniency: Leniency | null = null) {
    this.#limits = effectiveLimits(limits);
    this.#lenient = leniency === null ? null : new LenientFields(leniency, this.#limits.maxFieldBytes);
  }

  /** Hands over bytes as they come. The chunk must not be changed until `detach` is called. */
  push(chunk: Buffer): void {
    if (this.#state === 'failed' || this.#state === 'closed' || chunk.length === 0) return;
    this.#queue.push(chunk);
  }

  /** Lets go of the chunks that were pushed. What follows of a body lies in memory of its own from now on. */
  detach(): void {
    this.#queue.detach();
    this.#chunkedBody?.detach();
  }

  /**
   * The next event, or null when more bytes are needed. Nothing follows an error, and nothing follows the end of a message that does not
   * keep the connection alive: what was or is pushed then is dropped, for it must not be processed (RFC 9112 9.6).
   */
  next(): ParserEvent | null {
    switch (this.#state) {
      case 'start':
      case 'fields':
        return this.#queue.length === 0 ? null : this.#nextHead();
      case 'body':
        return this.#nextBody();
      case 'chunked':
        return this.#nextOfChunked();
      case 'closed':
      case 'failed':
        return null;
    }
  }

  /** Bytes that were pushed and not consumed. */
  get bufferedBytes(): number {
    return this.#queue.length;
  }

  /** What was pushed and not consumed, which is in another protocol: nothing more is read here. */
  takeRest(): Buffer {
    this.#state = 'closed';
    return Buffer.from(this.#queue.take(this.#queue.length));
  }

  /** True between the first byte of a message and its end. */
  get isMidMessage(): boolean {
    return (
      this.#queue.length > 0 ||
      (this.#state !== 'start' && this.#state !== 'closed' && this.#state !== 'failed')
    );
  }

  #nextHead(): ParserEvent | null {
    const head = this.#readWholeHead() ?? this.#readHeadLines();
    if (head === null) return null;
    if (head instanceof HttpError) return this.#fail(head);
    this.#keepAlive = head.keepAlive;
    if (head.bodyLength === 0) this.#endMessage();
    else if (head.bodyLength === CHUNKED) {
      this.#state = 'chunked';
      this.#chunkedBody = new ChunkedBody(this.#limits);
    } else {
      this.#state = 'body';
      this.#missingBytes = head.bodyLength;
    }
    return { type: 'head', head };
  }

  /** The fast way; null when the head has to go the slow one. */
  #readWholeHead(): RequestHead | null {
    if (this.#state !== 'start' || this.#lines.isInsideLine) return null;
    const { bytes, start, end } = this.#queue;
    const text = latin1Slice(bytes, start, Math.min(end, start + FAST_HEAD_BYTES));
    const lastLineEnd = text.indexOf('\r\n\r\n');
    if (lastLineEnd === -1) return null;
    const requestLineEnd = text.indexOf('\r\n');
    if (requestLineEnd > this.#limits.maxRequestLineBytes) return null;
    const line = parseRequestLine(text.slice(0, requestLineEnd));
    if (line instanceof HttpError) return null;

    const blockStart = requestLineEnd + 2;
    const blockEnd = lastLineEnd + 2;
    if (this.#block === null || this.#blockText !== text.slice(blockStart, blockEnd)) {
      // A string of its own: a slice would keep all of `text` alive as long as the connection.
      if (!this.#learnBlock(latin1Slice(bytes, start + blockStart, start + blockEnd))) return null;
    }
    const head = requestHead(line, this.#block as FieldBlock, this.#facts as FieldFacts, this.#limits);
    if (head instanceof HttpError) return null;
    this.#queue.skip(lastLineEnd + 4);
    return head;
  }

  #learnBlock(text: string): boolean {
    const block = parseFieldBlock(text, this.#limits);
    const facts = block === null ? null : factsOf(block);
    if (block === null || facts === null || facts instanceof HttpError) return false;
    this.#blockText = text;
    this.#block = block;
    this.#facts = facts;
    return true;
  }

  /** The slow way: consumes what lines there are, and goes on where it stopped. */
  #readHeadLines(): RequestHead | HttpError | null {
    if (this.#requestLine === null) {
      const line = this.#readRequestLine();
      if (line === null || line instanceof HttpError) return line;
      this.#requestLine = line;
      this.#state = 'fields';
    }
    for (;;) {
      const line = this.#lines.read(this.#queue, FIELD_LINE, this.#limits.maxFieldBytes - 2);
      if (typeof line !== 'string') return line;
      if (line === '') return this.#endHead(this.#requestLine);
      const lenient = this.#lenient;
      if (this.#names.length >= this.#limits.maxFields && !lenient?.continues(line)) {
        return new HttpError('too_many_fields', `at most ${this.#limits.maxFields} are taken`);
      }
      const error =
        lenient === null
          ? parseFieldLine(line, this.#names, this.#values)
          : lenient.parse(line, this.#names, this.#values);
      if (error !== null) return error;
    }
  }

  #readRequestLine(): RequestLine | HttpError | null {
    for (;;) {
      if (this.#queue.bytes[this.#queue.start] === TLS_HANDSHAKE) return new HttpError('tls_handshake');
      const line = this.#lines.read(this.#queue, REQUEST_LINE, this.#limits.maxRequestLineBytes);
      if (typeof line !== 'string') return line;
      if (line !== '') return this.#parseRequestLine(line);
      if (++this.#emptyLines > IGNORED_EMPTY_LINES) return new HttpError('empty_lines');
      if (this.#queue.length === 0) return null;
    }
  }

  #parseRequestLine(line: string): RequestLine | HttpError {
    const strictly = parseRequestLine(line);
    if (this.#lenient === null || !(strictly instanceof HttpError)) return strictly;
    return parseRequestLineLeniently(line, this.#lenient.leniency);
  }

  #endHead(line: RequestLine): RequestHead | HttpError {
    const block = new FieldBlock(this.#names, this.#values);
    this.#names = [];
    this.#values = [];
    this.#requestLine = null;
    const facts = factsOf(block);
    return facts instanceof HttpError ? facts : requestHead(line, block, facts, this.#limits);
  }

  #nextBody(): ParserEvent | null {
    if (this.#missingBytes === 0) {
      this.#endMessage();
      return { type: 'end', trailers: null };
    }
    if (this.#queue.length === 0) return null;
    const data = this.#queue.take(Math.min(this.#missingBytes, this.#queue.length));
    this.#missingBytes -= data.length;
    return { type: 'body', data };
  }

  #nextOfChunked(): ParserEvent | null {
    const event = (this.#chunkedBody as ChunkedBody).next(this.#queue);
    if (event === null) return null;
    if (event.type === 'error') return this.#fail(event.error);
    if (event.type === 'end') this.#endMessage();
    return event;
  }

  #endMessage(): void {
    this.#emptyLines = 0;
    this.#chunkedBody = null;
    this.#state = this.#keepAlive ? 'start' : 'closed';
    if (this.#state === 'closed') this.#queue.clear();
  }

  #fail(error: HttpError): ParserEvent {
    this.#state = 'failed';
    this.#queue.clear();
    return { type: 'error', error };
  }
}

// RFC 9112 7.1. Strict in every byte: sizes with signs, "0x", blanks or overflow, line ends other than CRLF in extensions, and data that
// runs over its chunk have all been ways to smuggle a request.

import type { ByteQueue } from './byte-queue.ts';
import { HttpError, quoted } from './errors.ts';
import { FieldBlock, parseFieldLine } from './field-block.ts';
import type { HttpLimits } from './limits.ts';
import { type LineKind, LineReader } from './line-reader.ts';
import type { ParserEvent } from './parser-event.ts';
import { isForbiddenTrailer } from './trailers.ts';

const CR = 0x0d;
const LF = 0x0a;

/** Size and extensions. Signatures of about 100 bytes are the largest extensions in use; Node allows 16 KiB, which only attackers need. */
const MAX_CHUNK_LINE_BYTES = 256;

/** Data of chunks smaller than this is joined with what has come behind it: some send single bytes, and each piece costs its taker hundreds. */
const SMALL_BYTES = 1024;
const JOINED = Buffer.allocUnsafeSlow(16_384);

const CHUNK_LINE: LineKind = { name: 'chunk-size line', tooLong: 'chunk_extensions_too_large' };
const TRAILER_LINE: LineKind = { name: 'trailer line', tooLong: 'field_too_large' };

/** Twelve digits are 2^48 and safe in a number. */
const CHUNK_SIZE = /^[0-9A-Fa-f]{1,12}$/;
/** Names with optional values, tokens or quoted strings. The optional blanks of the grammar are "bad whitespace", and refused. */
const CHUNK_EXTENSIONS =
  /^(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)+$/;

/** Something was consumed that is no event in itself. */
const PROGRESS = Symbol('progress');
type BodyEvent = Extract<ParserEvent, { readonly type: 'body' }>;
/** Null: more bytes are needed. */
type Step = ParserEvent | HttpError | typeof PROGRESS | null;

/** Reads one chunked body, from its first size line to the empty line after its trailers. */
export class ChunkedBody {
  readonly #limits: HttpLimits;
  readonly #lines = new LineReader();
  #state: 'size' | 'data' | 'data-end' | 'trailers' = 'size';
  /** Of the current chunk. */
  #missingBytes = 0;
  #bodyBytes = 0;
  /** What follows the piece that was given last. */
  #following: ParserEvent | null = null;
  #trailerBytes = 0;
  readonly #trailerNames: string[] = [];
  readonly #trailerValues: string[] = [];

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  /** The next `body`, `end` or `error`; null when more bytes are needed. */
  next(queue: ByteQueue): ParserEvent | null {
    const event = this.#following ?? this.#read(queue);
    this.#following = null;
    return event?.type === 'body' && event.data.length < SMALL_BYTES ? this.#joined(event, queue) : event;
  }

  /** Lets go of the chunks that were pushed. */
  detach(): void {
    const following = this.#following;
    if (following?.type === 'body') this.#following = { type: 'body', data: Buffer.from(following.data) };
  }

  /** A small piece, and as many behind it as have come. */
  #joined(first: BodyEvent, queue: ByteQueue): BodyEvent {
    let bytes = first.data.length;
    let isJoined = false;
    for (;;) {
      const next = this.#read(queue);
      if (next?.type !== 'body' || bytes + next.data.length > JOINED.length) {
        this.#following = next;
        return isJoined ? { type: 'body', data: Buffer.from(JOINED.subarray(0, bytes)) } : first;
      }
      if (!isJoined) JOINED.set(first.data);
      isJoined = true;
      JOINED.set(next.data, bytes);
      bytes += next.data.length;
    }
  }

  #read(queue: ByteQueue): ParserEvent | null {
    for (;;) {
      const step = this.#step(queue);
      if (step === PROGRESS) continue;
      return step instanceof HttpError ? { type: 'error', error: step } : step;
    }
  }

  #step(queue: ByteQueue): Step {
    if (queue.length === 0) return null;
    switch (this.#state) {
      case 'size':
        return this.#readSize(queue);
      case 'data':
        return this.#readData(queue);
      case 'data-end':
        return this.#readDataEnd(queue);
      case 'trailers':
        return this.#readTrailer(queue);
    }
  }

  #readSize(queue: ByteQueue): Step {
    const line = this.#lines.read(queue, CHUNK_LINE, MAX_CHUNK_LINE_BYTES);
    if (typeof line !== 'string') return line;
    const size = parseChunkLine(line);
    if (size instanceof HttpError) return size;
    this.#bodyBytes += size;
    if (this.#bodyBytes > this.#limits.maxBodyBytes) {
      return new HttpError('body_too_large', `at most ${this.#limits.maxBodyBytes} bytes are taken`);
    }
    this.#missingBytes = size;
    this.#state = size === 0 ? 'trailers' : 'data';
    return PROGRESS;
  }

  #readData(queue: ByteQueue): ParserEvent {
    const data = queue.take(Math.min(this.#missingBytes, queue.length));
    this.#missingBytes -= data.length;
    if (this.#missingBytes === 0) this.#state = 'data-end';
    return { type: 'body', data };
  }

  #readDataEnd(queue: ByteQueue): Step {
    const { bytes, start } = queue;
    if (bytes[start] !== CR) return new HttpError('missing_chunk_end');
    if (queue.length === 1) return null;
    if (bytes[start + 1] !== LF) return new HttpError('missing_chunk_end');
    queue.skip(2);
    this.#state = 'size';
    return PROGRESS;
  }

  #readTrailer(queue: ByteQueue): Step {
    const names = this.#trailerNames;
    const { maxFieldBytes, maxTrailerBytes = Number.MAX_SAFE_INTEGER } = this.#limits;
    const line = this.#lines.read(queue, TRAILER_LINE, maxFieldBytes - 2);
    if (typeof line !== 'string') return line;
    this.#trailerBytes += line.length + 2;
    if (this.#trailerBytes > maxTrailerBytes) {
      return new HttpError('field_too_large', `the trailers have more than ${maxTrailerBytes} bytes`);
    }
    if (line === '') {
      return {
        type: 'end',
        trailers: names.length === 0 ? null : new FieldBlock(names, this.#trailerValues),
      };
    }
    if (names.length >= this.#limits.maxFields) {
      return new HttpError('too_many_fields', `at most ${this.#limits.maxFields} trailers are taken`);
    }
    const error = parseFieldLine(line, names, this.#trailerValues);
    if (error !== null) return error;
    const name = names.at(-1) as string;
    return isForbiddenTrailer(name) ? new HttpError('forbidden_trailer', quoted(name)) : PROGRESS;
  }
}

function parseChunkLine(line: string): number | HttpError {
  if (CHUNK_SIZE.test(line)) return Number.parseInt(line, 16);
  const semicolon = line.indexOf(';');
  const digits = semicolon === -1 ? line : line.slice(0, semicolon);
  if (!CHUNK_SIZE.test(digits)) return new HttpError('bad_chunk_size', quoted(line));
  const extensions = line.slice(semicolon);
  if (!CHUNK_EXTENSIONS.test(extensions)) return new HttpError('bad_chunk_extension', quoted(extensions));
  return Number.parseInt(digits, 16);
}

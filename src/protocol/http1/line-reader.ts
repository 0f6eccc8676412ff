// Lines end in CRLF and nothing else. RFC 9112 2.2 lets a recipient take a bare LF for a line end; peers disagree about that, and about
// bare CR and NUL, and every disagreement is a way to smuggle a request past one of them. So all three are refused, wherever they stand.

import type { ByteQueue } from './byte-queue.ts';
import { HttpError, type HttpErrorCode } from './errors.ts';
import { latin1Slice } from './latin1.ts';

const HT = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const DEL = 0x7f;

/** What a line is, for the messages, and what to answer when it is too long. */
export interface LineKind {
  readonly name: string;
  readonly tooLong: HttpErrorCode;
}

/**
 * Takes line after line off a queue. Remembers how far an unfinished line was looked at, so each byte is looked at once; and refuses it at
 * its first bad byte, or its first byte too many, so that the verdict is the same however the bytes were split.
 */
export class LineReader {
  /** Bytes of the unfinished line that were looked at. */
  #scannedBytes = 0;

  get isInsideLine(): boolean {
    return this.#scannedBytes > 0;
  }

  /** The next line without its CRLF, as latin-1; null when more bytes are needed. */
  read(queue: ByteQueue, kind: LineKind, maxLineBytes: number): string | HttpError | null {
    const { bytes, start, end } = queue;
    const lastAllowed = start + maxLineBytes;
    let position = start + this.#scannedBytes;
    for (; position < end; position++) {
      const byte = bytes[position] as number;
      if ((byte >= SP && byte !== DEL) || byte === HT) {
        if (position < lastAllowed) continue;
        return new HttpError(kind.tooLong, `the ${kind.name} has more than ${maxLineBytes} bytes`);
      }
      if (byte !== CR) return badByte(byte, position - start, kind);
      // Whether this CR is good or bare, the next byte tells.
      if (position + 1 === end) break;
      if (bytes[position + 1] !== LF) return badByte(CR, position - start, kind);
      const line = latin1Slice(bytes, start, position);
      this.#scannedBytes = 0;
      queue.skip(position + 2 - start);
      return line;
    }
    this.#scannedBytes = position - start;
    return null;
  }
}

function badByte(byte: number, offset: number, kind: LineKind): HttpError {
  const code = byte === CR ? 'bare_cr' : byte === LF ? 'bare_lf' : 'control_character';
  return new HttpError(
    code,
    `0x${byte.toString(16).padStart(2, '0')} at offset ${offset} of the ${kind.name}`,
  );
}

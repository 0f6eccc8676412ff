// Reads the PROXY protocol's header off the beginning of a connection. Bytes in, values out; it does no I/O and has no clock.
//
// As in Gunicorn, a connection without a header is plain HTTP. The only request that could be taken for a header is one whose method is PROXY.

import { HttpError } from '../http1/errors.ts';
import { latin1Slice } from '../http1/latin1.ts';
import type { ProxyHeader } from './proxy-header.ts';
import { parseVersion1 } from './version-1.ts';
import { parseVersion2, parseVersion2Start, type Version2Start } from './version-2.ts';

export type ProxyMode = 'v1' | 'v2' | 'auto';

const VERSION_1_START = Buffer.from('PROXY ');
/** With its CRLF; the specification's number, and what two IPv6 addresses need. */
const VERSION_1_BYTES = 107;
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const VERSION_2_START_BYTES = SIGNATURE.length + 4;
const CR = 0x0d;
const LF = 0x0a;

/** What there was: a header or, with null, none; and the bytes behind it. */
export interface ProxyReading {
  readonly header: ProxyHeader | null;
  readonly rest: Buffer;
}

export class ProxyReader {
  readonly #mode: ProxyMode;
  readonly #isAllowed: boolean;
  /** Bytes that came and do not decide anything yet: at most the part of a header that is looked at. */
  #held: Buffer = Buffer.alloc(0);
  #header: ProxyHeader | null = null;
  /** What is still to be skipped behind `#header`. */
  #missingBytes = 0;

  /** `isAllowed`: whether this peer may send a header at all. */
  constructor(mode: ProxyMode, isAllowed: boolean) {
    this.#mode = mode;
    this.#isAllowed = isAllowed;
  }

  /** Something of a header has come, and not all. */
  get isInside(): boolean {
    return this.#held.length > 0 || this.#header !== null;
  }

  /** Takes bytes as they come; null: more are needed. To be called no more once it has answered. */
  read(chunk: Buffer): ProxyReading | HttpError | null {
    if (this.#header !== null) return this.#skip(this.#header, chunk);
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const reading = this.#readHeader(bytes);
    if (reading === null && this.#header === null) this.#held = bytes;
    return reading;
  }

  #readHeader(bytes: Buffer): ProxyReading | HttpError | null {
    const isVersion1 = this.#mode !== 'v2' && beginAlike(bytes, VERSION_1_START);
    const isVersion2 = this.#mode !== 'v1' && beginAlike(bytes, SIGNATURE);
    if (!isVersion1 && !isVersion2) return { header: null, rest: bytes };
    const start = isVersion1 ? VERSION_1_START : SIGNATURE;
    if (bytes.length < start.length) return null;
    if (!this.#isAllowed) return new HttpError('proxy_header_forbidden');
    return isVersion1 ? this.#readVersion1(bytes) : this.#readVersion2(bytes);
  }

  #readVersion1(bytes: Buffer): ProxyReading | HttpError | null {
    const line = bytes.subarray(0, VERSION_1_BYTES);
    const end = line.indexOf(LF);
    if (end === -1) {
      return line.length < VERSION_1_BYTES
        ? null
        : new HttpError('bad_proxy_header', `no line end within ${VERSION_1_BYTES} bytes`);
    }
    if (line[end - 1] !== CR) return new HttpError('bad_proxy_header', 'its line does not end in CRLF');
    const header = parseVersion1(latin1Slice(line, 0, end - 1));
    return header instanceof HttpError ? header : { header, rest: bytes.subarray(end + 1) };
  }

  #readVersion2(bytes: Buffer): ProxyReading | HttpError | null {
    if (bytes.length < VERSION_2_START_BYTES) return null;
    const start = parseVersion2Start(bytes.subarray(SIGNATURE.length, VERSION_2_START_BYTES));
    if (start instanceof HttpError) return start;
    return this.#readEndpoints(start, bytes.subarray(VERSION_2_START_BYTES));
  }

  #readEndpoints(start: Version2Start, bytes: Buffer): ProxyReading | null {
    if (bytes.length < start.endpointBytes) return null;
    this.#header = parseVersion2(start, bytes.subarray(0, start.endpointBytes));
    this.#missingBytes = start.byteCount - start.endpointBytes;
    return this.#skip(this.#header, bytes.subarray(start.endpointBytes));
  }

  #skip(header: ProxyHeader, bytes: Buffer): ProxyReading | null {
    const skipped = Math.min(this.#missingBytes, bytes.length);
    this.#missingBytes -= skipped;
    return this.#missingBytes > 0 ? null : { header, rest: bytes.subarray(skipped) };
  }
}

/** As far as both go. */
function beginAlike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

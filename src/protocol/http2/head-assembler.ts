import { ERROR, FLAG, readUint31, type Violation } from './frames.ts';

const PRIORITY_BYTES = 5;

/** Nobody sends a head in more frames; each costs a look at it, however small it is (CVE-2024-27316). */
const MAX_CONTINUATIONS = 64;

/** Of a HEADERS frame's payload: its field block. */
export interface Fragment {
  readonly start: number;
  readonly end: number;
}

/** RFC 9113 6.2: without padding and priority. */
export function fragmentOf(
  flags: number,
  streamId: number,
  bytes: Buffer,
  start: number,
  end: number,
): Fragment | Violation {
  let [first, afterLast] = [start, end];
  if ((flags & FLAG.padded) !== 0) {
    if (first === end) return { code: ERROR.frameSize, reason: 'a padded frame does not say by how much' };
    afterLast -= bytes[first] as number;
    first += 1;
  }
  if ((flags & FLAG.priority) !== 0) {
    if (first + PRIORITY_BYTES > end)
      return { code: ERROR.frameSize, reason: 'a HEADERS frame is too short' };
    if (readUint31(bytes, first) === streamId) {
      return { code: ERROR.protocol, reason: 'a stream depends on itself' };
    }
    first += PRIORITY_BYTES;
  }
  return first <= afterLast
    ? { start: first, end: afterLast }
    : { code: ERROR.protocol, reason: 'the padding of a frame is longer than the frame' };
}

/** A field block that comes in several frames. */
export class HeadAssembler {
  readonly streamId: number;
  readonly endsStream: boolean;
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(streamId: number, endsStream: boolean, maxBytes: number) {
    this.streamId = streamId;
    this.endsStream = endsStream;
    this.#maxBytes = maxBytes;
  }

  /** False: it has become too large, or is in too many pieces. The bytes are copied. */
  add(bytes: Buffer, start: number, end: number): boolean {
    this.#parts.push(Buffer.from(bytes.subarray(start, end)));
    this.#bytes += end - start;
    return this.#bytes <= this.#maxBytes && this.#parts.length <= MAX_CONTINUATIONS + 1;
  }

  whole(): Buffer {
    return Buffer.concat(this.#parts, this.#bytes);
  }
}

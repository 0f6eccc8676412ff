import { HEADER_BYTES } from './frames.ts';

/** What a FrameReader calls. Buffers are valid during the call only for `begin` and `more`; copy what is kept. */
export interface FrameSink {
  /**
   * A frame's header and its first `a`-bytes part have come (for frames other than RESPONSE: the header).
   * `start..end` of `bytes` is the payload so far; `isWhole` tells whether that is all of it.
   */
  frame(
    kind: number,
    flags: number,
    id: number,
    a: number,
    b: number,
    bytes: Buffer,
    start: number,
    end: number,
    isWhole: boolean,
  ): void;
  /** More of the payload of the frame that was begun last. */
  more(bytes: Buffer, start: number, end: number, isLast: boolean): void;
}

/**
 * Cuts a byte stream into frames. A large payload is handed on as it comes and never assembled: the reader
 * holds no more than a header and the part that a frame must have whole.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  /** Frames whose payload must be whole before the sink sees it: small ones. */
  readonly #isAtomic: (kind: number, flags: number) => boolean;
  #held: Buffer | null = null;
  #remaining = 0;

  constructor(sink: FrameSink, isAtomic: (kind: number, flags: number) => boolean) {
    this.#sink = sink;
    this.#isAtomic = isAtomic;
  }

  push(chunk: Buffer): void {
    let bytes = chunk;
    let at = 0;
    if (this.#remaining > 0) {
      at = Math.min(this.#remaining, bytes.length);
      this.#remaining -= at;
      this.#sink.more(bytes, 0, at, this.#remaining === 0);
    } else if (this.#held !== null) {
      bytes = Buffer.concat([this.#held, bytes]);
      this.#held = null;
    }
    while (at < bytes.length) {
      const available = bytes.length - at;
      if (available < HEADER_BYTES) break;
      const length = bytes.readUInt32LE(at);
      const kind = bytes[at + 4] as number;
      const flags = bytes[at + 5] as number;
      const a = bytes.readUInt32LE(at + 12);
      const needed = HEADER_BYTES + (this.#isAtomic(kind, flags) ? length : Math.min(a, length));
      if (available < needed) break;
      const start = at + HEADER_BYTES;
      const end = Math.min(start + length, bytes.length);
      const isWhole = end - start === length;
      this.#remaining = length - (end - start);
      at = end;
      this.#sink.frame(
        kind,
        flags,
        bytes.readUInt32LE(start - 12),
        a,
        bytes.readUInt32LE(start - 4),
        bytes,
        start,
        end,
        isWhole,
      );
    }
    if (at < bytes.length) this.#held = at === 0 ? bytes : bytes.subarray(at);
  }
}

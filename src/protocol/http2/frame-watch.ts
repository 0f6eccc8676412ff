// Frames of a client, as far as nghttp2 forgives what RFC 9113 wants to be an error: it remembers no stream that is over, and so ignores
// whatever comes for one; and newer ones do not look at priorities any more.

export type Violation =
  | { readonly code: 1; readonly reason: 'a stream has a lower number than one before it' }
  | { readonly code: 1; readonly reason: 'a priority is for no stream, or depends on itself' }
  | { readonly code: 3; readonly reason: 'the window is larger than 2^31-1' }
  | { readonly code: 5; readonly reason: 'a stream goes on after its end' };

export interface Watched {
  /** What is for nghttp2, in its order. */
  readonly pieces: readonly Buffer[];
  /** RST_STREAM frames for the client. */
  readonly resets: readonly Buffer[];
  /** What ends the connection, behind that; null: nothing. */
  readonly violation: Violation | null;
}

const PREFACE_BYTES = 24;
const HEADER_BYTES = 9;
const MAX_WINDOW = 2 ** 31 - 1;
const FIRST_WINDOW = 65_535;
/** So many streams are remembered; what comes for older ones is ignored as ever. */
const REMEMBERED = 512;

const FRAME = { data: 0, headers: 1, priority: 2, reset: 3, ping: 6, windowUpdate: 8 } as const;
const END_STREAM = 1;
const ACK = 1;

const FLOW_CONTROL_ERROR = 3;

const STREAM_CLOSED: Violation = { code: 5, reason: 'a stream goes on after its end' };
const LOWER_NUMBER: Violation = { code: 1, reason: 'a stream has a lower number than one before it' };
const PRIORITY: Violation = { code: 1, reason: 'a priority is for no stream, or depends on itself' };
const WINDOW: Violation = { code: 3, reason: 'the window is larger than 2^31-1' };

export class FrameWatch {
  /** Of the payload that is being passed on; first of all, the preface's. */
  #left = PREFACE_BYTES;
  #drops = false;
  /** The beginning of a frame, of which more is needed to tell what it is. */
  #held: Buffer = Buffer.alloc(0);
  /** Whether the client has ended them, the newest last. */
  readonly #streams = new Map<number, boolean>();
  #highest = 0;
  /** Streams up to here are forgotten. */
  #forgotten = 0;
  /** What the client may be sent by all that it has said, were nothing sent. */
  #granted = FIRST_WINDOW;
  /** The same of single streams, beside their first window. */
  readonly #streamGranted = new Map<number, number>();

  /** @param sentBytes all that the client was sent so far, data or not */
  read(chunk: Buffer, sentBytes: number): Watched {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const pieces: Buffer[] = [];
    const resets: Buffer[] = [];
    let from = 0;
    let at = 0;
    let violation: Violation | null = null;
    for (;;) {
      const passed = Math.min(this.#left, bytes.length - at);
      this.#left -= passed;
      at += passed;
      if (this.#drops) from = at;
      if (this.#left > 0 || bytes.length - at < HEADER_BYTES) break;
      const length = bytes.readUIntBE(at, 3);
      const type = bytes[at + 3] as number;
      const flags = bytes[at + 4] as number;
      const stream = bytes.readUInt32BE(at + 5) & MAX_WINDOW;
      // Nobody has sent one that this would be the answer to. RFC 9113 6.7 has it ignored.
      this.#drops = type === FRAME.ping && (flags & ACK) !== 0 && length === 8 && stream === 0;
      let reset: Buffer | null = null;
      const isWindowUpdate = type === FRAME.windowUpdate && length === 4;
      if (isWindowUpdate || (type === FRAME.priority && length === 5)) {
        if (bytes.length - at < HEADER_BYTES + length) break;
        const word = bytes.readUInt32BE(at + HEADER_BYTES) & MAX_WINDOW;
        if (!isWindowUpdate) violation = stream === word || stream === 0 ? PRIORITY : null;
        else if (stream === 0) violation = this.#grant(word, sentBytes);
        else reset = this.#grantStream(stream, word, sentBytes);
      } else {
        violation = this.#note(type, flags, stream);
      }
      if (violation !== null) break;
      this.#drops ||= reset !== null;
      if (this.#drops && at > from) pieces.push(bytes.subarray(from, at));
      if (reset !== null) {
        // To nghttp2 it is the client who gives the stream up.
        pieces.push(reset);
        resets.push(reset);
      }
      at += HEADER_BYTES;
      this.#left = length;
    }
    if (at > from) pieces.push(from === 0 && at === bytes.length ? bytes : bytes.subarray(from, at));
    this.#held = bytes.subarray(at);
    return { pieces, resets, violation };
  }

  #note(type: number, flags: number, stream: number): Violation | null {
    switch (type) {
      case FRAME.headers:
        return this.#noteHead(stream, (flags & END_STREAM) !== 0);
      case FRAME.data:
        return this.#noteMore(stream, (flags & END_STREAM) !== 0);
      case FRAME.reset:
        if (this.#streams.has(stream)) this.#streams.set(stream, true);
        return null;
      default:
        return null;
    }
  }

  #noteHead(stream: number, isEnd: boolean): Violation | null {
    if (stream <= this.#highest) {
      const isSkipped = stream > this.#forgotten && !this.#streams.has(stream);
      return isSkipped && stream % 2 === 1 ? LOWER_NUMBER : this.#noteMore(stream, isEnd);
    }
    this.#highest = stream;
    this.#streams.set(stream, isEnd);
    if (this.#streams.size > REMEMBERED) {
      this.#forgotten = this.#streams.keys().next().value ?? 0;
      this.#streams.delete(this.#forgotten);
      this.#streamGranted.delete(this.#forgotten);
    }
    return null;
  }

  #noteMore(stream: number, isEnd: boolean): Violation | null {
    const hasEnded = this.#streams.get(stream);
    if (hasEnded === true) return STREAM_CLOSED;
    if (hasEnded === false && isEnd) this.#streams.set(stream, true);
    return null;
  }

  /** RFC 9113 6.9.1: that of a stream ends it alone. */
  #grantStream(stream: number, bytes: number, sentBytes: number): Buffer | null {
    if (!this.#streams.has(stream)) return null;
    const granted = (this.#streamGranted.get(stream) ?? 0) + bytes;
    this.#streamGranted.set(stream, granted);
    return granted - sentBytes > MAX_WINDOW ? resetFrame(stream, FLOW_CONTROL_ERROR) : null;
  }

  /** What was sent is less than `sentBytes`: it is an error where even so there is more than can be. */
  #grant(bytes: number, sentBytes: number): Violation | null {
    this.#granted += bytes;
    return this.#granted - sentBytes > MAX_WINDOW ? WINDOW : null;
  }
}

function resetFrame(stream: number, code: number): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + 4);
  frame.writeUIntBE(4, 0, 3);
  frame[3] = FRAME.reset;
  frame.writeUInt32BE(stream, 5);
  frame.writeUInt32BE(code, HEADER_BYTES);
  return frame;
}

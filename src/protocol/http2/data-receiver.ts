import { ERROR, FIRST_WINDOW_BYTES, FLAG, MAX_WINDOW_BYTES, type Violation } from './frames.ts';
import type { Sender } from './sender.ts';
import type { Stream } from './stream.ts';

const TOO_MUCH: Violation = { code: ERROR.flowControl, reason: 'more data than the window allows' };
const TOO_LONG: Violation = { code: ERROR.protocol, reason: 'a body is not as long as its Content-Length' };

/** Smaller pieces are put together with what has come behind them: each costs its taker as much as hundreds of bytes, and a client may send single ones. */
const SMALL_BYTES = 1024;
/** Up to this. */
const JOINED_BYTES = 4096;

/** What clients send in DATA frames, and how much of it they may (RFC 9113 5.2). */
export class DataReceiver {
  readonly #sender: Sender;
  readonly #initialWindow: number;
  /** Of the connection: what it was granted, and what is left of that. */
  readonly #window: number;
  #windowLeft = FIRST_WINDOW_BYTES;
  /** Whose frame it is; null: nobody's any more. */
  #stream: Stream | null = null;
  /** What of the frame is no data. */
  #paddingBytes = 0;
  /** Streams that are read, and have been kept waiting for what may have come behind small pieces. */
  #late: Stream[] = [];

  /** @param initialWindow of a stream */
  constructor(sender: Sender, initialWindow: number, maxStreams: number) {
    this.#sender = sender;
    this.#initialWindow = initialWindow;
    // It holds those of all its streams: one whose body waits never holds up the others.
    this.#window = Math.min(MAX_WINDOW_BYTES, Math.max(FIRST_WINDOW_BYTES, initialWindow * maxStreams));
  }

  /** What a new stream may be sent: a client that has not heard of a smaller window yet goes by the first one. */
  get streamWindow(): number {
    return Math.max(this.#initialWindow, FIRST_WINDOW_BYTES);
  }

  /** Of the connection. Streams have windows of their own: what was read of any, also where nobody wants it, is granted anew. */
  grantConnection(): void {
    const granted = this.#window - this.#windowLeft;
    if (granted === 0) return;
    this.#windowLeft = this.#window;
    this.#sender.grant(0, granted);
  }

  /** Every frame is counted, whosesoever it is. */
  count(payloadBytes: number): Violation | null {
    this.#stream = null;
    this.#windowLeft -= payloadBytes;
    if (this.#windowLeft < 0) return TOO_MUCH;
    if (this.#windowLeft < this.#window / 2) this.grantConnection();
    return null;
  }

  /** The frame is this one's. Returns what is wrong with the stream, or null. */
  begin(stream: Stream, payloadBytes: number): Violation | null {
    if (payloadBytes > stream.receiveWindow) return TOO_MUCH;
    stream.receiveWindow -= payloadBytes;
    this.#stream = stream;
    this.#paddingBytes = payloadBytes;
    return null;
  }

  /** Whose data comes now; null: nobody's. */
  get stream(): Stream | null {
    if (this.#stream?.isClosed === true) this.#stream = null;
    return this.#stream;
  }

  /** `isLent`: the bytes change after this returns. */
  take(stream: Stream, bytes: Buffer, isLent: boolean): Violation | null {
    stream.receivedBytes += bytes.length;
    this.#paddingBytes -= bytes.length;
    if (stream.declaredBytes >= 0 && stream.receivedBytes > stream.declaredBytes) return TOO_LONG;
    const isSmall = bytes.length < SMALL_BYTES;
    if (!isSmall) this.#handHeld(stream);
    // Whoever was handed what came before may have had enough.
    if (stream.isClosed) return null;
    if (stream.isRead && !isSmall) {
      this.#hand(stream, bytes, isLent);
    } else {
      if (stream.isRead && stream.held.length === 0) this.#late.push(stream);
      hold(stream.held, bytes);
    }
    return null;
  }

  /** Nothing more has come. */
  handLate(): void {
    if (this.#late.length === 0) return;
    const late = this.#late;
    this.#late = [];
    for (const stream of late) this.#handHeld(stream);
  }

  /** The frame's end. Nothing of its stream is kept for the next, which may be hours away. */
  finish(stream: Stream, flags: number): Violation | null {
    this.#stream = null;
    if ((flags & FLAG.endStream) !== 0) return this.finishStream(stream);
    this.grant(stream, this.#paddingBytes);
    return null;
  }

  /** Nothing more comes. Whether that has been said to the taker by then, is for `read`. */
  finishStream(stream: Stream): Violation | null {
    if (stream.declaredBytes >= 0 && stream.receivedBytes !== stream.declaredBytes) return TOO_LONG;
    stream.hasEnded = true;
    if (stream.isRead) this.read(stream);
    return null;
  }

  /** Data is wanted, also what came before. */
  read(stream: Stream): void {
    stream.isRead = true;
    this.#handHeld(stream);
    if (stream.isRead && !stream.isClosed && stream.hasEnded) this.#tellEnd(stream);
  }

  #handHeld(stream: Stream): void {
    while (stream.isRead && !stream.isClosed) {
      const bytes = stream.held.shift();
      if (bytes === undefined) break;
      this.#hand(stream, bytes, hasRoom(bytes) && 2 * bytes.length < JOINED_BYTES);
    }
  }

  #hand(stream: Stream, bytes: Buffer, isCopied: boolean): void {
    stream.taker?.takeData(isCopied ? Buffer.from(bytes) : bytes);
    this.grant(stream, bytes.length);
  }

  #tellEnd(stream: Stream): void {
    if (stream.isEndTold) return;
    stream.isEndTold = true;
    stream.taker?.takeEnd();
  }

  /** So many bytes have been taken. */
  grant(stream: Stream, bytes: number): void {
    if (stream.isClosed || stream.hasEnded) return;
    stream.ungranted += bytes;
    if (stream.ungranted === 0 || stream.ungranted < this.#initialWindow / 2) return;
    stream.receiveWindow += stream.ungranted;
    this.#sender.grant(stream.id, stream.ungranted);
    stream.ungranted = 0;
  }
}

/** Copied: a few bytes must not keep the chunk alive in which they came. */
function hold(held: Buffer[], bytes: Buffer): void {
  const last = held.at(-1);
  const end = (last?.length ?? 0) + bytes.length;
  if (last === undefined || end > JOINED_BYTES) held.push(Buffer.from(bytes));
  else held[held.length - 1] = joined(last, bytes, end);
}

function joined(last: Buffer, bytes: Buffer, end: number): Buffer {
  const block = hasRoom(last) ? last.buffer : Buffer.allocUnsafeSlow(JOINED_BYTES).buffer;
  const longer = Buffer.from(block, 0, end);
  if (block !== last.buffer) longer.set(last);
  longer.set(bytes, last.length);
  return longer;
}

/** It is the beginning of a block in which nothing follows it. */
function hasRoom(piece: Buffer): boolean {
  return piece.buffer.byteLength === JOINED_BYTES;
}

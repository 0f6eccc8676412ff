import {
  type ErrorCode,
  FIRST_WINDOW_BYTES,
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  MAX_WINDOW_BYTES,
  MIN_MAX_FRAME_BYTES,
  writeFrameHeader,
  writeUint32,
} from './frames.ts';
import { HeadEncoder } from './head-encoder.ts';
import { OutBuffer, type Slabs } from './out-buffer.ts';
import type { Queued, Stream } from './stream.ts';

/** Data is queued in front of this, not behind: what is behind can be given up, overtaken and interleaved. */
const MAX_OUTSTANDING_BYTES = 131_072;

/** Nobody is sent larger ones, so that streams take turns: what every client takes, and a record of TLS. */
const MAX_FRAME_BYTES = MIN_MAX_FRAME_BYTES;

const SETTING_BYTES = 6;

/** Less at the end of a slab is not worth a frame. */
const MIN_SPLIT_BYTES = 1024;

/** To whom a stack would tell nothing. */
const GONE = new Error('the stream has ended');

export interface SenderEvents {
  /** There is something to be written. */
  outputBegun(): void;
  /** The stream's last byte is on its way. */
  streamSent(stream: Stream): void;
}

/** Writes frames: those of the connection at once, data as fast as the client's windows and the socket allow, a frame of each stream in turn. */
export class Sender {
  readonly output: OutBuffer;
  readonly heads = new HeadEncoder();
  readonly #events: SenderEvents;
  /** What the connection may still send. */
  #window = FIRST_WINDOW_BYTES;
  /** Of new streams. */
  initialWindow = FIRST_WINDOW_BYTES;
  /** Streams that have something to send, and a window to send it in. */
  #round: Stream[] = [];
  #isPumping = false;
  /** Of data, on all streams. */
  sentBytes = 0;

  constructor(slabs: Slabs, events: SenderEvents) {
    this.output = new OutBuffer(slabs, () => events.outputBegun());
    this.#events = events;
  }

  // --- of the connection ---

  settings(values: readonly (readonly [setting: number, value: number])[]): void {
    const { output } = this;
    const to = this.#frame(values.length * SETTING_BYTES, FRAME.settings, 0, 0);
    for (const [setting, value] of values) {
      to[output.at] = 0;
      to[output.at + 1] = setting;
      output.at = writeUint32(to, output.at + 2, value);
    }
  }

  /** Clients go by their new SETTINGS from here on: what these allow is sent behind it. */
  acknowledgeSettings(): void {
    this.#frame(0, FRAME.settings, FLAG.ack, 0);
    this.pump();
  }

  acknowledgePing(bytes: Buffer, start: number, end: number): void {
    const to = this.#frame(end - start, FRAME.ping, FLAG.ack, 0);
    this.output.at += bytes.copy(to, this.output.at, start, end);
  }

  /** `streamId` 0: that of the connection. */
  grant(streamId: number, bytes: number): void {
    const to = this.#frame(4, FRAME.windowUpdate, 0, streamId);
    this.output.at = writeUint32(to, this.output.at, bytes);
  }

  reset(streamId: number, code: ErrorCode): void {
    const to = this.#frame(4, FRAME.reset, 0, streamId);
    this.output.at = writeUint32(to, this.output.at, code);
  }

  goAway(lastStreamId: number, code: ErrorCode, reason: string): void {
    const to = this.#frame(8 + reason.length, FRAME.goAway, 0, 0);
    const at = writeUint32(to, writeUint32(to, this.output.at, lastStreamId), code);
    this.output.at = at + to.write(reason, at, 'latin1');
  }

  #frame(payloadBytes: number, type: number, flags: number, streamId: number): Buffer {
    const { output } = this;
    const to = output.reserve(FRAME_HEADER_BYTES + payloadBytes);
    output.at = writeFrameHeader(to, output.at, payloadBytes, type, flags, streamId);
    return to;
  }

  // --- heads ---

  /** A block of fields, in as many frames as it takes. */
  head(streamId: number, block: Buffer, isEnd: boolean): void {
    const flags = isEnd ? FLAG.endStream : 0;
    const first = Math.min(block.length, MAX_FRAME_BYTES);
    const isWhole = first === block.length;
    this.#copy(block, 0, first, FRAME.headers, flags | (isWhole ? FLAG.endHeaders : 0), streamId);
    for (let start = first; start < block.length; ) {
      const end = Math.min(block.length, start + MAX_FRAME_BYTES);
      this.#copy(block, start, end, FRAME.continuation, end === block.length ? FLAG.endHeaders : 0, streamId);
      start = end;
    }
  }

  #copy(bytes: Buffer, start: number, end: number, type: number, flags: number, streamId: number): void {
    const to = this.#frame(end - start, type, flags, streamId);
    to.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.output.at);
    this.output.at += end - start;
  }

  // --- data ---

  /** The whole of it, and the stream's end, where it can be sent at once: false, where not. @param body latin-1, or bytes */
  sendAtOnce(stream: Stream, body: string | Buffer): boolean {
    const { length } = body;
    if (length > MAX_FRAME_BYTES || length > this.#window || length > stream.sendWindow) return false;
    if (stream.isClosed || this.#round.length > 0 || this.output.bytes > MAX_OUTSTANDING_BYTES) return false;
    const to = this.#frame(length, FRAME.data, FLAG.endStream, stream.id);
    if (typeof body === 'string') to.write(body, this.output.at, 'latin1');
    else to.set(body, this.output.at);
    this.output.at += length;
    this.#countSent(length);
    this.#events.streamSent(stream);
    return true;
  }

  /** `bytes` stay as they are until they are taken. */
  send(stream: Stream, bytes: Buffer, taken: ((error: Error | null) => void) | null): void {
    if (stream.isClosed || bytes.length === 0) {
      taken?.(stream.isClosed ? GONE : null);
      return;
    }
    stream.queue.push({ bytes, taken });
    stream.queuedBytes += bytes.length;
    this.#join(stream);
    this.pump();
  }

  /** What waits comes back, but for so many bytes. null: there are no more. Nobody may wait for any of it to be taken. */
  takeBack(stream: Stream, keptBytes: number): Buffer | null {
    if (stream.queuedBytes <= keptBytes) return null;
    const queued = Buffer.concat(stream.queue.map(({ bytes }) => bytes)).subarray(stream.sentBytes);
    // A copy: what is kept must not keep all.
    stream.queue.splice(0, stream.queue.length, {
      bytes: Buffer.from(queued.subarray(0, keptBytes)),
      taken: null,
    });
    stream.sentBytes = 0;
    stream.queuedBytes = keptBytes;
    return queued.subarray(keptBytes);
  }

  end(stream: Stream): void {
    if (stream.isClosed) return;
    stream.isEnding = true;
    if (stream.queuedBytes > 0) return;
    // No window is needed for nothing.
    this.#frame(0, FRAME.data, FLAG.endStream, stream.id);
    this.#events.streamSent(stream);
  }

  forget(stream: Stream): void {
    if (stream.isInRound) this.#round = this.#round.filter((other) => other !== stream);
    stream.isInRound = false;
    const queue = stream.queue.splice(0);
    stream.queuedBytes = 0;
    // Whoever is told may turn to another stream, and so to the round.
    for (const { taken } of queue) taken?.(GONE);
  }

  /** Of the connection. False: it is more than there can be (RFC 9113 6.9.1). */
  widen(bytes: number): boolean {
    if (this.#window + bytes > MAX_WINDOW_BYTES) return false;
    this.#window += bytes;
    this.pump();
    return true;
  }

  /** What the client's SETTINGS say, which holds for streams that are open, too, once it is acknowledged. False: one would be more than there can be. */
  setInitialWindow(bytes: number, open: readonly Stream[]): boolean {
    const more = bytes - this.initialWindow;
    this.initialWindow = bytes;
    return open.every((stream) => this.#widenStream(stream, more));
  }

  widenStream(stream: Stream, bytes: number): boolean {
    const isRight = this.#widenStream(stream, bytes);
    this.pump();
    return isRight;
  }

  #widenStream(stream: Stream, bytes: number): boolean {
    if (stream.sendWindow + bytes > MAX_WINDOW_BYTES) return false;
    stream.sendWindow += bytes;
    this.#join(stream);
    return true;
  }

  #join(stream: Stream): void {
    if (stream.isInRound || stream.isClosed || stream.queuedBytes === 0 || stream.sendWindow <= 0) return;
    stream.isInRound = true;
    this.#round.push(stream);
  }

  /** Sends what can be sent now. */
  pump(): void {
    // Whoever is told that his bytes are taken may bring more.
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#window > 0 && this.output.bytes < MAX_OUTSTANDING_BYTES) {
      const stream = this.#round.shift();
      if (stream === undefined) break;
      stream.isInRound = false;
      if (stream.sendWindow > 0) this.#sendNext(stream);
      this.#join(stream);
    }
    this.#isPumping = false;
  }

  #sendNext(stream: Stream): void {
    const { bytes, taken } = stream.queue[0] as Queued;
    const start = stream.sentBytes;
    const length = this.#fitting(Math.min(bytes.length - start, this.#window, stream.sendWindow));
    const isDone = start + length === bytes.length;
    const isLast = isDone && stream.isEnding && stream.queue.length === 1;
    this.#copy(bytes, start, start + length, FRAME.data, isLast ? FLAG.endStream : 0, stream.id);
    this.#countSent(length);
    stream.sendWindow -= length;
    stream.queuedBytes -= length;
    stream.sentBytes = isDone ? 0 : start + length;
    if (isDone) {
      stream.queue.shift();
      taken?.(null);
    }
    // Whoever was told may have given the stream up.
    if (!stream.isClosed) stream.taker?.noteSent();
    if (isLast && !stream.isClosed) this.#events.streamSent(stream);
  }

  #countSent(bytes: number): void {
    this.#window -= bytes;
    this.sentBytes += bytes;
  }

  /** Fills the slab up, rather than to leave much of it empty. */
  #fitting(length: number): number {
    const most = Math.min(length, MAX_FRAME_BYTES);
    const room = this.output.room - FRAME_HEADER_BYTES;
    return room < most && room >= MIN_SPLIT_BYTES ? room : most;
  }
}

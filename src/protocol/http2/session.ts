// The server's side of one HTTP/2 connection (RFC 9113), without a socket or a clock: bytes in, requests and bytes out. What RFC 9113 calls an
// error of a stream resets that, what it calls an error of the connection ends that; where it leaves a choice, it is the connection: whoever
// gets the protocol wrong is not a client that anybody uses.

import { ControlFrames } from './control-frames.ts';
import { DataReceiver } from './data-receiver.ts';
import { FrameReader, type FrameTaker } from './frame-reader.ts';
import {
  ERROR,
  type ErrorCode,
  FLAG,
  FRAME,
  MAX_WINDOW_BYTES,
  readUint31,
  SETTING,
  type Violation,
} from './frames.ts';
import { HeadReceiver, type ReceivedHead } from './head-receiver.ts';
import type { Slabs } from './out-buffer.ts';
import { Sender } from './sender.ts';
import { Stream } from './stream.ts';
import { StreamHistory } from './stream-history.ts';

const AFTER_END: Violation = { code: ERROR.streamClosed, reason: 'a stream goes on after its end' };

export interface SessionLimits {
  readonly maxConcurrentStreams: number;
  /** Of a stream. */
  readonly initialWindowBytes: number;
  readonly maxFrameBytes: number;
  /** Of a head, uncompressed. */
  readonly maxHeadBytes: number;
}

export interface SessionEvents {
  /** `fields`: names and values in turn; null: they are more than they may be. Whoever answers it becomes the stream's taker. */
  request(stream: Stream, fields: readonly string[] | null): void;
  /** The request is not complete, but its response is. Somebody becomes its taker who ends it. */
  answered(stream: Stream): void;
  /** A client that knows how many requests may be under way has sent one more. */
  refused(): void;
  /** There is something to be written. */
  outputBegun(): void;
  /** No stream is open any more. */
  idle(): void;
  /** The connection is at its end: there is nothing to be done but to write what is there, and to close it. */
  failed(reason: string): void;
}

export class Session implements FrameTaker {
  readonly sender: Sender;
  readonly #limits: SessionLimits;
  readonly #events: SessionEvents;
  readonly #reader: FrameReader;
  readonly #control: ControlFrames;
  readonly #data: DataReceiver;
  readonly #heads: HeadReceiver;
  readonly #streams = new Map<number, Stream>();
  readonly #history = new StreamHistory();
  /** What is being read changes afterwards. */
  #isLent = false;
  #hasSettings = false;
  /** The last stream that is served. */
  #lastServed = MAX_WINDOW_BYTES;
  #isOver = false;

  constructor(limits: SessionLimits, slabs: Slabs, events: SessionEvents) {
    this.#limits = limits;
    this.#events = events;
    this.#reader = new FrameReader(this, limits.maxFrameBytes);
    this.sender = new Sender(slabs, {
      outputBegun: () => events.outputBegun(),
      streamSent: (stream) => this.#endSending(stream),
    });
    this.#heads = new HeadReceiver(limits.maxHeadBytes);
    this.#data = new DataReceiver(this.sender, limits.initialWindowBytes, limits.maxConcurrentStreams);
    this.#control = new ControlFrames(this.sender, {
      setHeaderTableSize: (bytes) => this.sender.heads.setMaxTableBytes(bytes),
      setInitialWindow: (bytes) => this.sender.setInitialWindow(bytes, [...this.#streams.values()]),
    });
  }

  /** What a server begins with. */
  start(): void {
    const { maxConcurrentStreams, initialWindowBytes, maxFrameBytes, maxHeadBytes } = this.#limits;
    this.sender.settings([
      [SETTING.maxConcurrentStreams, maxConcurrentStreams],
      [SETTING.initialWindowSize, initialWindowBytes],
      [SETTING.maxFrameSize, maxFrameBytes],
      [SETTING.maxHeaderListSize, maxHeadBytes],
    ]);
    this.#data.grantConnection();
  }

  /** `isLent`: the chunk changes after this returns. */
  receive(chunk: Buffer, isLent: boolean): void {
    this.#isLent = isLent;
    this.#reader.read(chunk);
    this.#data.handLate();
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** Tells the client that the connection is about to end: it had better ask elsewhere, but is served (RFC 9113 6.8). */
  announceDrain(): void {
    if (!this.#isOver && this.#lastServed === MAX_WINDOW_BYTES)
      this.sender.goAway(MAX_WINDOW_BYTES, ERROR.none, '');
  }

  /** Requests that come from now on are not served, which the client learns: it may send them again elsewhere (RFC 9113 6.8). */
  drain(): void {
    if (this.#isOver || this.#lastServed !== MAX_WINDOW_BYTES) return;
    this.#lastServed = this.#lastBegun;
    this.sender.goAway(this.#lastServed, ERROR.none, '');
  }

  /** The connection is given up, and the client told why. */
  fail(code: ErrorCode, reason: string): void {
    if (this.#isOver) return;
    this.close();
    this.sender.goAway(this.#lastBegun, code, reason);
    this.#events.failed(reason);
  }

  /** Of those that are served: what was said once is not raised (RFC 9113 6.8). */
  get #lastBegun(): number {
    return Math.max(0, Math.min(this.#history.highest, this.#lastServed));
  }

  /** The connection is no more. */
  close(): void {
    this.#isOver = true;
    this.#reader.stop();
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    // Whoever is told of one may turn to another.
    for (const stream of streams) stream.isClosed = true;
    for (const stream of streams) this.#forget(stream);
  }

  // --- what is done with streams ---

  /** Data is wanted, also what came before. */
  read(stream: Stream): void {
    this.#data.read(stream);
  }

  pause(stream: Stream): void {
    stream.isRead = false;
  }

  /** `head`, `more`: see responseFields. `isEnd`: no data follows. */
  sendHead(stream: Stream, status: number, head: string, more: string, isEnd: boolean): void {
    if (stream.isClosed) return;
    const { sender } = this;
    sender.head(stream.id, sender.heads.encode(status, head, more), isEnd);
    if (isEnd) this.#endSending(stream);
  }

  reset(stream: Stream, code: ErrorCode): void {
    if (stream.isClosed) return;
    this.sender.reset(stream.id, code);
    this.#close(stream, 'given-up');
  }

  /** The whole response has been sent. */
  #endSending(stream: Stream): void {
    stream.isAnswered = true;
    if (!stream.hasEnded) this.#events.answered(stream);
    else this.#closeWhereDone(stream);
  }

  #closeWhereDone(stream: Stream): void {
    if (stream.isAnswered && stream.hasEnded && !stream.isClosed) this.#close(stream, 'ended');
  }

  #close(stream: Stream, how: 'ended' | 'given-up'): void {
    this.#streams.delete(stream.id);
    this.#history.note(stream.id, how);
    this.#forget(stream);
    if (this.#streams.size === 0) this.#events.idle();
  }

  #forget(stream: Stream): void {
    stream.isClosed = true;
    stream.held.length = 0;
    this.sender.forget(stream);
    stream.taker?.takeClose();
  }

  // --- frames ---

  takeFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (!this.#mayCome(type, flags, streamId)) return;
    switch (type) {
      case FRAME.headers:
      case FRAME.continuation: {
        const head = this.#heads.take(type, flags, streamId, bytes, start, end);
        if (head === null) return;
        if ('code' in head) this.#failBy(head);
        else this.#takeHead(head);
        break;
      }
      case FRAME.windowUpdate:
        this.#takeWindowUpdate(streamId, bytes, start, end);
        break;
      case FRAME.reset:
        this.#takeReset(streamId, end - start);
        break;
      default:
        this.#failBy(this.#control.take(type, flags, streamId, bytes, start, end));
    }
  }

  takeViolation(code: ErrorCode, reason: string): void {
    this.fail(code, reason);
  }

  /** False: the connection has ended. */
  #failBy(violation: Violation | null): boolean {
    if (violation !== null) this.fail(violation.code, violation.reason);
    return violation === null;
  }

  /** False: it may not, and the connection has ended. */
  #mayCome(type: number, flags: number, streamId: number): boolean {
    return this.#failBy(this.#checkOrder(type, flags, streamId));
  }

  #checkOrder(type: number, flags: number, streamId: number): Violation | null {
    const { awaited } = this.#heads;
    if (!this.#hasSettings) {
      this.#hasSettings = type === FRAME.settings && (flags & FLAG.ack) === 0;
      return this.#hasSettings ? null : { code: ERROR.protocol, reason: 'the first frame is no SETTINGS' };
    }
    if (awaited !== 0) {
      const isNext = type === FRAME.continuation && streamId === awaited;
      return isNext ? null : { code: ERROR.protocol, reason: 'a head is interrupted by another frame' };
    }
    if (type === FRAME.continuation)
      return { code: ERROR.protocol, reason: 'CONTINUATION continues nothing' };
    return this.#control.count();
  }

  #takeReset(streamId: number, length: number): void {
    if (length !== 4) {
      this.fail(ERROR.frameSize, 'RST_STREAM has not 4 bytes');
    } else if (this.#history.stateOf(streamId) === 'idle') {
      this.fail(ERROR.protocol, 'RST_STREAM is for no stream');
    } else {
      const stream = this.#streams.get(streamId);
      if (stream !== undefined) this.#close(stream, 'ended');
    }
  }

  #takeWindowUpdate(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) {
      this.fail(ERROR.frameSize, 'WINDOW_UPDATE has not 4 bytes');
      return;
    }
    const granted = readUint31(bytes, start);
    if (streamId === 0) {
      if (granted === 0) this.fail(ERROR.protocol, 'WINDOW_UPDATE grants nothing');
      else if (!this.sender.widen(granted)) this.fail(ERROR.flowControl, 'the window is larger than 2^31-1');
      return;
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (this.#history.stateOf(streamId) === 'idle')
        this.fail(ERROR.protocol, 'WINDOW_UPDATE is for no stream');
    } else if (granted === 0) {
      this.reset(stream, ERROR.protocol);
    } else if (!this.sender.widenStream(stream, granted)) {
      this.reset(stream, ERROR.flowControl);
    }
  }

  // --- heads ---

  #takeHead({ streamId, endsStream, fields }: ReceivedHead): void {
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.#takeTrailers(stream, fields, endsStream);
    else if (this.#mayBegin(streamId)) this.#begin(streamId, fields, endsStream);
  }

  #mayBegin(streamId: number): boolean {
    switch (this.#history.stateOf(streamId)) {
      case 'idle':
        return true;
      case 'ended':
        return this.#failBy(AFTER_END);
      case 'skipped':
        return this.#failBy({
          code: ERROR.protocol,
          reason: 'a stream has a lower number than one before it',
        });
      default:
        return false;
    }
  }

  #begin(streamId: number, fields: readonly string[] | null, hasEnded: boolean): void {
    this.#history.begin(streamId);
    if (streamId > this.#lastServed) {
      this.#history.note(streamId, 'given-up');
      return;
    }
    if (this.#streams.size >= this.#limits.maxConcurrentStreams) {
      this.sender.reset(streamId, ERROR.refusedStream);
      this.#history.note(streamId, 'given-up');
      this.#events.refused();
      return;
    }
    this.#control.noteProgress();
    const stream = new Stream(streamId, hasEnded, this.#data.streamWindow, this.sender.initialWindow);
    this.#streams.set(streamId, stream);
    this.#events.request(stream, fields);
  }

  /** They are of no interest, since no application ever sees them, but they end the stream. */
  #takeTrailers(stream: Stream, fields: readonly string[] | null, endsStream: boolean): void {
    if (stream.hasEnded) this.#failBy(AFTER_END);
    else if (!endsStream || fields === null || fields.some(isPseudoName)) this.reset(stream, ERROR.protocol);
    else this.#settle(stream, this.#data.finishStream(stream));
  }

  // --- data ---

  takeDataStart(streamId: number, payloadBytes: number): void {
    if (!this.#mayCome(FRAME.data, 0, streamId) || !this.#failBy(this.#data.count(payloadBytes))) return;
    const stream = this.#streams.get(streamId);
    if (stream === undefined) this.#refuseData(streamId);
    else if (stream.hasEnded) this.#failBy(AFTER_END);
    else this.#settle(stream, this.#data.begin(stream, payloadBytes));
  }

  #refuseData(streamId: number): void {
    switch (this.#history.stateOf(streamId)) {
      case 'idle':
      case 'skipped':
        this.fail(ERROR.protocol, 'DATA is for no stream');
        break;
      case 'ended':
        this.#failBy(AFTER_END);
        break;
      default:
      // It was given up, which the client may not have known.
    }
  }

  takeData(bytes: Buffer): void {
    const { stream } = this.#data;
    if (stream === null) return;
    this.#control.noteProgress();
    this.#settle(stream, this.#data.take(stream, bytes, this.#isLent));
  }

  takeDataEnd(flags: number): void {
    const { stream } = this.#data;
    if (stream !== null) this.#settle(stream, this.#data.finish(stream, flags));
  }

  /** Something has come for the stream, with which something may be wrong. */
  #settle(stream: Stream, violation: Violation | null): void {
    if (violation !== null) this.reset(stream, violation.code);
    this.#closeWhereDone(stream);
  }
}

function isPseudoName(field: string, index: number): boolean {
  return index % 2 === 0 && field.startsWith(':');
}

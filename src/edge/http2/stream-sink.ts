import { Timed } from '../../base/deadlines.ts';
import { ERROR } from '../../protocol/http2/frames.ts';
import type { Stream } from '../../protocol/http2/stream.ts';
import { TINY_PIECE_BYTES } from '../piece-pool.ts';
import type { Sink } from '../sink.ts';
import type { Http2Connection } from './connection.ts';

/** Node's own value for a stream. */
const HIGH_WATER_BYTES = 16_384;

/** With more streams under way, each may have but little that waits. */
const FEW_STREAMS = 8;

/** What of a response waits until its client takes it. A client that takes nothing for too long is given up. */
export class StreamSink extends Timed implements Sink {
  readonly #connection: Http2Connection;
  readonly #stream: Stream;
  #drained: (() => void) | null = null;
  writableNeedDrain = false;

  constructor(connection: Http2Connection, stream: Stream) {
    super();
    this.#connection = connection;
    this.#stream = stream;
  }

  get writableLength(): number {
    return this.#stream.queuedBytes;
  }

  get destroyed(): boolean {
    return this.#stream.isClosed;
  }

  get isCrowded(): boolean {
    return this.#connection.session.openStreams > FEW_STREAMS;
  }

  write(bytes: Buffer, taken: ((error: Error | null) => void) | null = null): boolean {
    const stream = this.#stream;
    if (stream.isClosed) return false;
    const waitedBefore = stream.queuedBytes > 0;
    this.#connection.session.sender.send(stream, bytes, taken);
    if (!waitedBefore && stream.queuedBytes > 0)
      this.#connection.server.sendDeadlines.add(this, performance.now());
    this.writableNeedDrain ||= stream.queuedBytes > HIGH_WATER_BYTES;
    return !this.writableNeedDrain;
  }

  takeBack(): Buffer | null {
    if (!this.isCrowded) return null;
    return this.#connection.session.sender.takeBack(this.#stream, TINY_PIECE_BYTES);
  }

  end(): void {
    if (!this.#stream.isClosed) this.#connection.session.sender.end(this.#stream);
  }

  /** Frames that are written at once are sent at once. */
  cork(): void {}
  uncork(): void {}

  on(_event: 'drain', listener: () => void): void {
    this.#drained = listener;
  }

  off(_event: 'drain', listener: () => void): void {
    if (this.#drained === listener) this.#drained = null;
  }

  noteSent(): void {
    if (this.#stream.queuedBytes > 0) {
      this.#connection.server.sendDeadlines.add(this, performance.now());
      return;
    }
    this.deadlineList?.remove(this);
    if (!this.writableNeedDrain) return;
    this.writableNeedDrain = false;
    this.#drained?.();
  }

  noteClosed(): void {
    this.deadlineList?.remove(this);
    this.#drained = null;
  }

  expireSending(): void {
    const { session, server, takenMs } = this.#connection;
    const now = performance.now();
    const isMoving = now - takenMs < server.sendTimeoutMs;
    // Its client takes what it can: it is others' turn.
    if (this.#stream.isInRound && isMoving) server.sendDeadlines.add(this, now);
    else session.reset(this.#stream, ERROR.cancel);
  }
}

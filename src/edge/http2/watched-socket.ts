import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { FrameWatch, type Violation } from '../../protocol/http2/frame-watch.ts';

/** Of a write. */
const MOST_JOINED_BYTES = 8192;

type Taken = (error?: Error | null) => void;

/** The socket of an HTTP/2 connection, whose frames are looked at before nghttp2 gets them. */
export class WatchedSocket extends Duplex {
  readonly #socket: Socket;
  readonly #watch = new FrameWatch();
  readonly #onViolation: (violation: Violation) => void;
  #frames: Buffer[] = [];
  #whenTaken: Taken[] = [];
  #corks = 0;
  /** Writes that the socket has not taken yet. */
  #writing = 0;
  #whenWritten: (() => void) | null = null;
  #sentBytes = 0;
  #isOver = false;

  constructor(socket: Socket, onViolation: (violation: Violation) => void) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#onViolation = onViolation;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  #take(chunk: Buffer): void {
    if (this.#isOver) return;
    const { pieces, resets, violation } = this.#watch.read(chunk, this.#sentBytes);
    for (const reset of resets) this.write(reset);
    let isTaken = true;
    for (const piece of pieces) isTaken = this.push(piece);
    if (!isTaken) this.#socket.pause();
    if (violation === null) return;
    this.#isOver = true;
    this.#onViolation(violation);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override cork(): void {
    this.#corks += 1;
  }

  override uncork(): void {
    this.#corks -= 1;
    if (this.#corks === 0) this.#flush();
  }

  /** Without the machinery of a Writable, which the socket below has, too: Nghttp2 writes frame by frame, and waits until all are taken. */
  override write(chunk: Buffer, ...rest: readonly unknown[]): boolean {
    this.#frames.push(chunk);
    const done = rest.at(-1);
    if (typeof done === 'function') this.#whenTaken.push(done as Taken);
    if (this.#corks === 0) this.#flush();
    return !this.#socket.writableNeedDrain;
  }

  #flush(): void {
    const frames = this.#frames;
    const whenTaken = this.#whenTaken;
    if (frames.length === 0) return;
    this.#frames = [];
    this.#whenTaken = [];
    const bytes = frames.reduce((sum, { length }) => sum + length, 0);
    this.#sentBytes += bytes;
    this.#writing += 1;
    const done: Taken = (error) => {
      this.#writing -= 1;
      for (const taken of whenTaken) taken(error);
      if (this.#writing === 0) this.#whenWritten?.();
    };
    if (bytes <= MOST_JOINED_BYTES) this.#socket.write(Buffer.concat(frames, bytes), done);
    else this.#writeAll(frames, done);
  }

  /** TLS puts them together by itself; for small ones that costs more. */
  #writeAll(frames: readonly Buffer[], done: Taken): void {
    this.#socket.cork();
    for (const frame of frames.slice(0, -1)) this.#socket.write(frame);
    this.#socket.write(frames.at(-1) as Buffer, done);
    this.#socket.uncork();
  }

  /** Calls back when nothing is being written: then Node's next GOAWAY is sent, which it leaves out while something is. */
  whenWritten(callback: () => void): void {
    const again = () => this.whenWritten(callback);
    this.#whenWritten = this.#writing === 0 ? null : again;
    // Node hears of a write that is done in a turn of its own.
    if (this.#writing === 0) setImmediate(() => (this.#writing === 0 ? callback() : again()));
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // A socket with unread bytes is reset when it is closed, and what was sent last would be lost: GOAWAY.
    if (this.#isOver) this.#socket.resume().end();
    else this.#socket.destroy();
    done(error);
  }
}

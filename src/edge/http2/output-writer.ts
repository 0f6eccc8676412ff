import type { Socket } from 'node:net';
import type { Filled, OutBuffer } from '../../protocol/http2/out-buffer.ts';
import { returnPiece } from '../piece-pool.ts';

/** Slabs that the socket has at once. What comes meanwhile goes into those after them: a slab for each answer to a PING would be most of a client's memory. */
const MAX_WRITING = 2;

/** Gives a session's output to its socket: once in a turn of the event loop, however many requests it answers. */
export class OutputWriter {
  readonly #socket: Socket;
  readonly #output: OutBuffer;
  readonly #whenTaken: () => void;
  readonly #flush = () => this.write();
  readonly #taken = (error?: Error | null) => this.#noteTaken(error ?? null);
  /** What the socket has, in its order. */
  readonly #writing: Filled[] = [];
  #isScheduled = false;

  /** `whenTaken`: some of it has gone; nothing more, once the socket is destroyed. */
  constructor(socket: Socket, output: OutBuffer, whenTaken: () => void) {
    this.#socket = socket;
    this.#output = output;
    this.#whenTaken = whenTaken;
  }

  /** Before this turn ends. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(this.#flush);
  }

  /** Now, unless the socket has enough. */
  write(): void {
    this.#isScheduled = false;
    if (this.#writing.length < MAX_WRITING) this.writeAll();
  }

  writeAll(): void {
    const socket = this.#socket;
    if (this.#output.isEmpty || socket.destroyed) return;
    const filled = this.#output.take();
    if (filled.length > 1) socket.cork();
    for (const part of filled) {
      this.#writing.push(part);
      socket.write(part.slab.subarray(0, part.bytes), this.#taken);
    }
    if (filled.length > 1) socket.uncork();
  }

  /** The first of what is being written. */
  #noteTaken(error: Error | null): void {
    const { slab, bytes } = this.#writing.shift() as Filled;
    // Of a socket that was destroyed, nobody knows what the system still reads from.
    if (error !== null) return;
    returnPiece(slab);
    this.#output.noteWritten(bytes);
    this.#whenTaken();
    if (!this.#output.isEmpty) this.schedule();
  }
}

import type { Producer } from '../handlers/exchange.ts';
import { noteBufferedBytes } from './buffer-relief.ts';
import type { ClientSpool } from './client-spool.ts';
import { SMALL_PIECE_BYTES, TINY_PIECE_BYTES } from './piece-pool.ts';
import type { Sink } from './sink.ts';
import { PIECE_COST_BYTES, type SpoolFile } from './spool-file.ts';

/** A client may hold up the worker for this long in all, and beyond it for half of the response's time. */
const HOLD_MS = 50;
const HOLD_SHARE = 0.5;

export interface OutgoingLimits {
  /** Held in memory for a client that does not take them. Beyond, the worker waits for a moment, then more go to a file. */
  readonly memoryBytes: number;
  /** Held in the file, of all responses of the client; more make the worker wait. 0: no file. */
  readonly spoolBytes: number;
  readonly spool: ClientSpool;
}

/**
 * The body of one response on its way to a client that may be slower than the worker. A client that is about as fast is
 * waited for, since a file would only slow both down; for one that is slower the worker is rid of the response at
 * once, and the client takes it from the file as it can.
 */
export class Outgoing {
  readonly #socket: Sink;
  readonly #limits: OutgoingLimits;
  readonly #producer: Producer | null;
  readonly #fail: (error: Error) => void;
  readonly #onDrain = () => this.#pump();
  #spool: SpoolFile | null = null;
  /** That the socket holds, at most. */
  #pieces = 0;
  #isBlocked = false;
  #isReading = false;
  #hasPaused = false;
  #hasFailed = false;
  #whenDone: (() => void) | null = null;
  readonly #begunMs = performance.now();
  /** How long the worker was held up by now, since when it is again, and until when. */
  #heldMs = 0;
  #heldSinceMs = 0;
  #holdTimer: NodeJS.Timeout | null = null;

  constructor(socket: Sink, limits: OutgoingLimits, producer: Producer | null, fail: (error: Error) => void) {
    this.#socket = socket;
    this.#limits = limits;
    this.#producer = producer;
    this.#fail = fail;
  }

  /** Writes what belongs together: one system call, where the socket takes it. */
  write(...parts: Buffer[]): void {
    if (this.#hasFailed) return;
    for (const part of parts) noteBufferedBytes(part.length);
    const socket = this.#socket;
    if (this.#spool !== null) {
      this.#keep(this.#spool, parts);
      return;
    }
    if (parts.length > 1) socket.cork();
    for (const part of parts) socket.write(part);
    if (parts.length > 1) socket.uncork();
    const heldBytes = socket.writableLength;
    this.#pieces = heldBytes === 0 ? 0 : this.#pieces + parts.length;
    if (!socket.writableNeedDrain) return;
    this.#block();
    const costBytes = heldBytes + this.#pieces * PIECE_COST_BYTES;
    if (costBytes > this.#limits.memoryBytes && !this.#hasPaused) this.#hold();
  }

  /** The worker waits for the client, as long as that one deserves it. */
  #hold(): void {
    this.#pause();
    if (this.#limits.spoolBytes === 0) return;
    const now = performance.now();
    const allowanceMs = HOLD_MS + HOLD_SHARE * (now - this.#begunMs) - this.#heldMs;
    this.#heldSinceMs = now;
    this.#holdTimer = setTimeout(() => this.#startSpool(), Math.max(0, allowanceMs));
  }

  #endHold(): void {
    if (this.#holdTimer === null) return;
    clearTimeout(this.#holdTimer);
    this.#holdTimer = null;
    this.#heldMs += performance.now() - this.#heldSinceMs;
  }

  #startSpool(): void {
    this.#endHold();
    this.#spool = this.#limits.spool.begin((error) => {
      this.#hasFailed = true;
      this.discard();
      this.#fail(error);
    });
    const rest = this.#socket.takeBack?.() ?? null;
    if (rest !== null) this.#spool.append(rest);
    this.#resume();
  }

  #keep(spool: SpoolFile, parts: readonly Buffer[]): void {
    for (const part of parts) spool.append(part);
    if (this.#hasPaused) return;
    if (this.#isSpoolFull) {
      this.#pause();
    } else if (spool.isBehind) {
      this.#pause();
      spool.whenWritten(() => this.#resume());
    }
  }

  get #isSpoolFull(): boolean {
    return this.#limits.spool.unreadBytes > this.#limits.spoolBytes;
  }

  /** Everything has been written; calls back once the socket has it all, and can take another response. */
  end(done: () => void): void {
    if (this.#hasFailed) return;
    this.#whenDone = done;
    if (this.#spool === null) this.#finish();
  }

  discard(): void {
    this.#endHold();
    this.#socket.off('drain', this.#onDrain);
    this.#spool?.discard();
    this.#spool = null;
    this.#whenDone = null;
  }

  #block(): void {
    if (this.#isBlocked) return;
    this.#isBlocked = true;
    this.#socket.on('drain', this.#onDrain);
  }

  /** The socket takes more. */
  #pump(): void {
    this.#pieces = 0;
    const spool = this.#spool;
    if (spool === null) {
      this.#endHold();
      this.#resume();
      return;
    }
    if (this.#isReading) return;
    if (spool.unreadBytes === 0) {
      spool.discard();
      this.#spool = null;
      this.#resume();
      if (this.#whenDone !== null) this.#finish();
      return;
    }
    this.#isReading = true;
    spool.readNext(this.#socket.isCrowded ? TINY_PIECE_BYTES : SMALL_PIECE_BYTES, (piece) => {
      this.#isReading = false;
      if (this.#socket.destroyed) return;
      const takesMore = this.#socket.write(piece);
      this.#resume();
      if (takesMore) this.#pump();
    });
  }

  #pause(): void {
    if (this.#hasPaused) return;
    this.#hasPaused = true;
    this.#producer?.pause();
  }

  #resume(): void {
    if (!this.#hasPaused) return;
    if (this.#spool !== null && this.#isSpoolFull) return;
    this.#hasPaused = false;
    this.#producer?.resume();
  }

  #finish(): void {
    const done = this.#whenDone;
    this.discard();
    done?.();
  }
}

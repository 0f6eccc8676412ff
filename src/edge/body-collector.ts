import type { RequestBody } from '../handlers/exchange.ts';
import { noteBufferedBytes } from './buffer-relief.ts';
import { OwnFile } from './own-file.ts';
import { SpoolFile } from './spool-file.ts';

/** Pieces smaller than this are copied together: each has an object of a hundred bytes, and a client may send single bytes. */
const SMALL_BYTES = 2048;
const BLOCK_BYTES = 16384;
const EMPTY = Buffer.alloc(0);

export interface BodyLimits {
  readonly memoryBytes: number;
  readonly folder: string;
}

export interface BodyEvents {
  pause(): void;
  resume(): void;
  failed(error: Error): void;
}

/** Gathers a request's body: in memory while it is small, in a file beyond. */
export class BodyCollector {
  readonly #limits: BodyLimits;
  readonly #events: BodyEvents;
  #parts: Buffer[] = [];
  /** Small pieces, copied together, and how much of it is in use. */
  #block: Buffer = EMPTY;
  #blockBytes = 0;
  /** Where in the block the last of the parts begins, or -1: that part is no part of it. */
  #partStart = -1;
  #bytes = 0;
  #file: SpoolFile | null = null;
  #path = '';
  #isPaused = false;

  constructor(limits: BodyLimits, events: BodyEvents) {
    this.#limits = limits;
    this.#events = events;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(data: Buffer): void {
    noteBufferedBytes(data.length);
    this.#bytes += data.length;
    if (this.#file === null && this.#bytes > this.#limits.memoryBytes) {
      const place = new OwnFile(this.#limits.folder);
      this.#path = place.path;
      this.#file = new SpoolFile(place, (error) => this.#events.failed(error));
      for (const part of this.#parts) this.#file.append(part);
      this.#parts = [];
      this.#block = EMPTY;
      this.#blockBytes = 0;
    }
    const file = this.#file;
    if (file === null) {
      this.#hold(data);
      return;
    }
    file.append(data);
    if (this.#isPaused || !file.isBehind) return;
    this.#isPaused = true;
    this.#events.pause();
    file.whenWritten(() => {
      this.#isPaused = false;
      this.#events.resume();
    });
  }

  #hold(data: Buffer): void {
    // The first piece is nearly always the only one.
    if (data.length >= SMALL_BYTES || this.#parts.length === 0) {
      this.#parts.push(data);
      this.#partStart = -1;
      return;
    }
    if (this.#blockBytes + data.length > this.#block.length) {
      this.#block = Buffer.allocUnsafe(BLOCK_BYTES);
      this.#blockBytes = 0;
      this.#partStart = -1;
    }
    if (this.#partStart < 0) {
      this.#partStart = this.#blockBytes;
      this.#parts.push(EMPTY);
    }
    this.#block.set(data, this.#blockBytes);
    this.#blockBytes += data.length;
    this.#parts[this.#parts.length - 1] = this.#block.subarray(this.#partStart, this.#blockBytes);
  }

  finish(done: (body: RequestBody) => void): void {
    const file = this.#file;
    const bytes = this.#bytes;
    if (file !== null) file.whenWritten(() => done({ kind: 'file', path: this.#path, bytes }));
    else if (bytes === 0) done({ kind: 'none' });
    else done({ kind: 'memory', parts: this.#parts, bytes });
  }

  discard(): void {
    this.#file?.discard();
    this.#parts = [];
  }
}

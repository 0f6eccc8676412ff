import type { RequestBody } from '../handlers/exchange.ts';
import { SpoolFile } from './spool-file.ts';

/** Bytes that may wait for the disk before the client is told to wait. */
const MAX_WAITING_BYTES = 1 << 20;

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
  #bytes = 0;
  #file: SpoolFile | null = null;
  #isPaused = false;

  constructor(limits: BodyLimits, events: BodyEvents) {
    this.#limits = limits;
    this.#events = events;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(data: Buffer): void {
    this.#bytes += data.length;
    if (this.#file === null && this.#bytes > this.#limits.memoryBytes) {
      this.#file = new SpoolFile(this.#limits.folder, (error) => this.#events.failed(error));
      for (const part of this.#parts) this.#file.append(part);
      this.#parts = [];
    }
    const file = this.#file;
    if (file === null) {
      this.#parts.push(data);
      return;
    }
    file.append(data);
    if (this.#isPaused || file.waitingBytes <= MAX_WAITING_BYTES) return;
    this.#isPaused = true;
    this.#events.pause();
    file.whenWritten(() => {
      this.#isPaused = false;
      this.#events.resume();
    });
  }

  finish(done: (body: RequestBody) => void): void {
    const file = this.#file;
    const bytes = this.#bytes;
    if (file !== null) file.whenWritten(() => done({ kind: 'file', path: file.path, bytes }));
    else if (bytes === 0) done({ kind: 'none' });
    else done({ kind: 'memory', parts: this.#parts, bytes });
  }

  discard(): void {
    this.#file?.discard();
    this.#parts = [];
  }
}

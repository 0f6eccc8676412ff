import { read } from 'node:fs';
import type { FileBody, FilePart, Producer } from '../exchange.ts';
import { diskGate } from './disk-gate.ts';
import { letGo } from './open-body.ts';

const PIECE_BYTES = 64 << 10;
const EMPTY = Buffer.alloc(0);

interface FileSink {
  write(piece: Buffer, isEnd: boolean): void;
}

/** Gives the parts of a file to who makes something else of them, a piece at a time, as fast as they are taken. */
export class FileSource implements Producer {
  readonly isWaiting = false;
  readonly #body: FileBody;
  readonly #fd: number;
  readonly #sink: FileSink;
  readonly #failed: (error: Error) => void;
  #index = 0;
  /** Of the segment that is being read. */
  #readBytes = 0;
  #isReading = false;
  #isPaused = false;
  #isOver = false;

  /** `failed`: what the file gives is not what was promised. The file stays open until everything is given, or `cancel`. */
  constructor(body: FileBody, fd: number, sink: FileSink, failed: (error: Error) => void) {
    this.#body = body;
    this.#fd = fd;
    this.#sink = sink;
    this.#failed = failed;
  }

  start(): void {
    this.#next();
  }

  #next(): void {
    while (!this.#isReading && !this.#isPaused && !this.#isOver) {
      const segment = this.#body.segments[this.#index];
      if (segment === undefined) {
        this.#give(EMPTY);
      } else if (typeof segment === 'string') {
        this.#index += 1;
        this.#give(Buffer.from(segment, 'latin1'));
      } else if (segment.length === 0) {
        this.#index += 1;
      } else {
        this.#read(segment);
      }
    }
  }

  #read({ offset, length }: FilePart): void {
    const missing = length - this.#readBytes;
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, missing));
    this.#isReading = true;
    diskGate.ask<number>(
      (done) => read(this.#fd, piece, 0, piece.length, offset + this.#readBytes, done),
      (error, bytes) => {
        this.#isReading = false;
        const failure = error ?? (bytes === 0 ? new Error(`the file ended ${missing} bytes early`) : null);
        if (failure !== null) this.#body.failed?.(failure);
        if (this.#isOver) {
          letGo(this.#body, this.#fd);
        } else if (failure !== null) {
          this.#close();
          this.#failed(failure);
        } else {
          this.#readBytes += bytes;
          if (this.#readBytes === length) {
            this.#index += 1;
            this.#readBytes = 0;
          }
          this.#give(piece.subarray(0, bytes));
          this.#next();
        }
      },
    );
  }

  #give(piece: Buffer): void {
    const isEnd = this.#index >= this.#body.segments.length;
    if (isEnd) this.#close();
    this.#sink.write(piece, isEnd);
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // What is being read into is let go once it has been.
    if (!this.#isReading) letGo(this.#body, this.#fd);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#next();
  }

  cancel(): void {
    this.#close();
  }
}

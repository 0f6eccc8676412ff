import { read } from 'node:fs';
import type { FileBody, FilePart, Producer } from '../exchange.ts';
import { diskGate } from '../files/disk-gate.ts';
import { letGo } from '../files/open-body.ts';

const PIECE_BYTES = 64 << 10;

interface FileSink {
  write(piece: Buffer, isEnd: boolean): void;
}

/** Gives the parts of a file, a piece at a time, as fast as they are taken. */
export class FileSource implements Producer {
  readonly isWaiting = false;
  readonly #body: FileBody;
  readonly #fd: number;
  readonly #sink: FileSink;
  readonly #failed: (error: Error) => void;
  #index = 0;
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
    if (this.#isReading || this.#isPaused || this.#isOver) return;
    const segment = this.#body.segments[this.#index];
    if (segment === undefined) {
      this.#close();
      this.#sink.write(Buffer.alloc(0), true);
    } else if (typeof segment === 'string') {
      this.#index += 1;
      this.#sink.write(Buffer.from(segment, 'latin1'), false);
      this.#next();
    } else if (this.#readBytes === segment.length) {
      this.#index += 1;
      this.#readBytes = 0;
      this.#next();
    } else {
      this.#read(segment);
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
        if (this.#isOver) {
          letGo(this.#body, this.#fd);
        } else if (error !== null || bytes === 0) {
          this.#close();
          this.#failed(error ?? new Error(`the file ended ${missing} bytes early`));
        } else {
          this.#readBytes += bytes;
          this.#sink.write(piece.subarray(0, bytes), false);
          this.#next();
        }
      },
    );
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

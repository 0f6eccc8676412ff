import { read } from 'node:fs';
import type { FileBody, FilePart, Producer } from '../exchange.ts';
import { diskGate } from '../files/disk-gate.ts';
import { letGo, openBody } from '../files/open-body.ts';

const PIECE_BYTES = 65_536;

export interface PumpEvents {
  /** The file is open. */
  begun(): void;
  piece(bytes: Buffer, isEnd: boolean): void;
  /** `hasBegun`: pieces may have been given. */
  failed(hasBegun: boolean): void;
}

/** Reads the file that is a response, piece by piece, as whoever produces one. */
export class FilePump implements Producer {
  readonly isWaiting = false;
  readonly #body: FileBody;
  readonly #events: PumpEvents;
  #fd = -1;
  #index = 0;
  /** Of the segment that is being read. */
  #doneBytes = 0;
  #isPaused = false;
  #isReading = false;
  #isOver = false;

  constructor(body: FileBody, events: PumpEvents) {
    this.#body = body;
    this.#events = events;
  }

  start(): void {
    openBody(this.#body, (error, fd) => {
      if (error === null) this.#begin(fd);
      else this.#events.failed(false);
    });
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#next();
  }

  cancel(): void {
    if (!this.#isReading) this.#end();
    this.#isOver = true;
  }

  #begin(fd: number): void {
    this.#fd = fd;
    if (this.#isOver) {
      this.#end();
      return;
    }
    this.#events.begun();
    if (this.#body.segments.length === 0) this.#finish(Buffer.alloc(0));
    else this.#next();
  }

  #next(): void {
    if (this.#isPaused || this.#isReading || this.#isOver || this.#fd < 0) return;
    const segment = this.#body.segments[this.#index];
    if (segment === undefined) return;
    if (typeof segment === 'string')
      this.#give(Buffer.from(segment, 'latin1'), segment.length, segment.length);
    else if (segment.length === 0) this.#give(Buffer.alloc(0), 0, 0);
    else this.#read(segment);
  }

  #read({ offset, length }: FilePart): void {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, length - this.#doneBytes));
    const position = offset + this.#doneBytes;
    this.#isReading = true;
    diskGate.ask<number>(
      (done) => read(this.#fd, piece, 0, piece.length, position, done),
      (error, bytes) => {
        this.#isReading = false;
        if (this.#isOver) {
          this.#end();
        } else if (error !== null || bytes === 0) {
          this.#end();
          this.#events.failed(true);
        } else {
          this.#give(piece.subarray(0, bytes), this.#doneBytes + bytes, length);
        }
      },
    );
  }

  #give(bytes: Buffer, doneBytes: number, length: number): void {
    this.#doneBytes = doneBytes;
    if (doneBytes === length) {
      this.#index += 1;
      this.#doneBytes = 0;
    }
    if (this.#index === this.#body.segments.length) {
      this.#finish(bytes);
      return;
    }
    this.#events.piece(bytes, false);
    this.#next();
  }

  #finish(bytes: Buffer): void {
    this.#end();
    this.#events.piece(bytes, true);
  }

  #end(): void {
    this.#isOver = true;
    if (this.#fd < 0) return;
    letGo(this.#body, this.#fd);
    this.#fd = -1;
  }
}

import { read } from 'node:fs';

import type { FileBody, FilePart } from '../handlers/exchange.ts';
import { diskGate } from '../handlers/files/disk-gate.ts';
import { letGo, openBody } from '../handlers/files/open-body.ts';
import {
  borrowPiece,
  LARGE_PIECE_BYTES,
  returnPiece,
  SMALL_PIECE_BYTES,
  TINY_PIECE_BYTES,
} from './piece-pool.ts';
import type { Sink } from './sink.ts';

export interface FileSenderEvents {
  /** The file is open: the head can be written. Returns whether the bytes are wanted too. */
  opened(): boolean;
  sent(bytes: number): void;
  done(): void;
  failed(error: Error): void;
}

/**
 * Sends parts of a file at the client's speed, a piece at a time: the next is read once the system has taken the last, so each client
 * costs one piece of memory, and a small one while it is slow; one that has many responses under way costs a tiny one for each.
 */
export class FileSender {
  readonly #sink: Sink;
  readonly #body: FileBody;
  readonly #events: FileSenderEvents;
  #fd = -1;
  #index = 0;
  /** Of the segment that is being sent. */
  #sentBytes = 0;
  #pieceBytes = SMALL_PIECE_BYTES;
  #isOver = false;

  constructor(sink: Sink, body: FileBody, events: FileSenderEvents) {
    this.#sink = sink;
    this.#body = body;
    this.#events = events;
  }

  start(): void {
    openBody(this.#body, (error, fd) => {
      if (error === null) this.#begin(fd);
      else this.#events.failed(error);
    });
  }

  #begin(fd: number): void {
    this.#fd = fd;
    if (this.#events.opened()) this.#next();
    else this.#end(null);
  }

  #next(): void {
    if (this.#isOver) return;
    const segment = this.#body.segments[this.#index];
    if (segment === undefined) {
      this.#end(null);
    } else if (typeof segment === 'string') {
      this.#index += 1;
      this.#send(Buffer.from(segment, 'latin1'), null);
    } else if (this.#sentBytes === segment.length) {
      this.#index += 1;
      this.#sentBytes = 0;
      this.#next();
    } else {
      this.#readPiece(segment);
    }
  }

  #readPiece({ offset, length }: FilePart): void {
    const missing = length - this.#sentBytes;
    const piece = borrowPiece(this.#sink.isCrowded ? TINY_PIECE_BYTES : this.#pieceBytes);
    const [wanted, position] = [Math.min(piece.length, missing), offset + this.#sentBytes];
    diskGate.ask<number>(
      (done) => read(this.#fd, piece, 0, wanted, position, done),
      (error, bytes) => {
        const failure = error ?? (bytes === 0 ? new Error(`the file ended ${missing} bytes early`) : null);
        if (failure !== null) this.#body.failed?.(failure);
        if (failure !== null || this.#sink.destroyed) {
          returnPiece(piece);
          this.#end(failure);
          return;
        }
        this.#sentBytes += bytes;
        this.#send(piece.subarray(0, bytes), piece);
      },
    );
  }

  /** @param piece what is free again once it has been taken */
  #send(bytes: Buffer, piece: Buffer | null): void {
    this.#events.sent(bytes.length);
    this.#sink.write(bytes, (error) => {
      if (piece !== null) returnPiece(piece);
      if (error) this.#end(error);
      else this.#next();
    });
    // What the system does not take at once is a client's who is slower than the disk.
    this.#pieceBytes = this.#sink.writableLength > 0 ? SMALL_PIECE_BYTES : LARGE_PIECE_BYTES;
  }

  #end(error: Error | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    letGo(this.#body, this.#fd);
    // A client that has left is nobody's failure, and the connection has seen it.
    if (this.#sink.destroyed) return;
    if (error === null) this.#events.done();
    else this.#events.failed(error);
  }
}

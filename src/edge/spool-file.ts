import { close, open, read, unlink, writev } from 'node:fs';
import { join } from 'node:path';

/** Pieces are read back in this size. */
const READ_BYTES = 65536;

/** Bytes of one file that may wait for the disk before whoever gives them is to wait. */
const MOST_WAITING_BYTES = 1 << 20;
/** Of all files. Beyond, each may have a few: a thousand clients may be slow at once. */
const ALL_WAITING_BYTES = 16 << 20;
const FEW_WAITING_BYTES = 1 << 16;

/** What each piece costs in memory beside its bytes. */
export const PIECE_COST_BYTES = 256;

let counter = 0;
let waitingOfAll = 0;

/** A body on disk, written at one end and, perhaps, read at the other. Calls are queued; errors are told once. */
export class SpoolFile {
  readonly path: string;
  readonly #onError: (error: Error) => void;
  #fd = -1;
  #isOpen = false;
  #isClosed = false;
  #waiting: Buffer[] = [];
  /** Handed over and not on disk yet. */
  #waitingBytes = 0;
  #writtenBytes = 0;
  #readBytes = 0;
  #isWriting = false;
  #isReading = false;
  #whenWritten: (() => void)[] = [];

  constructor(folder: string, onError: (error: Error) => void) {
    counter += 1;
    this.path = join(folder, `body-${process.pid}-${counter}`);
    this.#onError = onError;
    open(this.path, 'wx+', 0o600, (error, fd) => {
      if (error !== null) return this.#fail(error);
      this.#fd = fd;
      this.#isOpen = true;
      if (this.#isClosed) this.#dispose();
      else this.#write();
    });
  }

  /** Bytes handed over and not read back. */
  get unreadBytes(): number {
    return this.#writtenBytes + this.#waitingBytes - this.#readBytes;
  }

  /** More should come only when what is there is written. */
  get isBehind(): boolean {
    return (
      this.#waitingBytes + this.#waiting.length * PIECE_COST_BYTES >
      (waitingOfAll > ALL_WAITING_BYTES ? FEW_WAITING_BYTES : MOST_WAITING_BYTES)
    );
  }

  append(bytes: Buffer): void {
    if (this.#isClosed) return;
    this.#waiting.push(bytes);
    this.#countWaiting(bytes.length);
    this.#write();
  }

  /** Calls back once, when all that was handed over is in the file. */
  whenWritten(callback: () => void): void {
    this.#whenWritten.push(callback);
    this.#write();
  }

  /** Reads the next piece; there must be some unread bytes, and no other read under way. */
  readNext(callback: (piece: Buffer) => void): void {
    if (this.#isReading) throw new Error('a spool file is read one piece at a time');
    this.#isReading = true;
    const readNow = () => {
      const length = Math.min(READ_BYTES, this.#writtenBytes - this.#readBytes);
      const piece = Buffer.allocUnsafe(length);
      read(this.#fd, piece, 0, length, this.#readBytes, (error, count) => {
        this.#isReading = false;
        if (this.#isClosed) return this.#dispose();
        if (error !== null) return this.#fail(error);
        this.#readBytes += count;
        callback(count === length ? piece : piece.subarray(0, count));
      });
    };
    if (this.#writtenBytes > this.#readBytes) readNow();
    else this.whenWritten(readNow);
  }

  /** Closes and deletes the file. */
  discard(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#countWaiting(-this.#waitingBytes);
    this.#waiting = [];
    this.#whenWritten = [];
    this.#dispose();
  }

  #countWaiting(bytes: number): void {
    this.#waitingBytes += bytes;
    waitingOfAll += bytes;
  }

  #write(): void {
    if (!this.#isOpen || this.#isWriting || this.#isClosed) return;
    if (this.#waiting.length === 0) {
      for (const callback of this.#whenWritten.splice(0)) callback();
      return;
    }
    const batch = this.#waiting;
    const bytes = this.#waitingBytes;
    this.#waiting = [];
    this.#isWriting = true;
    this.#writeBatch(batch, bytes);
  }

  #writeBatch(batch: readonly Buffer[], bytes: number): void {
    writev(this.#fd, batch, this.#writtenBytes, (error, count) => {
      if (this.#isClosed) {
        this.#isWriting = false;
        return this.#dispose();
      }
      if (error !== null) {
        this.#isWriting = false;
        return this.#fail(error);
      }
      this.#writtenBytes += count;
      this.#countWaiting(-count);
      if (count < bytes) {
        // A short write, as on a full disk: the next one says why.
        const rest = Buffer.concat(batch).subarray(count);
        return this.#writeBatch([rest], rest.length);
      }
      this.#isWriting = false;
      this.#write();
    });
  }

  #fail(error: Error): void {
    // Nobody asks any more.
    if (this.#isClosed) return;
    this.discard();
    this.#onError(error);
  }

  /** Not before what is under way has ended: the descriptor's number could be another file's by then. */
  #dispose(): void {
    if (!this.#isOpen || this.#isWriting || this.#isReading) return;
    this.#isOpen = false;
    close(this.#fd, () => {});
    unlink(this.path, () => {});
  }
}

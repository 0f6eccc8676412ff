import { read, writev } from 'node:fs';

/** Bytes of one file that may wait for the disk before whoever gives them is to wait. */
const MOST_WAITING_BYTES = 1 << 20;
/** Of all files. Beyond, each may have a few: a thousand clients may be slow at once. */
const ALL_WAITING_BYTES = 16 << 20;
const FEW_WAITING_BYTES = 1 << 16;

/** What each piece costs in memory beside its bytes. */
export const PIECE_COST_BYTES = 256;

let waitingOfAll = 0;

/** Where a byte of a body is in a file, and how many from it on are one behind the other. */
export interface Located {
  readonly position: number;
  readonly room: number;
}

/** A file, or what of one belongs to a body. */
export interface SpoolPlace {
  readonly fd: number;
  open(done: (error: Error | null) => void): void;
  /** @param at of the body; each is asked for first by who writes it */
  locate(at: number): Located;
  /** What of the body comes before is not read any more. */
  forget(before: number): void;
  close(): void;
}

/** A body on disk, written at one end and, perhaps, read at the other. Calls are queued; errors are told once. */
export class SpoolFile {
  readonly #place: SpoolPlace;
  readonly #onError: (error: Error) => void;
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

  constructor(place: SpoolPlace, onError: (error: Error) => void) {
    this.#place = place;
    this.#onError = onError;
    place.open((error) => {
      if (error !== null) return this.#fail(error);
      this.#isOpen = true;
      if (this.#isClosed) this.#dispose();
      else this.#write();
    });
  }

  /** Bytes handed over and not read back. */
  get unreadBytes(): number {
    return this.#isClosed ? 0 : this.#writtenBytes + this.#waitingBytes - this.#readBytes;
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

  /** Reads the next piece, of `mostBytes`; there must be some unread bytes, and no other read under way. */
  readNext(mostBytes: number, callback: (piece: Buffer) => void): void {
    if (this.#isReading) throw new Error('a spool file is read one piece at a time');
    this.#isReading = true;
    const readNow = () => {
      const { position, room } = this.#place.locate(this.#readBytes);
      const length = Math.min(mostBytes, this.#writtenBytes - this.#readBytes, room);
      const piece = Buffer.allocUnsafe(length);
      read(this.#place.fd, piece, 0, length, position, (error, count) => {
        this.#isReading = false;
        if (this.#isClosed) return this.#dispose();
        if (error !== null) return this.#fail(error);
        this.#readBytes += count;
        this.#place.forget(this.#readBytes);
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
    const { position, room } = this.#place.locate(this.#writtenBytes);
    const batch = this.#takeWaiting(room);
    this.#isWriting = true;
    writev(this.#place.fd, batch, position, (error, count) => {
      this.#isWriting = false;
      if (this.#isClosed) return this.#dispose();
      if (error !== null) return this.#fail(error);
      this.#writtenBytes += count;
      this.#countWaiting(-count);
      // A short write, as on a full disk: the next one says why.
      if (count < lengthOf(batch)) this.#waiting.unshift(Buffer.concat(batch).subarray(count));
      this.#write();
    });
  }

  /** So many bytes at most, and all if possible. */
  #takeWaiting(mostBytes: number): Buffer[] {
    const waiting = this.#waiting;
    if (this.#waitingBytes <= mostBytes) {
      this.#waiting = [];
      return waiting;
    }
    let left = mostBytes;
    const whole = waiting.findIndex(({ length }) => {
      left -= length;
      return left < 0;
    });
    const batch = waiting.splice(0, whole);
    const [next] = waiting as [Buffer];
    const fitting = next.length + left;
    if (fitting > 0) batch.push(next.subarray(0, fitting));
    waiting[0] = next.subarray(fitting);
    return batch;
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
    this.#place.close();
  }
}

function lengthOf(parts: readonly Buffer[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

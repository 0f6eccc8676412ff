const EMPTY = Buffer.alloc(0);
const SMALLEST_ROOM_BYTES = 1024;

/**
 * Bytes that came and were not consumed yet. While each chunk is consumed before the next comes, nothing is copied. A rest is joined with
 * what follows in a buffer that doubles, so that bytes which dribble in one by one cost a constant each.
 *
 * What was consumed is never written over: slices that were handed out stay as they are.
 */
export class ByteQueue {
  /** Valid from `start` to `end`. */
  bytes: Buffer = EMPTY;
  start = 0;
  end = 0;
  /** Whether `bytes` is ours, and what is behind `end` may be written to. Never so while the queue is empty. */
  #isOwned = false;

  get length(): number {
    return this.end - this.start;
  }

  push(chunk: Buffer): void {
    if (this.start === this.end) {
      this.bytes = chunk;
      this.start = 0;
      this.end = chunk.length;
      return;
    }
    if (!this.#isOwned || this.end + chunk.length > this.bytes.length) this.#grow(chunk.length);
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  #grow(byteCount: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(SMALLEST_ROOM_BYTES, 2 * (this.length + byteCount)));
    this.bytes.copy(grown, 0, this.start, this.end);
    this.end -= this.start;
    this.start = 0;
    this.bytes = grown;
    this.#isOwned = true;
  }

  /** What is left is copied: the last chunk may be written over from now on. */
  detach(): void {
    if (this.#isOwned || this.start === this.end) return;
    // Of its own: a few bytes must not keep alive a block that Node shares out.
    const rest = Buffer.allocUnsafeSlow(this.length);
    this.bytes.copy(rest, 0, this.start, this.end);
    this.bytes = rest;
    this.end -= this.start;
    this.start = 0;
  }

  skip(byteCount: number): void {
    this.start += byteCount;
    // An idle connection keeps no buffer alive.
    if (this.start === this.end) this.clear();
  }

  take(byteCount: number): Buffer {
    const taken = this.bytes.subarray(this.start, this.start + byteCount);
    this.skip(byteCount);
    return taken;
  }

  clear(): void {
    this.bytes = EMPTY;
    this.start = 0;
    this.end = 0;
    this.#isOwned = false;
  }
}

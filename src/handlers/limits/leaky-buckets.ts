// Nginx's leaky bucket: every request of a key adds one to what is in its bucket, which runs out at a constant rate.

/** Where the state of one limit lies. There is one edge, so its memory is enough for requests to be counted exactly. */
export interface RateZone {
  /** What the bucket would hold above its first request, with one more. */
  excessWith(key: string, nowMs: number): number;
  /** The request is let in: its bucket holds that. */
  charge(key: string, excess: number, nowMs: number): void;
}

interface Bucket {
  excess: number;
  lastMs: number;
}

/** How many that have run out are removed for each that comes in. */
const SWEPT_AT_ONCE = 2;

export class LeakyBuckets implements RateZone {
  readonly #perMs: number;
  readonly #maxKeys: number;
  /** In the order of their last use. */
  readonly #buckets = new Map<string, Bucket>();

  /** Beyond `maxKeys` the one that was not used for longest is forgotten. */
  constructor(perSecond: number, maxKeys: number) {
    this.#perMs = perSecond / 1000;
    this.#maxKeys = maxKeys;
  }

  get size(): number {
    return this.#buckets.size;
  }

  excessWith(key: string, nowMs: number): number {
    const bucket = this.#buckets.get(key);
    return bucket === undefined ? 0 : Math.max(0, this.#left(bucket, nowMs) + 1);
  }

  charge(key: string, excess: number, nowMs: number): void {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      this.#sweep(nowMs);
      this.#buckets.set(key, { excess, lastMs: nowMs });
      return;
    }
    this.#buckets.delete(key);
    bucket.excess = excess;
    bucket.lastMs = nowMs;
    this.#buckets.set(key, bucket);
  }

  #left({ excess, lastMs }: Bucket, nowMs: number): number {
    return excess - this.#perMs * Math.max(0, nowMs - lastMs);
  }

  #sweep(nowMs: number): void {
    let swept = 0;
    for (const [key, bucket] of this.#buckets) {
      // A bucket that lacks one below its first request is as good as none.
      const isNeeded = this.#buckets.size < this.#maxKeys && this.#left(bucket, nowMs) > -1;
      if (isNeeded || swept === SWEPT_AT_ONCE) return;
      this.#buckets.delete(key);
      swept += 1;
    }
  }
}

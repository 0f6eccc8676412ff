// A log-linear histogram: every power of two is cut into 16 buckets of equal width, so that a value is known to a
// sixteenth of itself, from a microsecond to an hour, in memory that does not grow. Up to 31 µs it is exact.

/** Buckets of a power of two, as a power of two. */
const CUT_BITS = 4;
const CUTS = 1 << CUT_BITS;
const MAX_US = 2 ** 32 - 1;
const BUCKETS = (32 - CUT_BITS) * CUTS + CUTS;

/** `us`: a whole number up to MAX_US. */
function bucketOf(us: number): number {
  if (us < CUTS) return us;
  const shift = 31 - CUT_BITS - Math.clz32(us);
  return shift * CUTS + (us >>> shift);
}

/** The greatest whole number that falls into the bucket. */
function upperBoundUs(bucket: number): number {
  if (bucket < 2 * CUTS) return bucket;
  const shift = Math.floor(bucket / CUTS) - 1;
  return ((bucket % CUTS) + CUTS + 1) * 2 ** shift - 1;
}

export interface HistogramJson {
  readonly count: number;
  readonly sumUs: number;
  readonly maxUs: number;
  /** `[greatest µs in it, values]` of every bucket that holds any, ascending. */
  readonly buckets: readonly (readonly [number, number])[];
}

/** Durations in microseconds. What is below 0 counts as 0, what is above 71 minutes as that. */
export class Histogram {
  // Doubles hold counts that 32 bits do not: 10,000 requests a second fill those within five days.
  readonly #buckets = new Float64Array(BUCKETS);
  #count = 0;
  #sumUs = 0;
  #maxUs = 0;

  get count(): number {
    return this.#count;
  }

  get sumUs(): number {
    return this.#sumUs;
  }

  get maxUs(): number {
    return this.#maxUs;
  }

  /** Fractions are cut off. */
  record(durationUs: number): void {
    const us = durationUs >= MAX_US ? MAX_US : durationUs > 0 ? durationUs >>> 0 : 0;
    const bucket = bucketOf(us);
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + 1;
    this.#count += 1;
    this.#sumUs += us;
    if (us > this.#maxUs) this.#maxUs = us;
  }

  /** What at least `share` (0 to 1) of the values do not exceed, at most a sixteenth too much; 0 without any. */
  quantileUs(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      seen += this.#buckets[bucket] as number;
      if (seen >= rank) return Math.min(upperBoundUs(bucket), this.#maxUs);
    }
    return this.#maxUs;
  }

  /** Adds what another one holds. */
  merge(other: Histogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      this.#buckets[bucket] = (this.#buckets[bucket] as number) + (other.#buckets[bucket] as number);
    }
    this.#count += other.#count;
    this.#sumUs += other.#sumUs;
    this.#maxUs = Math.max(this.#maxUs, other.#maxUs);
  }

  toJSON(): HistogramJson {
    const buckets: [number, number][] = [];
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const values = this.#buckets[bucket] as number;
      if (values > 0) buckets.push([upperBoundUs(bucket), values]);
    }
    return { count: this.#count, sumUs: this.#sumUs, maxUs: this.#maxUs, buckets };
  }
}

import type { ConnectionLimitSpec, RateLimitSpec } from '../../protocol/supervision/guards.ts';
import { LeakyBuckets, type RateZone } from './leaky-buckets.ts';

/** How many requests of each key are in progress; those of none are not held. */
export type Counters = Map<string, number>;

/** What limits know of their keys. It outlives a reload, as long as the limit is the same. */
export class LimitZones {
  readonly #report: (line: string) => void;
  #rates = new Map<string, RateZone>();
  #counters = new Map<string, Counters>();
  #ratesBefore = new Map<string, RateZone>();
  #countersBefore = new Map<string, Counters>();

  /** @param report writes a line to the error log, unless there are too many */
  constructor(report: (line: string) => void) {
    this.#report = report;
  }

  /** Another configuration begins: what it does not ask for is forgotten when the next one does. */
  reset(): void {
    this.#ratesBefore = this.#rates;
    this.#countersBefore = this.#counters;
    this.#rates = new Map();
    this.#counters = new Map();
  }

  rateZone({ zone, key, perSecond, keys }: RateLimitSpec): RateZone {
    const id = JSON.stringify([zone, key, perSecond, keys]);
    const known = this.#rates.get(id) ?? this.#ratesBefore.get(id);
    const rates = known ?? new LeakyBuckets(perSecond, keys);
    this.#rates.set(id, rates);
    return rates;
  }

  counters({ zone, key }: ConnectionLimitSpec): Counters {
    const id = JSON.stringify([zone, key]);
    const counters = this.#counters.get(id) ?? this.#countersBefore.get(id) ?? new Map<string, number>();
    this.#counters.set(id, counters);
    return counters;
  }

  report(line: string): void {
    this.#report(line);
  }
}

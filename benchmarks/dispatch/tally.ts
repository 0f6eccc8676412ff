// Counts what became of the requests of one class.

import { quantile } from '../whole/statistics.ts';
import type { ClassResult } from './turn.ts';

/** A response that comes later is of no use to whoever asked: browsers' users leave. */
const GOOD_MS = 1000;

export class Tally {
  due = 0;
  refused = 0;
  failed = 0;
  unsent = 0;
  readonly #latencies: number[] = [];
  #answeredInWindow = 0;
  #goodInWindow = 0;

  /** A response with status 200. `wasDue`, `isNow`: whether that was, and is, in the window. */
  answer(latencyMs: number, wasDue: boolean, isNow: boolean): void {
    if (wasDue) this.#latencies.push(latencyMs);
    if (!isNow) return;
    this.#answeredInWindow += 1;
    if (latencyMs <= GOOD_MS) this.#goodInWindow += 1;
  }

  result(windowMs: number): ClassResult {
    const sorted = Float64Array.from(this.#latencies).sort();
    const missing = this.failed + this.unsent;
    return {
      due: this.due,
      answeredPerSecond: (this.#answeredInWindow * 1000) / windowMs,
      goodPerSecond: (this.#goodInWindow * 1000) / windowMs,
      refused: this.refused,
      failed: this.failed,
      unsent: this.unsent,
      p50Ms: quantile(sorted, 0.5, missing),
      p99Ms: quantile(sorted, 0.99, missing),
      p999Ms: quantile(sorted, 0.999, missing),
      maxMs: quantile(sorted, 1, missing),
    };
  }
}

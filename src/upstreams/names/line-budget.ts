const MOST = 10;
const REFILL_MS = 3_600_000;

/** Ten lines, and one more each hour: names of content networks have other addresses every minute, and may not fill the log. */
export class LineBudget {
  readonly #now: () => number;
  #left = MOST;
  #countedMs: number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#countedMs = now();
  }

  /** Whether one more may be written. */
  take(): boolean {
    const nowMs = this.#now();
    this.#left = Math.min(MOST, this.#left + (nowMs - this.#countedMs) / REFILL_MS);
    this.#countedMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}

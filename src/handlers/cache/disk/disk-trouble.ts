const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;
/** A failure so long after the last pause has nothing to do with it. */
const CALM_MS = 60_000;

/**
 * Whether a folder can be written to, as far as is known. After a failure nothing is written for a while, longer each time, and then it is tried
 * again: so a full disk costs requests nothing, and the log gets a line per change, not per request. Times are on the clock of performance.now.
 */
export class DiskTrouble {
  #pauseMs = 0;
  #untilMs = Number.NEGATIVE_INFINITY;
  #hasFailed = false;

  mayWrite(nowMs: number): boolean {
    return nowMs >= this.#untilMs;
  }

  /** Returns whether that is news. */
  failed(nowMs: number): boolean {
    // Several had been begun: the first has told it.
    if (!this.mayWrite(nowMs)) return false;
    const isCalm = nowMs - this.#untilMs > CALM_MS;
    this.#pauseMs = isCalm ? FIRST_PAUSE_MS : Math.min(2 * this.#pauseMs, MAX_PAUSE_MS);
    this.#untilMs = nowMs + this.#pauseMs;
    const isNews = !this.#hasFailed;
    this.#hasFailed = true;
    return isNews;
  }

  /** What was begun then is whole and on disk. Returns whether that is news. */
  succeeded(begunMs: number): boolean {
    if (!this.#hasFailed || !this.mayWrite(begunMs)) return false;
    this.#hasFailed = false;
    return true;
  }
}

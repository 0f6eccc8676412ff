/** How long another process that obtains certificates for the same folder is left alone, each time. */
const YIELD_MS = 3000;

/** That another process obtains certificates for the same folder: this one waits for it, but not for ever. */
export class Yielding {
  readonly #longestMs: number;
  #sinceMs: number | null = null;
  #untilMs = 0;

  /** @param longestMs for which no honest one is at it */
  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  /** Nothing is tried before. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** Whether it still goes first. */
  goesFirst(nowMs: number): boolean {
    return this.#sinceMs === null || Math.abs(nowMs - this.#sinceMs) < this.#longestMs;
  }

  /** Returns whether that is news. */
  begin(nowMs: number): boolean {
    const isNews = this.#sinceMs === null;
    this.#sinceMs ??= nowMs;
    this.#untilMs = nowMs + YIELD_MS;
    return isNews;
  }

  /** Returns whether it was so. */
  end(): boolean {
    const hasBegun = this.#sinceMs !== null;
    this.#sinceMs = null;
    this.#untilMs = 0;
    return hasBegun;
  }
}

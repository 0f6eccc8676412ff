/** The first pause; each further one is twice as long. */
const FIRST_PAUSE_MS = 100;
/** After this long without a failure the next one counts as the first. */
const FORGET_AFTER_MS = 10_000;

/**
 * How long to wait before something that failed is tried again: not at all after a lone failure where `isFirstFree`, then
 * growing pauses up to `maxPauseMs`. Knows no clock: the caller says what time it is.
 */
export class BackOff {
  readonly #maxPauseMs: number;
  readonly #isFirstFree: boolean;
  #failures = 0;
  #pauseMs = 0;
  #lastFailureMs = 0;

  constructor(options: { readonly maxPauseMs: number; readonly isFirstFree: boolean }) {
    this.#maxPauseMs = options.maxPauseMs;
    this.#isFirstFree = options.isFirstFree;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Length of the pause that the last failure caused; 0 for none. */
  get pauseMs(): number {
    return this.#pauseMs;
  }

  get notBeforeMs(): number {
    return this.#lastFailureMs + this.#pauseMs;
  }

  failed(nowMs: number): void {
    // Several that were tried together fail together: that is one failure.
    if (this.#failures > 0 && nowMs < this.notBeforeMs) return;
    if (nowMs > this.notBeforeMs + FORGET_AFTER_MS) this.#failures = 0;
    this.#failures++;
    const doublings = this.#failures - (this.#isFirstFree ? 2 : 1);
    this.#pauseMs = doublings < 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** doublings, this.#maxPauseMs);
    this.#lastFailureMs = nowMs;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#pauseMs = 0;
  }
}

import type { HealthCheckSpec } from '../../protocol/supervision/upstream.ts';

/** What a check has come to: why it was bad, or null. */
export type Finding = string | null;

/** From one finding after the other, whether a server is well. The first decides at once, since nothing else is known. */
export class Verdict {
  readonly #rises: number;
  readonly #falls: number;
  #isWell: boolean | null = null;
  /** Findings in a row that speak against what is thought now. */
  #against = 0;

  constructor({ rises, falls }: Pick<HealthCheckSpec, 'rises' | 'falls'>) {
    this.#rises = rises;
    this.#falls = falls;
  }

  /** What has changed by it; null: nothing. */
  take(isGood: boolean): 'sick' | 'well' | null {
    if (this.#isWell === null) {
      this.#isWell = isGood;
      return isGood ? null : 'sick';
    }
    this.#against = isGood === this.#isWell ? 0 : this.#against + 1;
    if (this.#against < (isGood ? this.#rises : this.#falls)) return null;
    this.#against = 0;
    this.#isWell = isGood;
    return isGood ? 'well' : 'sick';
  }
}

import type { HealthCheckSpec } from '../../protocol/supervision/upstream.ts';

/** What a check has come to: why it was bad, or null. */
export type Finding = string | null;

/** From one finding after the other, whether a server is well. The first decides at once. */
export class Verdict {
  readonly #rises: number;
  readonly #falls: number;
  #isWell: boolean;
  #isFirst = true;
  /** Findings in a row that speak against what is thought now. */
  #against = 0;

  /** @param isWell what is thought of it so far */
  constructor({ rises, falls }: Pick<HealthCheckSpec, 'rises' | 'falls'>, isWell = true) {
    this.#rises = rises;
    this.#falls = falls;
    this.#isWell = isWell;
  }

  /** What has changed by it; null: nothing. */
  take(isGood: boolean): 'sick' | 'well' | null {
    this.#against = isGood === this.#isWell ? 0 : this.#against + 1;
    const enough = this.#isFirst ? 1 : isGood ? this.#rises : this.#falls;
    this.#isFirst = false;
    if (this.#against < enough) return null;
    this.#against = 0;
    this.#isWell = isGood;
    return isGood ? 'well' : 'sick';
  }
}

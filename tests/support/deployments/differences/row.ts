import type { Difference } from '../compare.ts';

/** One thing that is not as under Gunicorn, and why is told in docs/gunicorn.md. */
export interface Row {
  /** A part of that page, in its words. */
  readonly told: string;
  /** It is seen wherever it may be, and no deployment has to name it. */
  readonly everywhere?: true;
  readonly shows: readonly Pattern[];
}

export const ANYTHING = 'anything, or nothing';

/** A side that is left out has nothing there. */
export interface Pattern {
  readonly where: RegExp;
  readonly gunicorn?: RegExp | typeof ANYTHING;
  readonly kirin?: RegExp | typeof ANYTHING;
}

export function matches({ where, gunicorn, kirin }: Pattern, difference: Difference): boolean {
  return where.test(difference.where) && side(gunicorn, difference.gunicorn) && side(kirin, difference.kirin);
}

function side(pattern: Pattern['kirin'], value: string | undefined): boolean {
  if (pattern === ANYTHING) return true;
  return pattern === undefined || value === undefined ? pattern === value : pattern.test(value);
}

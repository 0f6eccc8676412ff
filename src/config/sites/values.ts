// What values of several tables are read as.

import { type FileValue, ValueProblem } from '../setting.ts';

const SECONDS_OF: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};
const MOST_SECONDS = 10 * 31_536_000;
/** Timers of Node hold no more than 2^31 milliseconds. */
const MOST_WAIT_MS = 24 * 86_400_000;

export function truth(value: FileValue): boolean {
  if (typeof value === 'boolean') return value;
  throw new ValueProblem('not true or false');
}

/** Whole seconds: a number of them, or one with s, m, h, d, w or y. */
export function seconds(value: FileValue): number {
  const given = secondsOf(value, /^(\d+)([smhdwy])$/);
  if (given !== null && Number.isInteger(given) && given <= MOST_SECONDS) return given;
  throw new ValueProblem('not a number of seconds, or one such as "30d" (s, m, h, d, w, y; at most "10y")');
}

/** For how long something is waited: `"500ms"`, `"10s"`, `"2m"`, or a number of seconds. In milliseconds, from `leastMs` on. */
export function waitFrom(leastMs: number): (value: FileValue) => number {
  return (value) => {
    const given = secondsOf(value, /^(\d+(?:\.\d+)?)(ms|[smhd])$/);
    const ms = given === null ? -1 : Math.round(given * 1000);
    if (ms >= leastMs && ms <= MOST_WAIT_MS) return ms;
    const least = leastMs === 0 ? '' : `; at least "${leastMs}ms"`;
    throw new ValueProblem(
      `not a time such as "10s" or "500ms" (ms, s, m, h, d; at most "24d")${least}, or a number of seconds`,
    );
  };
}

const BYTES_OF: Readonly<Record<string, number>> = { k: 1 << 10, m: 1 << 20, g: 1 << 30 };

/** A number of bytes, or one with k, m or g. */
export function byteCount(value: FileValue): number {
  const [, digits, unit = ''] = (typeof value === 'string' && /^(\d+)([kmg])$/i.exec(value)) || [];
  const bytes = digits === undefined ? value : Number(digits) * (BYTES_OF[unit.toLowerCase()] as number);
  if (typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
  throw new ValueProblem('not a number of bytes, or one such as "10m" (k, m, g)');
}

/** null: no time. */
function secondsOf(value: FileValue, form: RegExp): number | null {
  if (typeof value === 'number') return value >= 0 ? value : null;
  const [, digits, unit = ''] = (typeof value === 'string' && form.exec(value)) || [];
  return digits === undefined ? null : Number(digits) * (SECONDS_OF[unit] as number);
}

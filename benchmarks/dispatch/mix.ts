// What is asked for, request by request. The servers' application (app.py) knows the same rules.

/** How long a request takes, which is how the report tells them apart. */
export type RequestClass = 'fast' | 'slow';

export interface Target {
  readonly path: string;
  readonly requestClass: RequestClass;
}

export const FAST_MS = 1;
export const SLOW_MS = 200;
export const SHORT_SLEEP_MS = 5;

const HELLO: Target = { path: '/', requestClass: 'fast' };
const SHORT_SLEEP: Target = { path: `/fast?ms=${SHORT_SLEEP_MS}`, requestClass: 'fast' };
const FAST: Target = { path: '/fast', requestClass: 'fast' };
const FAST_SPIN: Target = { path: '/fast?kind=spin', requestClass: 'fast' };
const SLOW: Target = { path: '/slow', requestClass: 'slow' };

/** By name: the target of the request with this number. */
export const MIXES = {
  hello: () => HELLO,
  'short-sleep': () => SHORT_SLEEP,
  fast: () => FAST,
  slow: () => SLOW,
  route: (number) => (isSlow(number) ? SLOW : FAST),
  hidden: (number) => ({ path: `/mixed?n=${number}`, requestClass: isSlow(number) ? 'slow' : 'fast' }),
  spin: (number) => (isSlow(number) ? SLOW : number % 2 === 0 ? FAST : FAST_SPIN),
} as const satisfies Record<string, (number: number) => Target>;

export type MixName = keyof typeof MIXES;

/** Of the mixes in which one of a hundred is slow. */
export const MIXED_MEAN_MS = 0.99 * FAST_MS + 0.01 * SLOW_MS;

/** One of a hundred numbers, as if each were drawn by itself: so slow ones come in clusters, too. */
export function isSlow(number: number): boolean {
  let mixed = Math.imul(number + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
  return ((mixed ^ (mixed >>> 13)) >>> 0) % 100 === 0;
}

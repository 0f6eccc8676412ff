import type { Random } from '../../../../support/random.ts';

const NAMES = [
  'accept-ranges',
  'cache-control',
  'content-type',
  'date',
  'etag',
  'last-modified',
  'server',
  'set-cookie',
  'vary',
  'x-frame-options',
  'x-own',
  'x-request-id',
];
const VALUES = [
  '',
  'a',
  'text/html; charset=utf-8',
  'no-cache',
  'max-age=600',
  'nosniff',
  '<>',
  '0',
  '12345678',
];

/** Of those that may stand in a value: no control characters. */
const VISIBLE = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('');
const LATIN1 = Array.from({ length: 96 }, (_, index) => String.fromCharCode(160 + index)).join('');

/** Names and values in turn; many come again, some are long, and some are not of ASCII. */
export function randomFields(random: Random, most: number): string[] {
  return Array.from({ length: random.below(most + 1) }, () => [
    randomName(random),
    randomValue(random),
  ]).flat();
}

function randomName(random: Random): string {
  if (random.chance(0.8)) return random.of(NAMES);
  return `x-${Array.from({ length: random.below(20) }, () => 'abcdefghijklmnopqrstuvwxyz-_'[random.below(28)]).join('')}`;
}

function randomValue(random: Random): string {
  if (random.chance(0.6)) return random.of(VALUES);
  const from = random.chance(0.7) ? VISIBLE : LATIN1;
  const length = random.chance(0.05) ? random.below(9000) : random.below(60);
  return Array.from({ length }, () => from[random.below(from.length)]).join('');
}

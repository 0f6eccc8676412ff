import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ArrivalKind, arrivalsOf, BURST_SIZE } from '../../../../benchmarks/dispatch/arrivals.ts';

function first(count: number, kind: ArrivalKind, perSecond: number, seed = 1): number[] {
  const next = arrivalsOf(kind, perSecond, seed);
  return Array.from({ length: count }, () => next());
}

test('constant arrivals are evenly spaced from the first moment on', () => {
  assert.deepEqual(first(4, 'constant', 500), [0, 2, 4, 6]);
});

test('constant arrivals do not drift where the gap is no round number', () => {
  assert.equal(first(300_001, 'constant', 3000).at(-1), 100_000);
});

test('bursts come all at once, and as often as the rate asks for', () => {
  const moments = first(2 * BURST_SIZE + 1, 'bursts', 1000);
  assert.deepEqual([...new Set(moments)], [0, BURST_SIZE, 2 * BURST_SIZE]);
  assert.equal(moments.filter((moment) => moment === 0).length, BURST_SIZE);
});

test('Poisson arrivals come at the rate, with gaps as scattered as their mean', () => {
  const moments = first(100_000, 'poisson', 1000);
  const gaps = moments.map((moment, index) => moment - (moments[index - 1] ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  assert.ok(Math.abs(mean - 1) < 0.02, `mean gap ${mean} ms`);
  assert.ok(Math.abs(Math.sqrt(variance) - 1) < 0.03, `deviation ${Math.sqrt(variance)} ms`);
  assert.ok(gaps.every((gap) => gap >= 0));
});

test('Poisson arrivals are the same for the same seed, and others for another', () => {
  assert.deepEqual(first(10, 'poisson', 1000, 7), first(10, 'poisson', 1000, 7));
  assert.notDeepEqual(first(10, 'poisson', 1000, 7), first(10, 'poisson', 1000, 8));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, quantile, ratioByRound } from '../../../benchmarks/whole/statistics.ts';

test('the median is the middle value, whatever the order', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test('a ratio compares within a round, so a slow round of the machine does not distort it', () => {
  assert.equal(ratioByRound([800, 80, 800], [100, 10, 100]), 8);
});

test('rounds that one of the two lacks do not count', () => {
  assert.equal(ratioByRound([10, null, 30], [5, 5, null]), 2);
  assert.ok(Number.isNaN(ratioByRound([1], [])));
});

test('a quantile is the least value that as large a share does not exceed', () => {
  const values = Float64Array.from({ length: 100 }, (_, index) => index + 1);
  assert.equal(quantile(values, 0.5), 50);
  assert.equal(quantile(values, 0.99), 99);
  assert.equal(quantile(values, 0.999), 100);
  assert.equal(quantile(values, 0), 1);
  assert.equal(quantile(Float64Array.of(), 0.5), null);
});

test('what is missing lies above all values', () => {
  const values = Float64Array.from({ length: 99 }, (_, index) => index + 1);
  assert.equal(quantile(values, 0.5, 1), 50);
  assert.equal(quantile(values, 0.99, 1), 99);
  assert.equal(quantile(values, 1, 1), null);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineBudget } from '../../../../src/upstreams/names/line-budget.ts';

test('ten lines may be written at once, and then one an hour', () => {
  let nowMs = 5;
  const budget = new LineBudget(() => nowMs);
  const takes = (count: number) => Array.from({ length: count }, () => budget.take()).filter(Boolean).length;
  assert.equal(takes(20), 10);
  nowMs += 3_599_000;
  assert.equal(takes(5), 0);
  nowMs += 2000;
  assert.equal(takes(5), 1);
  nowMs += 1000 * 3_600_000;
  assert.equal(takes(20), 10);
});

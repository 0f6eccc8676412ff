import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../../../src/arbiter/acme/duration.ts';

test('a duration is told in the unit that suits it', () => {
  assert.deepEqual([100, 1500, 60_000, 90_000, 43_200_000].map(duration), [
    '0.1 s',
    '1.5 s',
    '1 min',
    '1.5 min',
    '12 h',
  ]);
});

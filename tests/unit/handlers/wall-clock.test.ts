import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sinceEpochUs } from '../../../src/handlers/wall-clock.ts';

test('a moment is told as a time of day, to the microsecond', () => {
  const momentMs = performance.now();
  const earlier = sinceEpochUs(momentMs - 1.5);
  assert.ok(Number.isSafeInteger(earlier));
  assert.ok(Math.abs(sinceEpochUs(momentMs) - earlier - 1500) <= 1);
  assert.ok(Math.abs(earlier / 1000 - Date.now()) < 1000);
});

test('a time of day that was set since is followed', (t) => {
  const hourMs = 3_600_000;
  const now = Date.now.bind(Date);
  t.mock.method(Date, 'now', () => now() + hourMs);
  const set = sinceEpochUs(performance.now()) / 1000;
  assert.ok(Math.abs(set - (now() + hourMs)) < 1000);
  t.mock.restoreAll();
  assert.ok(Math.abs(sinceEpochUs(performance.now()) / 1000 - now()) < 1000);
});

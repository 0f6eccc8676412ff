import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppMetrics } from '../../../src/observe/app-metrics.ts';

test('times that are not known are not counted', () => {
  const metrics = new AppMetrics();
  metrics.record(5, 20);
  metrics.record(-1, 30);
  metrics.record(0, -1);
  assert.deepEqual(metrics.queue.toJSON().buckets, [
    [0, 1],
    [5, 1],
  ]);
  assert.deepEqual(metrics.service.toJSON().buckets, [
    [20, 1],
    [30, 1],
  ]);
});

test('failures are counted by their reason', () => {
  const metrics = new AppMetrics();
  for (const reason of ['queue-full', 'overdue', 'queue-full']) metrics.countFailure(reason);
  assert.deepEqual(
    ['queue-full', 'overdue', 'worker-died'].map((reason) => metrics.failures(reason)),
    [2, 1, 0],
  );
});

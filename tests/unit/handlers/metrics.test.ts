import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsText } from '../../../src/handlers/metrics.ts';
import { AppMetrics } from '../../../src/observe/app-metrics.ts';
import { Histogram } from '../../../src/observe/histogram.ts';

const EMPTY = {
  ...{ count: 0, sumUs: 0, maxUs: 0 },
  ...{ p50Us: 0, p90Us: 0, p99Us: 0, p999Us: 0 },
  buckets: [],
};

function lane(worker: { pid: number; generation: number; given: number }, index: number, depth = 0) {
  return { worker, index, depth, isFed: true, service: new Histogram() };
}

test('lanes are shown by worker, each with its own service times', () => {
  const one = { pid: 11, generation: 1, given: 5 };
  const other = { pid: 12, generation: 2, given: 0 };
  const busy = lane(one, 1, 2);
  for (const us of [10, 20, 20, 40]) busy.service.record(us);
  const lanes = [lane(one, 0), { ...lane(other, 0), isFed: false }, busy];
  const page = JSON.parse(metricsText({ lanes, apps: [], upstreams: [], caches: [] }));
  const idle = { index: 0, isFed: true, depth: 0, service: EMPTY };
  assert.deepEqual(page, {
    queue: { length: 0, oldestWaitUs: 0 },
    workers: [
      {
        ...one,
        lanes: [
          idle,
          {
            index: 1,
            isFed: true,
            depth: 2,
            service: {
              ...{ count: 4, sumUs: 90, maxUs: 40 },
              ...{ p50Us: 20, p90Us: 40, p99Us: 40, p999Us: 40 },
              buckets: [
                [10, 1],
                [20, 2],
                [41, 1],
              ],
            },
          },
        ],
      },
      { ...other, lanes: [{ ...idle, isFed: false }] },
    ],
    apps: [],
    upstreams: [],
    caches: [],
  });
});

test('an application has its waits, its service times, and what went wrong by reason', () => {
  const metrics = new AppMetrics();
  for (let at = 1; at <= 1000; at += 1) metrics.record(7, at <= 998 ? 10 : 30);
  const reasons = [
    'queue-full',
    'queued-too-long',
    'stopping',
    'overdue',
    'worker-died',
    'broken-off',
    'client-left',
  ];
  for (const [index, reason] of reasons.entries()) {
    for (let times = 0; times <= index; times += 1) metrics.countFailure(reason);
  }
  const apps = [
    { name: 'shop', mount: '/shop', metrics, queued: 3, oldestWaitMs: 1.5 },
    { name: 'admin', mount: '/admin', metrics: new AppMetrics(), queued: 1, oldestWaitMs: 0.5 },
  ];
  const page = JSON.parse(metricsText({ lanes: [], apps, upstreams: [], caches: [] }));
  assert.deepEqual(page.queue, { length: 4, oldestWaitUs: 1500 });
  const { queue, service, ...rest } = page.apps[0];
  assert.deepEqual(queue.buckets, [[7, 1000]]);
  const { buckets, ...numbers } = service;
  assert.deepEqual(numbers, {
    ...{ count: 1000, sumUs: 10_040, maxUs: 30 },
    ...{ p50Us: 10, p90Us: 10, p99Us: 10, p999Us: 30 },
  });
  assert.deepEqual(rest, {
    name: 'shop',
    mount: '/shop',
    waiting: { length: 3, oldestWaitUs: 1500 },
    refused: { queueLimit: 1, queueTimeout: 2, stopping: 3 },
    failed: { overdue: 4, workerDied: 5, brokenOff: 6 },
    clientLeft: 7,
  });
});

test('an upstream has its servers, with what they were given and how they are', () => {
  const server = {
    address: '10.0.0.1:8000',
    server: 'app:8000',
    state: 'up',
    isBackup: false,
    active: 2,
    given: 40,
    failed: 1,
  } as const;
  const upstreams = [{ name: 'shop', servers: [server] }];
  const page = JSON.parse(metricsText({ lanes: [], apps: [], upstreams, caches: [] }));
  assert.deepEqual(page.upstreams, upstreams);
});

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { Watchdog, watchdogLimitMs } from '../../../src/arbiter/watchdog.ts';

describe("the watchdog's limit", () => {
  const isOurs = (pid: string) => pid === '77';

  it('is what the environment says, in microseconds', () => {
    assert.equal(watchdogLimitMs({ WATCHDOG_USEC: '30000000' }, isOurs), 30_000);
    assert.equal(watchdogLimitMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '77' }, isOurs), 30_000);
  });

  it('is none where there is none, or none for this process', () => {
    for (const WATCHDOG_USEC of [undefined, '', '0', 'soon', '-5']) {
      assert.equal(watchdogLimitMs({ WATCHDOG_USEC }, isOurs), null);
    }
    assert.equal(watchdogLimitMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '78' }, isOurs), null);
  });
});

describe('a watchdog', () => {
  let pings: number[];
  let alive: number;
  let needsEdge: boolean;
  let watchdog: Watchdog;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval'] });
    pings = [];
    alive = 0;
    needsEdge = true;
    watchdog = new Watchdog({
      limitMs: 1000,
      needsEdge: () => needsEdge,
      ping: (id) => pings.push(id),
      tellAlive: () => {
        alive += 1;
      },
    });
  });

  afterEach(() => {
    watchdog.stop();
    mock.timers.reset();
  });

  it('asks the edge twice in its limit, and tells when that has answered', () => {
    mock.timers.tick(1000);
    assert.deepEqual([pings, alive], [[1, 2], 0]);
    watchdog.answered(2);
    assert.equal(alive, 1);
  });

  it('takes an answer that comes too late for none', () => {
    mock.timers.tick(1000);
    watchdog.answered(1);
    assert.equal(alive, 0);
  });

  it('tells by itself where no edge is needed', () => {
    needsEdge = false;
    mock.timers.tick(1000);
    assert.deepEqual([pings, alive], [[], 2]);
  });

  it('is silent when it is stopped', () => {
    watchdog.stop();
    mock.timers.tick(5000);
    assert.deepEqual([pings, alive], [[], 0]);
  });
});

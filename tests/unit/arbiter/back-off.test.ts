import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BackOff } from '../../../src/arbiter/back-off.ts';

/** The pauses that follow failures, each of which comes as soon as the pause before it is over. */
function pauses(backOff: BackOff, count: number): number[] {
  return Array.from({ length: count }, () => {
    backOff.failed(backOff.notBeforeMs);
    return backOff.pauseMs;
  });
}

describe('a back-off', () => {
  it('doubles the pause with each failure, up to the longest', () => {
    const backOff = new BackOff({ maxPauseMs: 1000, isFirstFree: false });
    assert.deepEqual(pauses(backOff, 6), [100, 200, 400, 800, 1000, 1000]);
  });

  it('lets the first failure pass without a pause where it is told to', () => {
    const backOff = new BackOff({ maxPauseMs: 1000, isFirstFree: true });
    assert.deepEqual(pauses(backOff, 4), [0, 100, 200, 400]);
  });

  it('takes failures within a pause for one, since they were tried together', () => {
    const backOff = new BackOff({ maxPauseMs: 30_000, isFirstFree: false });
    for (const nowMs of [5000, 5001, 5040, 5099]) backOff.failed(nowMs);
    assert.equal(backOff.pauseMs, 100);
    assert.equal(backOff.notBeforeMs, 5100);
  });

  it('begins again after ten quiet seconds', () => {
    const backOff = new BackOff({ maxPauseMs: 30_000, isFirstFree: false });
    pauses(backOff, 3);
    backOff.failed(backOff.notBeforeMs + 10_001);
    assert.equal(backOff.pauseMs, 100);
  });

  it('does not count the pause itself as quiet time', () => {
    const backOff = new BackOff({ maxPauseMs: 30_000, isFirstFree: false });
    assert.deepEqual(pauses(backOff, 10).slice(-2), [25_600, 30_000]);
  });

  it('begins again after a success', () => {
    const backOff = new BackOff({ maxPauseMs: 30_000, isFirstFree: false });
    pauses(backOff, 5);
    backOff.succeeded();
    assert.equal(backOff.notBeforeMs <= 3100, true);
    backOff.failed(50_000);
    assert.equal(backOff.pauseMs, 100);
  });
});

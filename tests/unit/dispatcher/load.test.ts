import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { LoadMeter } from '../../../src/dispatcher/load.ts';
import type { LaneLoad } from '../../../src/dispatcher/policy.ts';

function lanes(...depths: number[]): LaneLoad[] {
  return depths.map((depth) => ({
    isFed: true,
    depth,
    isOpen: true,
    loadUs: 0,
    takesSuccessor: false,
    activeSinceMs: 0,
  }));
}

const unfed = (depth: number): LaneLoad => ({
  isFed: false,
  depth,
  isOpen: true,
  loadUs: 0,
  takesSuccessor: false,
  activeSinceMs: 0,
});

describe('the load meter', () => {
  let meter: LoadMeter;

  beforeEach(() => {
    meter = new LoadMeter();
    meter.take(0, 0, []);
  });

  it('reports the most lanes that were busy at one moment, however short', () => {
    meter.noteLaneWakes(lanes(0, 0, 0));
    meter.noteLaneWakes(lanes(1, 0, 0));
    meter.noteLaneWakes(lanes(0, 0, 0));
    const { peakBusyLanes, lanes: fed } = meter.take(0, 0, lanes(0, 0, 0));
    assert.deepEqual({ peakBusyLanes, fed }, { peakBusyLanes: 2, fed: 3 });
  });

  it('begins each report with the lanes that are still busy', () => {
    meter.noteLaneWakes(lanes(1, 1, 0));
    assert.equal(meter.take(0, 0, lanes(1, 0, 0)).peakBusyLanes, 3);
    assert.equal(meter.take(0, 0, lanes(0, 0, 0)).peakBusyLanes, 1);
    assert.equal(meter.take(0, 0, lanes(0, 0, 0)).peakBusyLanes, 0);
  });

  it('counts only lanes that are fed', () => {
    meter.noteLaneWakes([unfed(1), ...lanes(0, 0)]);
    const { peakBusyLanes, lanes: fed } = meter.take(0, 0, [unfed(1), ...lanes(1, 0)]);
    assert.deepEqual({ peakBusyLanes, fed }, { peakBusyLanes: 1, fed: 2 });
  });

  it('never reports more busy lanes than there are', () => {
    meter.noteLaneWakes(lanes(1, 1, 0));
    assert.equal(meter.take(0, 0, lanes(0)).peakBusyLanes, 1);
  });

  it('reports the longest wait of what left the queue, once', () => {
    meter.noteWait(30);
    meter.noteWait(10);
    assert.equal(meter.take(0, 0, []).waitedMs, 30);
    assert.equal(meter.take(0, 0, []).waitedMs, 0);
  });

  it('reports the wait of what still waits', () => {
    meter.noteWait(30);
    const { queued, waitedMs } = meter.take(3, 500, []);
    assert.deepEqual({ queued, waitedMs }, { queued: 3, waitedMs: 500 });
  });

  it('measures nothing until somebody asks', () => {
    const unasked = new LoadMeter();
    unasked.noteLaneWakes(lanes(0, 0));
    unasked.noteWait(1000);
    assert.deepEqual(unasked.take(0, 0, lanes(0, 0)), {
      queued: 0,
      waitedMs: 0,
      peakBusyLanes: 0,
      lanes: 2,
    });
  });
});

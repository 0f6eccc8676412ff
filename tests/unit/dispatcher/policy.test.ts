import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  chooseLane,
  type LaneLoad,
  MAX_DEPTH,
  NO_LANE,
  PACK_BUDGET_US,
  PIPELINE_BUDGET_US,
  RESERVED,
  SUCCESSOR_BUDGET_MS,
  SUCCESSORS_FROM,
} from '../../../src/dispatcher/policy.ts';

const rest = { takesSuccessor: false, activeSinceMs: 0 };
const idle: LaneLoad = { isFed: true, depth: 0, isOpen: true, loadUs: 0, ...rest };
const busy = (loadUs: number, depth = 1): LaneLoad => ({ isFed: true, depth, isOpen: true, loadUs, ...rest });
const closed: LaneLoad = { isFed: true, depth: 1, isOpen: false, loadUs: 5, ...rest };
const running = (activeSinceMs: number): LaneLoad => ({ ...closed, takesSuccessor: true, activeSinceMs });
const fast = { canPipeline: true, canSucceed: true, estimateUs: 10 };
const unproven = { canPipeline: false, canSucceed: false, estimateUs: 0 };
const short = { canPipeline: false, canSucceed: true, estimateUs: 1500 };

describe('the choice of a lane', () => {
  it('takes the first idle lane when all are idle', () => {
    assert.equal(chooseLane([idle, idle], fast, 0, 0, 0), 0);
    assert.equal(chooseLane([idle, idle], unproven, 0, 0, 0), 0);
  });

  it('packs a fast request onto a lane that is awake, even while another is idle', () => {
    assert.equal(chooseLane([idle, busy(10)], fast, 0, 0, 0), 1);
  });

  it('prefers the fuller of two lanes that are awake, so that the other can go idle', () => {
    assert.equal(chooseLane([busy(10), busy(50), idle], fast, 0, 0, 0), 1);
  });

  it('wakes an idle lane rather than let a request wait beyond the packing budget', () => {
    assert.equal(chooseLane([busy(PACK_BUDGET_US - 9), idle], fast, 0, 0, 0), 1);
    assert.equal(chooseLane([busy(PACK_BUDGET_US - 10), idle], fast, 0, 0, 0), 0);
  });

  it('pipelines on the least loaded lane when none is idle', () => {
    assert.equal(chooseLane([busy(900), busy(400)], fast, 0, 0, 0), 1);
  });

  it('leaves a request in the queue when every lane has as much as it may have', () => {
    assert.equal(chooseLane([busy(PIPELINE_BUDGET_US), busy(PIPELINE_BUDGET_US)], fast, 0, 0, 0), -1);
    assert.equal(chooseLane([busy(PIPELINE_BUDGET_US - 1)], fast, 0, 0, 0), 0);
    assert.equal(chooseLane([busy(1, MAX_DEPTH)], fast, 0, 0, 0), -1);
    assert.equal(chooseLane([busy(1, MAX_DEPTH - 1)], fast, 0, 0, 0), 0);
  });

  it('puts a request that has not proved fast on an idle lane only', () => {
    assert.equal(chooseLane([busy(1), idle], unproven, 0, 0, 0), 1);
    assert.equal(chooseLane([busy(1), busy(1)], unproven, 0, 0, 0), -1);
  });

  it('puts nothing behind a request that has not proved fast', () => {
    assert.equal(chooseLane([closed], fast, 0, 0, 0), -1);
    assert.equal(chooseLane([closed, idle], fast, 0, 0, 0), 1);
  });

  it('has a short request succeed another when no lane is idle: the one that has run longest, but not long', () => {
    const now = 100;
    const choose = (lanes: readonly LaneLoad[], request = short) => chooseLane(lanes, request, 0, 8, now);
    assert.equal(choose([running(now - 1), running(now - 1.5)]), 1);
    assert.equal(choose([running(now - 0.5), running(now - SUCCESSOR_BUDGET_MS - 0.1)]), 0);
    assert.equal(choose([running(now - SUCCESSOR_BUDGET_MS - 0.1)]), NO_LANE);
    assert.equal(choose([running(now - 1), idle]), 1);
    assert.equal(choose([running(now - 1)], unproven), NO_LANE);
    assert.equal(choose([{ ...running(now), isFed: false }]), NO_LANE);
  });

  it('has no successors while few requests wait, which the first free lane serves sooner', () => {
    const lanes = Array.from({ length: 6 }, () => running(0));
    assert.equal(chooseLane(lanes, short, 0, 6 * SUCCESSORS_FROM, 0), 0);
    assert.equal(chooseLane(lanes, short, 0, 6 * SUCCESSORS_FROM - 1, 0), NO_LANE);
  });

  it('leaves idle lanes to others where it must, but never all there are', () => {
    assert.equal(chooseLane([idle, idle], unproven, 1, 0, 0), 0);
    assert.equal(chooseLane([closed, idle], unproven, 1, 0, 0), RESERVED);
    assert.equal(chooseLane([idle, idle, idle], unproven, 3, 0, 0), 0);
    assert.equal(chooseLane([idle], unproven, 1, 0, 0), 0);
    assert.equal(chooseLane([closed, closed], unproven, 1, 0, 0), NO_LANE);
  });

  it('pipelines rather than take a lane that is left to others', () => {
    assert.equal(chooseLane([busy(400), idle], fast, 1, 0, 0), 0);
  });

  it('never uses a lane that is not fed', () => {
    assert.equal(chooseLane([{ ...idle, isFed: false }], fast, 0, 0, 0), -1);
    assert.equal(chooseLane([{ ...busy(1), isFed: false }], fast, 0, 0, 0), -1);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Lane } from '../../../src/dispatcher/lane.ts';
import { LaneSupply } from '../../../src/dispatcher/lane-supply.ts';
import { type WorkerFacts, WorkerPeer } from '../../../src/dispatcher/worker-peer.ts';
import { VirtualClock } from './simulation/virtual-clock.ts';

/** A worker that notes how many lanes it is asked for, and has them when the test says so. */
class Elastic extends WorkerPeer {
  readonly asked: number[] = [];

  constructor(facts: Partial<WorkerFacts> = {}) {
    super({
      pid: 1,
      generation: 1,
      laneCount: 2,
      maxLanes: 100,
      hasGreenlets: true,
      maxGiven: Number.POSITIVE_INFINITY,
      ...facts,
    });
    this.isInService = true;
    this.open(this.laneCount);
  }

  open(count: number, { depth = 1, activeSinceMs = 0 } = {}): void {
    for (let n = 0; n < count; n += 1) {
      this.lanes.push({ index: this.lanes.length, depth, activeSinceMs } as Lane);
    }
  }

  widen(count: number): void {
    this.asked.push(count);
  }

  reclaim(): void {}
  release(): void {}
  cancel(): void {}
  interrupt(): void {}
  quit(): void {}
  destroy(): void {}
}

function setUp(...workers: Elastic[]) {
  const clock = new VirtualClock();
  const closed: number[] = [];
  let lacking = 0;
  const supply = new LaneSupply(clock, {
    workers: () => workers,
    lacking: () => lacking,
    close: (lane) => {
      closed.push(lane.index);
      for (const { lanes } of workers) if (lanes.includes(lane)) lanes.splice(lanes.indexOf(lane), 1);
    },
  });
  for (const worker of workers) supply.noteWorker(worker);
  const want = (requests: number) => {
    lacking = requests;
    supply.noteWant();
  };
  /** Whatever is planned until then. */
  const until = (atMs: number) => {
    let isThere = false;
    clock.after(atMs - clock.now(), () => {
      isThere = true;
    });
    while (!isThere) clock.step();
  };
  return { clock, closed, want, until };
}

describe('the supply of lanes', () => {
  it('asks for as many as requests wait, once they have waited for a moment', () => {
    const worker = new Elastic();
    const { want, until } = setUp(worker);
    want(30);
    want(31);
    assert.deepEqual(worker.asked, []);
    until(2);
    assert.deepEqual(worker.asked, [31]);
  });

  it('asks for none when none wait any more, and never for more than the worker can have', () => {
    const worker = new Elastic({ maxLanes: 10 });
    const { want, until } = setUp(worker);
    want(5);
    want(0);
    until(5);
    assert.deepEqual(worker.asked, []);
    want(50);
    until(10);
    assert.deepEqual(worker.asked, [8]);
  });

  it('spreads them over the workers, and leaves out those that take no requests', () => {
    const [one, two, full, stalled, retiring] = [
      new Elastic(),
      new Elastic(),
      new Elastic({ maxLanes: 2 }),
      new Elastic(),
      new Elastic(),
    ];
    stalled.isStalled = true;
    retiring.isInService = false;
    const { want, until } = setUp(one, two, full, stalled, retiring);
    want(31);
    until(2);
    assert.deepEqual(
      [one, two, full, stalled, retiring].map(({ asked }) => asked),
      [[16], [15], [], [], []],
    );
  });

  it('waits for those that it has asked for, for a second', () => {
    const worker = new Elastic();
    const { want, until } = setUp(worker);
    want(10);
    until(5);
    want(12);
    until(500);
    assert.deepEqual(worker.asked, [10]);
    worker.open(3);
    want(9);
    until(1100);
    want(9);
    until(1200);
    assert.deepEqual(worker.asked, [10, 9]);
    worker.open(9);
    want(1);
    until(1300);
    assert.deepEqual(worker.asked, [10, 9, 1]);
  });

  it('never asks a worker whose lanes are threads', () => {
    const worker = new Elastic({ maxLanes: 2, hasGreenlets: false });
    const { clock, want } = setUp(worker);
    want(30);
    assert.equal(clock.step(), false);
    assert.deepEqual(worker.asked, []);
  });

  it('closes those beyond the first ones that have had nothing to do for half a minute', () => {
    const worker = new Elastic();
    const { clock, closed, want, until } = setUp(worker);
    want(3);
    until(2);
    worker.open(1, { depth: 0, activeSinceMs: 0 });
    worker.open(1, { depth: 1, activeSinceMs: 0 });
    worker.open(1, { depth: 0, activeSinceMs: 15_000 });
    until(29_000);
    assert.deepEqual(closed, []);
    until(31_000);
    assert.deepEqual(closed, [2]);
    until(52_000);
    assert.deepEqual(closed, [2, 4]);
    // The one that is busy is looked after until it is not.
    for (const lane of worker.lanes) (lane as { depth: number }).depth = 0;
    while (clock.step());
    assert.deepEqual(closed, [2, 4, 3]);
    assert.equal(worker.lanes.length, 2);
  });
});

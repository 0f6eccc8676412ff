import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { AppPlan } from '../../../src/arbiter/app-plan.ts';
import type { Application } from '../../../src/arbiter/application.ts';
import { Fleet } from '../../../src/arbiter/fleet.ts';
import type { Log } from '../../../src/arbiter/log.ts';
import { Scaler } from '../../../src/arbiter/scaler.ts';
import type { Sample } from '../../../src/arbiter/scaling.ts';

const MB = 2 ** 20;

const planFor = (min: number, max: number) =>
  ({ workers: { min, max }, boot: { threads: 1 }, serving: { laneRules: [] } }) as unknown as AppPlan;

const waiting: Sample = {
  waitedMs: 50,
  peakBusyLanes: 2,
  lanes: 2,
  isStaffed: true,
  cores: 4,
  idleCores: 3,
  workerCores: 1,
  memory: { availableBytes: 600 * MB, grantedBytes: 1000 * MB, pressure: 0 },
  workerBytes: 100 * MB,
};
const crowded: Sample = {
  ...waiting,
  memory: { availableBytes: 90 * MB, grantedBytes: 1000 * MB, pressure: 0 },
};
const computing: Sample = { ...waiting, idleCores: 0, workerCores: 4 };

describe('the scaler', () => {
  let lines: string[];
  let fleet: Fleet;
  let app: Application;
  let scaler: Scaler;

  beforeEach(() => {
    lines = [];
    const note = (line: string) => void lines.push(line);
    const log: Log = { debug: note, info: note, warning: note, error: note, critical: note, reopen() {} };
    fleet = new Fleet();
    app = fleet.appAdded('default', 2, 30_000);
    scaler = new Scaler(app, fleet, log, planFor(2, 4), () => {});
  });

  const note = (...samples: readonly Sample[]) => {
    for (const sample of samples) scaler.note(sample);
  };

  it('wants one more, says so, and begins to count anew', () => {
    note(waiting, waiting, waiting);
    assert.equal(app.wanted, 3);
    assert.deepEqual(lines, ['Workers: 2 → 3, requests wait while processors are idle']);
    note(waiting);
    assert.equal(app.wanted, 4);
  });

  it('says what keeps it from more, each once for as long as the number stays', () => {
    note(crowded, crowded, crowded, computing, crowded, computing);
    assert.deepEqual(lines, [
      'Workers: 2, and no more although requests wait: memory is short: 90 MB of 1000 MB are available, and a worker takes 100 MB',
      'Workers: 2, and no more although requests wait: the processors are busy',
    ]);
    note(waiting, waiting, crowded, crowded);
    assert.equal(lines.length, 4);
    assert.match(lines.at(-1) ?? '', /^Workers: 3, and no more although requests wait: memory is short/);
  });

  it('leaves the number alone during a stop', () => {
    fleet.stop = 'draining';
    note(waiting, waiting);
    assert.equal(app.wanted, 2);
  });

  it('moves the number by signals within the range', () => {
    scaler.step(1);
    scaler.step(1);
    scaler.step(1);
    assert.equal(app.wanted, 4);
    for (let steps = 0; steps < 3; steps++) scaler.step(-1);
    assert.equal(app.wanted, 2);
    assert.deepEqual(lines, [
      'Workers wanted: 3',
      'Workers wanted: 4',
      'Workers wanted: 4, the most of 2..4',
      'Workers wanted: 3',
      'Workers wanted: 2',
      'Workers wanted: 2, the least of 2..4',
    ]);
  });

  it('moves a fixed number by signals as far as one likes, but not below one', () => {
    scaler.plan = planFor(2, 2);
    scaler.step(1);
    assert.equal(app.wanted, 3);
    for (let steps = 0; steps < 4; steps++) scaler.step(-1);
    assert.equal(app.wanted, 1);
  });

  it('keeps the number through a reload, as far as the new range goes', () => {
    scaler.step(1);
    scaler.plan = planFor(1, 8);
    assert.equal(app.wanted, 3);
    scaler.plan = planFor(5, 8);
    assert.equal(app.wanted, 5);
    scaler.plan = planFor(1, 2);
    assert.equal(app.wanted, 2);
    scaler.plan = planFor(7, 7);
    assert.equal(app.wanted, 7);
  });

  it('that stands by begins with the least of the range, and goes no further down', () => {
    fleet.standBy(0);
    note(waiting, waiting, waiting);
    scaler.step(-1);
    assert.deepEqual([app.wanted, lines], [0, []]);
    scaler.step(1);
    assert.equal(app.wanted, 2);
  });
});

describe("the scaler's measurements", () => {
  it('belong to a report of the edge, from the second one on', async () => {
    const samples: Sample[] = [];
    const fleet = new Fleet();
    const app = fleet.appAdded('default', 1, 30_000);
    const { number } = fleet.generationStarted(app, 0);
    fleet.generationActivated(number);
    fleet.forkAsked(number);
    fleet.forked(number, process.pid, 0);
    const log = {} as Log;
    const scaler = new Scaler(app, fleet, log, planFor(1, 2), (sample) => samples.push(sample));
    const report = { queued: 1, waitedMs: 20, peakBusyLanes: 1, lanes: 1 };
    await scaler.measure(report, undefined);
    assert.equal(samples.length, 0);
    await scaler.measure(report, undefined);
    assert.equal(samples[0]?.isStaffed, false);
    fleet.workerReady(process.pid);
    await scaler.measure(report, process.ppid);
    const last = samples.at(-1) as Sample;
    assert.deepEqual([last.isStaffed, last.waitedMs, last.peakBusyLanes], [true, 20, 1]);
    assert.ok((last.memory?.availableBytes ?? 0) > 0 && (last.workerBytes ?? 0) > MB);
    assert.ok(last.cores > 0 && last.idleCores <= last.cores);
  });
});

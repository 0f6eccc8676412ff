import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Recommendation, recommend, type Sample, type Staffing } from '../../../src/arbiter/scaling.ts';

const MB = 2 ** 20;

/** Two workers, of 1 to 8, with a thread each, on four processors. */
const STAFFING: Staffing = { wanted: 2, min: 1, max: 8, threads: 1, reservedLanes: 0 };

function sample(facts: Partial<Sample> = {}): Sample {
  return {
    waitedMs: 0,
    peakBusyLanes: 2,
    lanes: 2,
    isStaffed: true,
    cores: 4,
    idleCores: 3,
    workerCores: 1,
    memory: { availableBytes: 600 * MB, grantedBytes: 1000 * MB, pressure: 0 },
    workerBytes: 100 * MB,
    ...facts,
  };
}

const waiting = (facts: Partial<Sample> = {}) => sample({ waitedMs: 50, ...facts });
const repeat = (count: number, facts: Partial<Sample> = {}) =>
  Array.from({ length: count }, () => sample(facts));

function advice(samples: readonly Sample[], staffing: Partial<Staffing> = {}): Recommendation {
  return recommend(samples, { ...STAFFING, ...staffing });
}

const changeOf = (...given: Parameters<typeof advice>) => advice(...given).change;

function hindranceOf(samples: readonly Sample[]): string | null {
  const found = advice(samples);
  return found.change === 0 ? (found.hindrance?.fact ?? null) : `changes by ${found.change}`;
}

describe('one more worker', () => {
  it('is recommended when requests have waited twice while processors were idle', () => {
    assert.deepEqual(advice([waiting(), waiting()]), {
      change: 1,
      reason: 'requests wait while processors are idle',
    });
  });

  it('is not, for a wait that came but once, or was short', () => {
    assert.equal(changeOf([waiting()]), 0);
    assert.equal(changeOf([waiting(), sample()]), 0);
    assert.equal(changeOf([sample(), waiting()]), 0);
    assert.equal(changeOf([waiting({ waitedMs: 9 }), waiting({ waitedMs: 9 })]), 0);
  });

  it('is not beyond the most that there may be', () => {
    assert.equal(changeOf([waiting(), waiting()], { max: 2 }), 0);
  });

  it('is not while another is booting, nor before it has been seen at work', () => {
    const booting = waiting({ isStaffed: false });
    assert.equal(changeOf([waiting(), waiting(), booting]), 0);
    assert.equal(changeOf([booting, booting, waiting()]), 0);
    assert.equal(changeOf([booting, waiting(), waiting()]), 1);
  });

  it('is not for an application that uses the processors up', () => {
    const busy = waiting({ idleCores: 0.1, workerCores: 1.9 });
    assert.equal(hindranceOf([busy, busy]), 'the processors are busy');
    assert.equal(hindranceOf([waiting(), busy]), 'the processors are busy');
  });

  it('is, on a large machine, as long as a twentieth of it is idle', () => {
    const large = { cores: 64, workerCores: 60, peakBusyLanes: 60, lanes: 60 };
    assert.equal(changeOf(Array(2).fill(waiting({ ...large, idleCores: 3.5 })), { wanted: 60, max: 99 }), 1);
    assert.equal(changeOf(Array(2).fill(waiting({ ...large, idleCores: 3 })), { wanted: 60, max: 99 }), 0);
  });

  it('is, where others keep the processors busy and the workers wait for something else', () => {
    const crowded = waiting({ idleCores: 0, workerCores: 0.1 });
    assert.deepEqual(advice([crowded, crowded]), {
      change: 1,
      reason: 'requests wait while workers hardly use the processors',
    });
  });

  it('is not, in a container of a fifth of a processor that the workers use up', () => {
    const small = waiting({ cores: 0.2, idleCores: 0, workerCores: 0.19 });
    assert.equal(changeOf([small, small]), 0);
  });

  it('is not when it would not fit into the memory that is left', () => {
    const tight = waiting({ memory: { availableBytes: 140 * MB, grantedBytes: 1000 * MB, pressure: 0 } });
    assert.equal(
      hindranceOf([tight, tight]),
      'memory is short: 140 MB of 1000 MB are available, and a worker takes 100 MB',
    );
    const enough = waiting({ memory: { availableBytes: 160 * MB, grantedBytes: 1000 * MB, pressure: 0 } });
    assert.equal(changeOf([enough, enough]), 1);
  });

  it('is not while processes wait for memory', () => {
    const pressed = waiting({
      memory: { availableBytes: 600 * MB, grantedBytes: 1000 * MB, pressure: 12.4 },
    });
    assert.equal(hindranceOf([pressed, pressed]), 'processes wait for memory 12 % of the time');
  });

  it('is, where nothing is known of memory', () => {
    const unknown = waiting({ memory: null, workerBytes: null });
    assert.equal(changeOf([unknown, unknown]), 1);
  });

  it('is not for requests that wait because of a limit on their kind, while lanes are free', () => {
    const limited = waiting({ peakBusyLanes: 2, lanes: 4 });
    assert.equal(changeOf([limited, limited], { wanted: 4 }), 0);
    const reserved = waiting({ peakBusyLanes: 2, lanes: 4 });
    assert.equal(changeOf([reserved, reserved], { wanted: 4, reservedLanes: 1 }), 1);
  });
});

describe('one less worker', () => {
  it('is recommended when what ran at once for ten seconds fits into one less', () => {
    assert.deepEqual(advice(repeat(10, { peakBusyLanes: 1 })), {
      change: -1,
      reason: 'at most 1 of 2 lanes were busy for 10 s',
    });
    assert.equal(changeOf(repeat(9, { peakBusyLanes: 1 })), 0);
  });

  it('is not below the least that there may be', () => {
    assert.equal(changeOf(repeat(10, { peakBusyLanes: 0 }), { min: 2 }), 0);
  });

  it('is not when there would be no room to spare', () => {
    const room = (wanted: number) =>
      Math.max(
        ...[...Array(wanted + 1).keys()].filter(
          (peak) => changeOf(repeat(10, { peakBusyLanes: peak }), { wanted }) === -1,
        ),
      );
    assert.deepEqual([2, 3, 4, 5, 6, 8].map(room), [1, 1, 2, 3, 4, 5]);
  });

  it('is not when it was needed a single time', () => {
    const samples = repeat(10, { peakBusyLanes: 0 });
    samples[3] = sample({ peakBusyLanes: 2 });
    assert.equal(changeOf(samples), 0);
    samples.push(...repeat(4, { peakBusyLanes: 0 }));
    assert.equal(changeOf(samples), -1);
  });

  it('is not while requests have to wait for a lane', () => {
    const samples = repeat(10, { peakBusyLanes: 1 });
    samples[9] = waiting({ peakBusyLanes: 1 });
    assert.equal(changeOf(samples), 0);
  });

  it('is not while one is booting or about to leave', () => {
    const samples = repeat(10, { peakBusyLanes: 0 });
    assert.equal(changeOf([...samples, sample({ peakBusyLanes: 0, isStaffed: false })]), 0);
  });

  it('counts the threads of the workers, and lanes that are reserved', () => {
    const threads = { wanted: 3, threads: 4 };
    assert.equal(changeOf(repeat(10, { peakBusyLanes: 6, lanes: 12 }), threads), -1);
    assert.equal(changeOf(repeat(10, { peakBusyLanes: 7, lanes: 12 }), threads), 0);
    assert.equal(changeOf(repeat(10, { peakBusyLanes: 6, lanes: 12 }), { ...threads, reservedLanes: 1 }), 0);
  });
});

describe('a simulated application', () => {
  /** Runs `seconds` of it with so many clients that ask again as soon as they are answered; returns the number of workers over time. */
  function simulate(
    clients: (second: number) => number,
    seconds: number,
    cores: number,
    cpuShare: number,
  ): number[] {
    let wanted = 1;
    let samples: Sample[] = [];
    const course: number[] = [];
    for (let second = 0; second < seconds; second++) {
      const asking = clients(second);
      const busy = Math.min(asking, wanted);
      const workerCores = Math.min(cores, busy * cpuShare);
      samples.push(
        sample({
          waitedMs: asking > wanted ? 100 : 0,
          peakBusyLanes: busy,
          lanes: wanted,
          cores,
          idleCores: cores - workerCores,
          workerCores,
        }),
      );
      const { change } = recommend(samples, { wanted, min: 1, max: 8, threads: 1, reservedLanes: 0 });
      if (change !== 0) samples = [];
      wanted += change;
      course.push(wanted);
    }
    return course;
  }

  it('that waits for others gets as many workers as it has requests, and loses them again', () => {
    const course = simulate((second) => (second < 30 ? 6 : 0), 120, 2, 0.02);
    assert.equal(Math.max(...course), 6);
    assert.equal(course[29], 6);
    assert.equal(course.at(-1), 1);
    assert.ok(course.every((workers, at) => Math.abs(workers - (course[at - 1] ?? 1)) <= 1));
  });

  it('that computes gets as many as there are processors', () => {
    assert.equal(Math.max(...simulate(() => 8, 60, 2, 1)), 2);
    assert.equal(Math.max(...simulate(() => 8, 60, 4, 1)), 4);
  });

  it('under a constant load comes to rest', () => {
    for (let load = 0; load <= 8; load++) {
      const end = simulate(() => load, 300, 2, 0.05).slice(-200);
      assert.equal(new Set(end).size, 1, `${load} clients: ${end.join(' ')}`);
    }
  });
});

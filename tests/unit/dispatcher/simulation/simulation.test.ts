import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Random } from '../../../support/random.ts';
import { type Arrival, quantile, type Scenario, Simulation } from './simulation.ts';

/** 99 % take 1 ms, 1 % take 200 ms: 2.99 ms in the mean. */
const MEAN_MS = 0.99 * 1 + 0.01 * 200;
const byRoute = (random: Random): Arrival =>
  random.chance(0.01) ? { path: '/slow', serviceMs: 200 } : { path: '/quick', serviceMs: 1 };
const hidden = (random: Random): Arrival => ({ path: '/', serviceMs: random.chance(0.01) ? 200 : 1 });

const RULES = [
  { method: null, path: '/1*', limit: 1, reserve: 1 },
  { method: 'GET', path: '/2*', limit: null, reserve: 1 },
];

const eightLanes = (load: number, arrival: Scenario['arrival']): Scenario => ({
  seed: 1,
  workers: 2,
  lanesPerWorker: 4,
  arrivals: 250_000,
  gapMs: MEAN_MS / 8 / load,
  arrival,
});

function quickLatenciesMs(simulation: Simulation): number[] {
  const quick = simulation.jobs.filter(({ serviceMs }) => serviceMs === 1);
  return quick.map((job) => job.endedAtMs - job.arrivedMs).sort((one, other) => one - other);
}

// Every simulation checks, at each of its steps, that no lane is idle while something waits that may have it, and at its end that
// nothing was lost, answered twice, or started twice.
describe('the dispatcher, simulated', () => {
  it('serves a million fast requests at 80 % of what the lanes can do', () => {
    const simulation = new Simulation({
      seed: 1,
      workers: 2,
      lanesPerWorker: 1,
      arrivals: 1_000_000,
      gapMs: 0.05 / 2 / 0.8,
      arrival: () => ({ path: '/', serviceMs: 0.05 }),
    }).run();
    assert.equal(simulation.count('answered'), 1_000_000);
  });

  for (const load of [0.6, 0.9]) {
    it(`keeps quick requests quick beside slow ones of another route, at ${load * 100} % load`, () => {
      const told = new Simulation(eightLanes(load, byRoute)).run();
      const untold = new Simulation(eightLanes(load, hidden)).run();
      const p99Ms = quantile(quickLatenciesMs(told), 0.99);
      const best = quantile(quickLatenciesMs(untold), 0.99);
      assert.ok(
        p99Ms < best / 2,
        `p99 of the quick ones: ${p99Ms} ms, and ${best} ms where routes tell nothing`,
      );
      // They wait, but as long as one can serve them all, not for ever.
      const slow = told.latenciesMs('/slow');
      assert.ok(quantile(slow, 1) < 6000, `the slowest: ${quantile(slow, 1)} ms`);
    });
  }

  it('lets nothing wait long behind a request that has turned out to be slow', () => {
    const simulation = new Simulation({
      ...eightLanes(1, (random) => ({ path: '/', serviceMs: random.chance(0.002) ? 200 : 0.3 })),
      gapMs: (0.3 + 0.4) / 8 / 0.8,
    }).run();
    // 4 ms of work that it was put behind, and two looks.
    assert.ok(simulation.longestBehindMs < 16, `${simulation.longestBehindMs} ms`);
  });

  it('loses nothing and starts nothing twice, whatever dies, leaves or is replaced', () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const scenario: Scenario = {
        seed,
        workers: 1 + (seed % 4),
        lanesPerWorker: 1 + (seed % 3),
        arrivals: 4000,
        gapMs: 0.4,
        deathGapMs: 60,
        replacementGapMs: 40,
        leavingShare: 0.05,
        holdsLock: seed % 5 === 0,
        limits: {
          timeoutMs: seed % 2 === 0 ? 0 : 100,
          queueLimit: seed % 7 === 0 ? 20 : 0,
          queueTimeoutMs: seed % 3 === 0 ? 300 : 0,
          laneRules: seed % 4 === 0 ? RULES : [],
        },
        ...(seed % 6 === 0 && { reloadGapMs: 200 }),
        ...(seed % 7 === 0 && { maxGiven: 100 }),
        arrival: (random) => ({
          method: random.chance(0.3) ? 'POST' : 'GET',
          path: `/${random.below(5)}`,
          serviceMs: random.chance(0.02) ? 150 * random.next() : random.next() * random.next(),
          tailMs: random.chance(0.02) ? 30 * random.next() : 0,
          pieces: random.chance(0.05) ? 1 + random.below(4) : 0,
          pauseMs: random.chance(0.2) ? 40 * random.next() : 0,
        }),
      };
      try {
        new Simulation(scenario).run();
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
  });

  it('has greenlets enough for all that runs at once, and as few as before when that is over', () => {
    const busiest = Math.max(
      ...[1, 2, 3].map((seed) => {
        let most = 0;
        const simulation = new Simulation({
          seed,
          workers: 2,
          lanesPerWorker: 4,
          maxLanesPerWorker: 300,
          arrivals: 8000,
          gapMs: 5,
          leavingShare: 0.02,
          ...(seed === 2 && { deathGapMs: 2000 }),
          ...(seed === 3 && { reloadGapMs: 3000 }),
          arrival: () => {
            most = Math.max(most, simulation.dispatcher.workers.lanes.length);
            return { path: '/', serviceMs: 1000 };
          },
        });
        simulation.run();
        assert.equal(simulation.dispatcher.workers.lanes.length, 8);
        if (seed === 1) {
          assert.ok(quantile(simulation.latenciesMs('/'), 0.99) < 1020);
          assert.equal(simulation.count('answered') + simulation.count('left'), 8000);
        }
        return most;
      }),
    );
    assert.ok(busiest > 150 && busiest <= 600, `${busiest} lanes`);
  });

  it('refuses at once what the queue has no room for, and serves as much as it can', () => {
    const tenfold: Scenario = {
      seed: 1,
      workers: 2,
      lanesPerWorker: 1,
      arrivals: 200_000,
      gapMs: 5 / 2 / 10,
      arrival: () => ({ path: '/', serviceMs: 5 }),
      limits: { queueLimit: 100 },
    };
    const simulation = new Simulation(tenfold).run();
    const [first, last] = [simulation.jobs[0], simulation.jobs.at(-1)];
    assert.ok(first && last);
    const possible = (2 * (last.arrivedMs - first.arrivedMs)) / 5;
    const answered = simulation.count('answered');
    assert.ok(answered > 0.97 * possible, `${answered} of ${possible}`);
    assert.equal(simulation.count('queue-full'), 200_000 - answered);
    const slowest = quantile(simulation.latenciesMs('/'), 1);
    assert.ok(slowest < (5 * 103) / 2 + 20, `the longest wait: ${slowest} ms`);
  });
});

import { Dispatcher, type DispatcherLimits } from '../../../../src/dispatcher/dispatcher.ts';
import type { Job } from '../../../../src/dispatcher/job.ts';
import type { WorkerPeer } from '../../../../src/dispatcher/worker-peer.ts';
import { LIMITS } from '../limits.ts';
import { Random } from './random.ts';
import { type Outcome, SimulatedJob } from './simulated-job.ts';
import { SimulatedWorker, type World } from './simulated-worker.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface Arrival {
  readonly path: string;
  readonly serviceMs: number;
  /** Default: GET. */
  readonly method?: 'GET' | 'POST';
}

export interface Scenario {
  readonly seed: number;
  readonly workers: number;
  readonly lanesPerWorker: number;
  readonly arrivals: number;
  /** Mean time between two arrivals, which know nothing of one another. */
  readonly gapMs: number;
  readonly arrival: (random: Random, nth: number) => Arrival;
  readonly limits?: Partial<DispatcherLimits>;
  readonly holdsLock?: boolean;
  /** Mean times between deaths of workers, replacements of workers. */
  readonly deathGapMs?: number;
  readonly replacementGapMs?: number;
  /** Share of the clients that leave at some moment within the first 50 ms. */
  readonly leavingShare?: number;
}

/** How long the arbiter takes to have another worker ready. */
const BOOT_MS = 30;
/** A due request that was left waiting by a rule is looked at again this often, at the latest. */
const LOOK_MS = 5;

/** Runs the real dispatcher, without sockets and without a clock, and checks at every step what must always hold. */
export class Simulation {
  readonly clock = new VirtualClock();
  readonly jobs: SimulatedJob[] = [];
  readonly dispatcher: Dispatcher;
  readonly #scenario: Scenario;
  readonly #limits: DispatcherLimits;
  readonly #world: World;
  readonly #live = new Set<SimulatedJob>();
  #nextPid = 1;
  #arrived = 0;
  /** Longest time from a lane's being given a request to its beginning. */
  longestBehindMs = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#limits = { ...LIMITS, timeoutMs: 0, ...scenario.limits };
    const ignore = () => {};
    this.dispatcher = new Dispatcher(
      this.#limits,
      {
        workerReady: ignore,
        workerOverdue: ignore,
        workerSpent: ignore,
        workerCondemned: (worker) => this.#kill(worker as SimulatedWorker),
        workerLeaving: (worker) => this.#replace(worker),
        jobExpired: ignore,
        jobRefused: ignore,
        jobRetried: ignore,
        jobLost: ignore,
      },
      this.clock,
    );
    this.#world = {
      clock: this.clock,
      random: new Random(scenario.seed),
      dispatcher: this.dispatcher,
      holdsLock: scenario.holdsLock ?? false,
      begun: (behindMs) => {
        this.longestBehindMs = Math.max(this.longestBehindMs, behindMs);
      },
    };
  }

  run(): this {
    const { workers, deathGapMs, replacementGapMs } = this.#scenario;
    this.dispatcher.activate(1);
    for (let n = 0; n < workers; n += 1) this.#boot();
    this.#every(deathGapMs, () => {
      const worker = this.#anyWorker();
      if (worker !== null) this.#kill(worker);
    });
    this.#every(replacementGapMs, () => {
      const worker = this.#anyWorker();
      if (worker !== null) this.#replace(worker);
    });
    this.#planArrival();
    while (this.clock.step()) this.#check();
    for (const job of this.jobs) this.#checkEnd(job);
    if (this.dispatcher.queued !== 0) throw new Error('something waits that does not exist');
    return this;
  }

  /** Of those that were answered: from arrival to answer, ascending. */
  latenciesMs(path: string): number[] {
    const of = this.jobs.filter(
      ({ route, outcome }) => outcome === 'answered' && route === this.#route(path),
    );
    return of.map((job) => job.endedAtMs - job.arrivedMs).sort((one, other) => one - other);
  }

  count(outcome: Outcome): number {
    return this.jobs.filter((job) => job.outcome === outcome).length;
  }

  #route(path: string) {
    return this.dispatcher.history.of('GET', path);
  }

  // --- what happens ---

  #planArrival(): void {
    const { arrivals, gapMs } = this.#scenario;
    if (this.#arrived >= arrivals) return;
    this.clock.after(this.#world.random.exponential(gapMs), () => {
      this.#arrive();
      this.#planArrival();
    });
  }

  #arrive(): void {
    const { arrival, leavingShare = 0 } = this.#scenario;
    const { random } = this.#world;
    const { path, serviceMs, method = 'GET' } = arrival(random, this.#arrived);
    this.#arrived += 1;
    const route = this.dispatcher.history.of(method, path);
    const job = new SimulatedJob(route, method === 'GET', this.clock.now(), serviceMs, (ended) => {
      ended.endedAtMs = this.clock.now();
      this.#live.delete(ended);
    });
    this.jobs.push(job);
    this.#live.add(job);
    this.dispatcher.submit(job);
    if (random.chance(leavingShare)) this.clock.after(random.next() * 50, () => this.#leave(job));
  }

  #leave(job: SimulatedJob): void {
    if (job.isOver) return;
    this.dispatcher.cancel(job);
    job.end('left');
  }

  #boot(): void {
    const { lanesPerWorker: laneCount } = this.#scenario;
    const facts = { pid: this.#nextPid, generation: 1, laneCount, maxGiven: Number.POSITIVE_INFINITY };
    this.#nextPid += 1;
    new SimulatedWorker(this.#world, facts);
  }

  #kill(worker: SimulatedWorker): void {
    if (worker.isDead) return;
    worker.die();
    if (!worker.isRetiring) this.clock.after(BOOT_MS, () => this.#boot());
  }

  #replace(worker: WorkerPeer): void {
    if (worker.isRetiring) return;
    this.clock.after(BOOT_MS, () => {
      if (worker.isRetiring || (worker as SimulatedWorker).isDead) return;
      this.#boot();
      this.dispatcher.workers.retire(worker.pid);
    });
  }

  #anyWorker(): SimulatedWorker | null {
    const { lanes } = this.dispatcher.workers;
    return lanes.length === 0 ? null : (this.#world.random.pick(lanes).worker as SimulatedWorker);
  }

  /** For as long as requests come. */
  #every(gapMs: number | undefined, callback: () => void): void {
    if (gapMs === undefined) return;
    this.clock.after(this.#world.random.exponential(gapMs), () => {
      if (this.#arrived >= this.#scenario.arrivals) return;
      callback();
      this.#every(gapMs, callback);
    });
  }

  // --- what must hold ---

  #check(): void {
    const { lanes } = this.dispatcher.workers;
    if (this.dispatcher.queued > 0) {
      const idle = lanes.filter((lane) => lane.isFed && lane.depth === 0).length;
      if (idle > 0) this.#checkWaiting(idle);
    }
  }

  /** While a lane is idle, only those wait who leave the last one to others, and not for long. */
  #checkWaiting(idle: number): void {
    const nowMs = this.clock.now();
    for (const job of this.#live) {
      if (job.lane !== null) continue;
      const left = this.dispatcher.quickReserve.idleLanes(this.dispatcher.workers.lanes, nowMs);
      const isPatient = job.isSlow && idle <= left && nowMs < job.dueMs + LOOK_MS;
      if (!isPatient && !this.#isRuled(job)) {
        throw new Error(`${idle} lanes are idle while a request waits: ${job.summary}, now ${nowMs}`);
      }
    }
  }

  #isRuled(_job: Job): boolean {
    return this.#limits.laneRules.length > 0;
  }

  #checkEnd(job: SimulatedJob): void {
    if (job.outcome === null) throw new Error(`a request was lost: ${job.summary}`);
    const most = job.isSafe ? 1 + Math.min(1, job.kills) : 1;
    if (job.starts > most) throw new Error(`a request was started ${job.starts} times: ${job.summary}`);
    if (job.outcome === 'answered' && job.starts === 0) throw new Error(`never started: ${job.summary}`);
    if (job.outcome === 'worker-died' && job.kills === 0) throw new Error(`lost by no death: ${job.summary}`);
  }
}

export function quantile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? Number.NaN;
}

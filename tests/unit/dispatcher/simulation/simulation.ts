import { Dispatcher, type DispatcherLimits } from '../../../../src/dispatcher/dispatcher.ts';
import type { LaneRule } from '../../../../src/dispatcher/lane-rules.ts';
import type { WorkerPeer } from '../../../../src/dispatcher/worker-peer.ts';
import { Random } from '../../../support/random.ts';
import { LIMITS } from '../limits.ts';
import { type Course, type Outcome, SimulatedJob } from './simulated-job.ts';
import { type SimulatedLane, SimulatedWorker, type World } from './simulated-worker.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface Arrival extends Course {
  readonly path: string;
  /** Default: GET. */
  readonly method?: 'GET' | 'POST';
}

export interface Scenario {
  readonly seed: number;
  readonly workers: number;
  readonly lanesPerWorker: number;
  /** Greenlets: more lanes on demand. */
  readonly maxLanesPerWorker?: number;
  readonly arrivals: number;
  /** Mean time between two arrivals, which know nothing of one another. */
  readonly gapMs: number;
  readonly arrival: (random: Random, nth: number) => Arrival;
  readonly limits?: Partial<DispatcherLimits>;
  readonly holdsLock?: boolean;
  /** Mean times between deaths of workers, replacements of workers. */
  readonly deathGapMs?: number;
  readonly replacementGapMs?: number;
  /** Mean time between reloads, each with new rules. */
  readonly reloadGapMs?: number;
  /** Workers are replaced after so many requests. Default: never. */
  readonly maxGiven?: number;
  /** Share of the clients that leave at some moment within the first 50 ms. */
  readonly leavingShare?: number;
}

/** How long the arbiter takes to have another worker ready. */
const BOOT_MS = 30;
/** A due request that was left waiting by a rule is looked at again this often, at the latest. */
const LOOK_MS = 5;
/** The same where only a worker that goes makes room for it: less lanes, less to leave to others. */
const COARSE_LOOK_MS = 100;

/** Runs the real dispatcher, without sockets and without a clock, and checks at every step what must always hold. */
export class Simulation {
  readonly clock = new VirtualClock();
  readonly jobs: SimulatedJob[] = [];
  readonly dispatcher: Dispatcher;
  readonly #scenario: Scenario;
  readonly #limits: DispatcherLimits;
  readonly #world: World;
  readonly #live = new Set<SimulatedJob>();
  readonly #workers = new Set<SimulatedWorker>();
  /** All there ever were. */
  readonly #rules = new Set<LaneRule>();
  /** Those that hold now. */
  #currentRules: LaneRule[] = [];
  /** Since when a request has waited for which nothing says that it must. */
  readonly #idleSinceMs = new Map<SimulatedJob, number>();
  #generation = 1;
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
        workerSpent: (worker) => this.#replace(worker),
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
    const { workers, deathGapMs, replacementGapMs, reloadGapMs } = this.#scenario;
    this.dispatcher.activate(1);
    this.#noteRules();
    for (let n = 0; n < workers; n += 1) this.#boot();
    this.#every(deathGapMs, () => {
      const worker = this.#anyWorker();
      if (worker !== null) this.#kill(worker);
    });
    this.#every(replacementGapMs, () => {
      const worker = this.#anyWorker();
      if (worker !== null) this.#replace(worker);
    });
    this.#every(reloadGapMs, () => this.#reload());
    this.#planArrival();
    while (this.clock.step()) this.#check();
    for (const job of this.jobs) this.#checkEnd(job);
    for (const worker of this.#workers) this.#checkAtRest(worker);
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
    const { path, method = 'GET', ...course } = arrival(random, this.#arrived);
    this.#arrived += 1;
    const route = this.dispatcher.history.of(method, path);
    const job = new SimulatedJob(route, method === 'GET', this.clock.now(), course, (ended) => {
      ended.endedAtMs = this.clock.now();
      this.#live.delete(ended);
      this.#idleSinceMs.delete(ended);
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

  #boot(generation = this.#generation): void {
    const { lanesPerWorker: laneCount, maxGiven = Number.POSITIVE_INFINITY } = this.#scenario;
    const maxLanes = this.#scenario.maxLanesPerWorker ?? laneCount;
    const hasGreenlets = maxLanes > laneCount;
    const facts = { pid: this.#nextPid, generation, laneCount, maxLanes, hasGreenlets, maxGiven };
    this.#nextPid += 1;
    this.#workers.add(new SimulatedWorker(this.#world, facts));
  }

  /** As the arbiter and the edge do it: the new ones come, take over, and the old ones are let go. */
  #reload(): void {
    const old = [...this.#workers];
    this.#generation += 1;
    for (let n = 0; n < this.#scenario.workers; n += 1) this.#boot();
    this.dispatcher.reconfigure(this.#limits);
    this.#noteRules();
    this.dispatcher.activate(this.#generation);
    for (const worker of old) if (!worker.isDead) this.dispatcher.retire(worker.pid);
  }

  #noteRules(): void {
    this.#currentRules = this.#limits.laneRules.map(({ method, path }) => {
      const { rule } = this.dispatcher.history.of(method ?? 'GET', path);
      if (rule === null) throw new Error(`no rule for ${path}`);
      this.#rules.add(rule);
      return rule;
    });
  }

  #kill(worker: SimulatedWorker): void {
    if (worker.isDead) return;
    worker.die();
    this.#workers.delete(worker);
    if (!worker.isRetiring && worker.generation === this.#generation) {
      this.clock.after(BOOT_MS, () => this.#boot());
    }
  }

  #replace(worker: WorkerPeer): void {
    if (worker.isRetiring) return;
    this.clock.after(BOOT_MS, () => {
      if (worker.isRetiring || (worker as SimulatedWorker).isDead) return;
      if (worker.generation !== this.#generation) return;
      this.#boot();
      this.dispatcher.retire(worker.pid);
    });
  }

  #anyWorker(): SimulatedWorker | null {
    const { lanes } = this.dispatcher.workers;
    return lanes.length === 0 ? null : (this.#world.random.of(lanes).worker as SimulatedWorker);
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
      else this.#idleSinceMs.clear();
    }
    for (const rule of this.#rules) {
      const busy = lanes.filter((lane) => ruleOf(lane as SimulatedLane) === rule).length;
      if (rule.lanes !== busy)
        throw new Error(`${rule.lanes} lanes count for a rule, and ${busy} run for it`);
      if (busy > rule.limit)
        throw new Error(`${busy} lanes run for a rule that limits them to ${rule.limit}`);
    }
  }

  /** While a lane is idle, only those wait who leave it to others, and those whose rule has all that it may have. */
  #checkWaiting(idle: number): void {
    const nowMs = this.clock.now();
    const { lanes } = this.dispatcher.workers;
    const fed = lanes.filter(({ isFed }) => isFed).length;
    const quick = this.dispatcher.quickReserve.idleLanes(lanes, nowMs);
    for (const job of this.#live) {
      if (job.lane !== null) continue;
      const { rule } = job.route;
      const others = this.#currentRules.filter((each) => each !== rule);
      let left = others.reduce((sum, { unmet }) => sum + unmet, 0);
      if (job.isSlow && nowMs < job.dueMs) left += quick;
      if (rule?.isFull || idle <= Math.min(left, fed - 1)) {
        this.#idleSinceMs.delete(job);
        continue;
      }
      const sinceMs = this.#idleSinceMs.get(job) ?? nowMs;
      this.#idleSinceMs.set(job, sinceMs);
      // What time alone, or a worker that goes, has changed is seen at the next look.
      const lookMs = job.isSlow ? LOOK_MS : this.#rules.size > 0 ? COARSE_LOOK_MS : 0;
      if (nowMs - sinceMs > lookMs || lookMs === 0) {
        throw new Error(`${idle} lanes are idle while a request waits: ${job.summary}, now ${nowMs}`);
      }
    }
  }

  /** Nothing is left on a worker, and none has stayed that was to go. */
  #checkAtRest(worker: SimulatedWorker): void {
    if (worker.isDead) return;
    if (worker.isRetiring) throw new Error('a worker was never let go');
    for (const lane of worker.lanes) {
      if (lane.depth > 0 || lane.isPaused || lane.isOverdue) throw new Error('a lane is not free again');
    }
  }

  #checkEnd(job: SimulatedJob): void {
    if (job.outcome === null) throw new Error(`a request was lost: ${job.summary}`);
    const most = job.isSafe ? 1 + Math.min(1, job.kills) : 1;
    if (job.starts > most) throw new Error(`a request was started ${job.starts} times: ${job.summary}`);
    if (job.outcome === 'answered' && job.starts === 0) throw new Error(`never started: ${job.summary}`);
    if (job.outcome === 'broken-off' && !job.hasBegun)
      throw new Error(`broken off before it came: ${job.summary}`);
    if (job.outcome === 'worker-died' && job.kills === 0) throw new Error(`lost by no death: ${job.summary}`);
  }
}

/** The rule of the request that the lane runs, or whose close() it runs. */
function ruleOf(lane: SimulatedLane): LaneRule | null {
  return (lane.tailJob ?? lane.jobs[0])?.route.rule ?? null;
}

export function quantile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? Number.NaN;
}

import { BackOff } from './back-off.ts';

/**
 * `booting`: forked, not yet connected. `ready`: serves. `leaving`: serves, and is to be replaced. `retired`: the edge
 * feeds it no more and lets it go when it is idle.
 */
export type WorkerPhase = 'booting' | 'ready' | 'leaving' | 'retired';

export interface Worker {
  readonly pid: number;
  readonly generation: number;
  readonly bornMs: number;
  /** It is to be replaced from then on; Infinity for never. */
  readonly expiresAtMs: number;
  phase: WorkerPhase;
  /** Over a limit: to be replaced when its turn comes, and serving until then. */
  isSpent: boolean;
  /** It is killed at this time unless it has ended; null for never. */
  killAtMs: number | null;
  /** Why it is to be killed, for the log. */
  killReason: string;
  /** KILL was sent. */
  isKilled: boolean;
  /** When its tracebacks were asked for; null when not. */
  dumpedAtMs: number | null;
}

/** `booting`: not serving yet. `active`: the edge feeds it. `ending`: its workers leave. */
export type GenerationPhase = 'booting' | 'active' | 'ending';
/** `staying`: its workers are gone, and it lives on for the sake of server hooks. */
export type ZygotePhase = 'starting' | 'up' | 'quitting' | 'staying' | 'gone';

export interface Generation {
  readonly number: number;
  phase: GenerationPhase;
  zygote: ZygotePhase;
  readonly startedMs: number;
  /** It was active once. */
  hasServed: boolean;
  /** It was said that it takes long to boot. */
  isSlowTold: boolean;
  /** Forks that were asked for and not yet answered. */
  forking: number;
}

/** `draining`: the edge finishes what was accepted. `quitting`: workers and zygotes end. `over`: nothing is left. */
export type StopPhase = 'no' | 'draining' | 'quitting' | 'over';

/** A death at a lower age than this counts against a ready worker. */
const YOUNG_MS = 10_000;
/** How long a dump of all threads' tracebacks may take before the worker is killed. */
const DUMP_TIME_MS = 300;

/**
 * Everything the arbiter knows of its children. Changed only by what has happened; what to do about it is decided in
 * duties.ts. No I/O and no clock.
 */
export class Fleet {
  /** How many workers are wanted. 0: Kirin stands by, without an edge; clients wait in the sockets, or another Kirin has them. */
  wanted: number;
  gracefulMs: number;
  readonly generations = new Map<number, Generation>();
  readonly workers = new Map<number, Worker>();
  /** `leaving`: it finishes what it has accepted, since no worker is wanted. */
  edge: 'down' | 'starting' | 'listening' | 'leaving' = 'down';
  /** An edge that is leaving is killed at this time. */
  edgeKillAtMs = Number.POSITIVE_INFINITY;
  stop: StopPhase = 'no';
  /** A reload is asked for and has not begun. */
  isReloadWanted = false;
  /** How often one was asked for. */
  reloadsAsked = 0;
  /** What a reload begins with. `outdated`: it is being made, and somebody has asked for another reload since. */
  nextPlan: 'not asked for' | 'being made' | 'outdated' | 'there' = 'not asked for';
  /** Kirin has served: from now on nothing that fails to boot ends it. */
  hasServed = false;
  /** Nothing more is tried until the source files change: --reload with an application that does not boot. */
  awaitsChange = false;
  /** Workers that end before they are ready. A long pause costs nothing: they would not have served. */
  readonly bootFailures = new BackOff({ maxPauseMs: 30_000, isFirstFree: false });
  /** Workers that end soon after they were ready. A pause costs capacity, so it stays short. */
  readonly youngDeaths = new BackOff({ maxPauseMs: 1_000, isFirstFree: true });
  /** Zygotes that end unasked. */
  readonly zygoteFailures = new BackOff({ maxPauseMs: 30_000, isFirstFree: true });
  readonly edgeFailures = new BackOff({ maxPauseMs: 5_000, isFirstFree: true });
  /** Workers that the edge told of before their zygote did: those are two channels, and on a busy machine either may be read first. */
  readonly #readyEarly = new Set<number>();
  #lastGeneration = 0;

  constructor(wanted: number, gracefulMs: number) {
    this.wanted = wanted;
    this.gracefulMs = gracefulMs;
  }

  // --- questions ------------------------------------------------------------------------------------------

  get active(): Generation | undefined {
    return this.#first((generation) => generation.phase === 'active');
  }

  /** The generation that is to become the active one. */
  get candidate(): Generation | undefined {
    return this.#first((generation) => generation.phase === 'booting');
  }

  workersOf(generation: number, ...phases: WorkerPhase[]): Worker[] {
    const all = [...this.workers.values()].filter((worker) => worker.generation === generation);
    return phases.length === 0 ? all : all.filter((worker) => phases.includes(worker.phase));
  }

  /** Its zygote has died: nobody reports its end, and nobody may signal it by its zygote. */
  isOrphan(worker: Worker): boolean {
    return this.generations.get(worker.generation)?.zygote === 'gone';
  }

  get orphans(): Worker[] {
    return [...this.workers.values()].filter((worker) => this.isOrphan(worker));
  }

  /** There is an edge, or there should be one. */
  get needsEdge(): boolean {
    return this.edge !== 'down' || (this.stop === 'no' && this.wanted > 0);
  }

  get #isForking(): boolean {
    return [...this.generations.values()].some(({ forking }) => forking > 0);
  }

  #first(isIt: (generation: Generation) => boolean): Generation | undefined {
    return [...this.generations.values()].find(isIt);
  }

  // --- what has happened ----------------------------------------------------------------------------------

  generationStarted(nowMs: number): Generation {
    const generation: Generation = {
      number: ++this.#lastGeneration,
      phase: 'booting',
      zygote: 'starting',
      startedMs: nowMs,
      hasServed: false,
      isSlowTold: false,
      forking: 0,
    };
    this.generations.set(generation.number, generation);
    if (this.isReloadWanted) {
      // Somebody has changed something: what failed before may do now.
      this.bootFailures.succeeded();
      this.youngDeaths.succeeded();
    }
    this.isReloadWanted = false;
    this.nextPlan = 'not asked for';
    return generation;
  }

  reloadAsked(): void {
    this.reloadsAsked++;
    this.isReloadWanted = true;
    if (this.nextPlan === 'being made') this.nextPlan = 'outdated';
    this.awaitsChange = false;
  }

  planAsked(): void {
    this.nextPlan = 'being made';
  }

  /** Returns whether it is what was asked for last. */
  planMade(): boolean {
    const isLatest = this.nextPlan === 'being made';
    this.nextPlan = isLatest ? 'there' : 'not asked for';
    return isLatest;
  }

  /** There is no reload, unless another was asked for meanwhile. */
  planFailed(): void {
    this.isReloadWanted = this.nextPlan === 'outdated';
    this.nextPlan = 'not asked for';
  }

  zygoteBooted(number: number): void {
    const generation = this.generations.get(number);
    if (generation?.zygote === 'starting') generation.zygote = 'up';
  }

  forkAsked(number: number): void {
    const generation = this.generations.get(number);
    if (generation !== undefined) generation.forking++;
  }

  forkFailed(number: number, nowMs: number): void {
    const generation = this.generations.get(number);
    if (generation !== undefined) generation.forking--;
    this.bootFailures.failed(nowMs);
  }

  forked(number: number, pid: number, nowMs: number, expiresAtMs = Number.POSITIVE_INFINITY): void {
    const generation = this.generations.get(number);
    if (generation === undefined) return;
    generation.forking--;
    this.workers.set(pid, {
      pid,
      generation: number,
      bornMs: nowMs,
      expiresAtMs,
      phase: 'booting',
      isSpent: false,
      killAtMs: null,
      killReason: '',
      isKilled: false,
      dumpedAtMs: null,
    });
    if (this.#readyEarly.delete(pid)) this.workerReady(pid);
    if (!this.#isForking) this.#readyEarly.clear();
  }

  /** Returns whether it was news: after its own restart the edge says so again of workers that are known to be ready. */
  workerReady(pid: number): boolean {
    const worker = this.workers.get(pid);
    if (worker === undefined && this.#isForking) this.#readyEarly.add(pid);
    if (worker?.phase !== 'booting') return false;
    worker.phase = 'ready';
    this.bootFailures.succeeded();
    return true;
  }

  /** Returns whether it was news: it is over a limit, and can wait for its turn to be replaced. */
  workerSpent(pid: number): boolean {
    const worker = this.workers.get(pid);
    if (worker?.phase !== 'ready' || worker.isSpent) return false;
    worker.isSpent = true;
    return true;
  }

  /** It is to be replaced at once. Returns whether that was news. */
  workerLeaving(pid: number): boolean {
    const worker = this.workers.get(pid);
    if (worker === undefined || worker.phase === 'leaving' || worker.phase === 'retired') return false;
    worker.phase = 'leaving';
    return true;
  }

  workerRetired(pid: number, nowMs: number): void {
    const worker = this.workers.get(pid);
    if (worker === undefined) return;
    worker.phase = 'retired';
    this.#killLater(worker, nowMs + this.gracefulMs, 'it did not leave within the graceful timeout');
  }

  workerDumped(pid: number, nowMs: number): void {
    const worker = this.workers.get(pid);
    if (worker !== undefined) worker.dumpedAtMs = nowMs;
  }

  workerCondemned(pid: number, nowMs: number): void {
    const worker = this.workers.get(pid);
    if (worker === undefined) return;
    if (worker.phase !== 'retired') worker.phase = 'leaving';
    const dumpEndMs = worker.dumpedAtMs === null ? nowMs : worker.dumpedAtMs + DUMP_TIME_MS;
    this.#killLater(worker, Math.max(nowMs, dumpEndMs), 'its requests are past their deadline');
  }

  #killLater(worker: Worker, atMs: number, reason: string): void {
    if (worker.killAtMs !== null && worker.killAtMs <= atMs) return;
    worker.killAtMs = atMs;
    worker.killReason = reason;
  }

  workerKilled(pid: number): void {
    const worker = this.workers.get(pid);
    if (worker !== undefined) worker.isKilled = true;
  }

  /** Returns what was known of it. */
  workerExited(pid: number, nowMs: number): Worker | undefined {
    const worker = this.workers.get(pid);
    if (worker === undefined) return undefined;
    this.workers.delete(pid);
    const isExpected = worker.isKilled || worker.phase === 'leaving' || worker.phase === 'retired';
    if (worker.phase === 'booting' && !isExpected) this.bootFailures.failed(nowMs);
    else if (!isExpected && nowMs - worker.bornMs < YOUNG_MS) this.youngDeaths.failed(nowMs);
    return worker;
  }

  generationActivated(number: number): void {
    for (const generation of this.generations.values()) {
      if (generation.phase === 'active') generation.phase = 'ending';
      if (generation.number !== number) continue;
      generation.phase = 'active';
      generation.hasServed = true;
    }
    this.hasServed = true;
    this.zygoteFailures.succeeded();
  }

  slowBootTold(number: number): void {
    const generation = this.generations.get(number);
    if (generation !== undefined) generation.isSlowTold = true;
  }

  /** It will not serve. */
  generationAbandoned(number: number): void {
    const generation = this.generations.get(number);
    if (generation !== undefined) generation.phase = 'ending';
  }

  zygoteToldToQuit(number: number): void {
    const generation = this.generations.get(number);
    if (generation !== undefined) generation.zygote = 'quitting';
  }

  zygoteStays(number: number): void {
    const generation = this.generations.get(number);
    if (generation?.zygote === 'quitting') generation.zygote = 'staying';
  }

  /** Returns the generation, and whether the end was asked for. */
  zygoteExited(number: number, nowMs: number): { generation: Generation; wasAsked: boolean } | undefined {
    const generation = this.generations.get(number);
    if (generation === undefined) return undefined;
    const wasAsked = generation.zygote === 'quitting' || generation.zygote === 'staying';
    generation.zygote = 'gone';
    generation.forking = 0;
    if (!wasAsked) this.zygoteFailures.failed(nowMs);
    for (const worker of this.workersOf(number)) {
      // One that was booting may never have reached the edge, which could then not let it go.
      if (wasAsked || worker.phase === 'booting') this.workers.delete(worker.pid);
      else if (worker.phase === 'ready') worker.phase = 'leaving';
    }
    return { generation, wasAsked };
  }

  generationForgotten(number: number): void {
    this.generations.delete(number);
  }

  /** No worker is wanted until somebody says how many are. */
  standBy(nowMs: number): void {
    this.wanted = 0;
    if (this.edge === 'down') this.#endGenerations(nowMs);
  }

  /** It finishes, within `graceMs`, what it has accepted; the workers go with it. */
  edgeLeaving(nowMs: number, graceMs: number): void {
    this.edge = 'leaving';
    this.edgeKillAtMs = nowMs + graceMs;
    for (const worker of this.workers.values()) {
      if (worker.phase === 'ready') worker.phase = 'leaving';
    }
  }

  /** Returns whether that was expected. */
  edgeExited(nowMs: number): boolean {
    if (this.edge === 'down') return true;
    const wasLeaving = this.edge === 'leaving';
    this.edge = 'down';
    this.edgeKillAtMs = Number.POSITIVE_INFINITY;
    if (wasLeaving) this.#endGenerations(nowMs);
    else this.edgeFailures.failed(nowMs);
    return wasLeaving;
  }

  /** The edge has told their workers to quit, and is gone. */
  #endGenerations(nowMs: number): void {
    for (const generation of this.generations.values()) generation.phase = 'ending';
    for (const { pid, phase } of this.workers.values()) {
      if (phase === 'ready' || phase === 'leaving') this.workerRetired(pid, nowMs);
    }
  }
}

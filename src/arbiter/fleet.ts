import { Application, type Standing } from './application.ts';
import { BackOff } from './back-off.ts';
import type { Generation, Worker, WorkerPhase } from './children.ts';

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
  readonly #apps: Application[] = [];
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
  nextPlan: 'not asked for' | 'being made' | 'outdated' = 'not asked for';
  /** What the newest plan says of the edge is not in force yet. */
  isFrontDue = false;
  readonly edgeFailures = new BackOff({ maxPauseMs: 5_000, isFirstFree: true });
  /** Workers that the edge told of before their zygote did: those are two channels, and on a busy machine either may be read first. */
  readonly #readyEarly = new Set<number>();
  #isAtRest = false;
  #lastGeneration = 0;

  // --- questions ------------------------------------------------------------------------------------------

  get apps(): readonly Application[] {
    return this.#apps;
  }

  app(name: string): Application | undefined {
    return this.#apps.find((app) => app.name === name);
  }

  /** No worker of any application is wanted; without applications, nobody has asked for what sites do since. */
  get isStandingBy(): boolean {
    return this.#apps.length > 0 ? this.#apps.every(({ wanted }) => wanted === 0) : this.#isAtRest;
  }

  /** Every application that was there at the start has served. */
  get hasServed(): boolean {
    return this.#apps.every(({ hasServed, isOriginal }) => hasServed || !isOriginal);
  }

  get isReloading(): boolean {
    return this.isReloadWanted || this.isFrontDue || this.#apps.some(({ isReloadDue }) => isReloadDue);
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
    return this.edge !== 'down' || (this.stop === 'no' && !this.isStandingBy);
  }

  get #isForking(): boolean {
    return [...this.generations.values()].some(({ forking }) => forking > 0);
  }

  // --- what has happened ----------------------------------------------------------------------------------

  appAdded(name: string, wanted: number, gracefulMs: number, standing: Standing = 'there'): Application {
    const app = new Application(this, name, wanted, gracefulMs, standing);
    this.#apps.push(app);
    return app;
  }

  generationStarted(app: Application, nowMs: number): Generation {
    const generation: Generation = {
      number: ++this.#lastGeneration,
      app,
      phase: 'booting',
      zygote: 'starting',
      startedMs: nowMs,
      hasServed: false,
      isSlowTold: false,
      forking: 0,
    };
    this.generations.set(generation.number, generation);
    if (app.isReloadDue) {
      // Somebody has changed something: what failed before may do now.
      app.bootFailures.succeeded();
      app.youngDeaths.succeeded();
    }
    app.isReloadDue = false;
    return generation;
  }

  /** For those applications; without any, for all. */
  reloadAsked(apps: readonly Application[] = this.#apps): void {
    this.reloadsAsked++;
    this.isReloadWanted = true;
    if (this.nextPlan === 'being made') this.nextPlan = 'outdated';
    for (const app of apps) {
      app.isReloadAsked = true;
      app.awaitsChange = false;
    }
  }

  planAsked(): void {
    this.nextPlan = 'being made';
  }

  /** Returns whether it is what was asked for last. */
  planMade(): boolean {
    const isLatest = this.nextPlan === 'being made';
    this.nextPlan = 'not asked for';
    if (!isLatest) return false;
    this.isReloadWanted = false;
    this.isFrontDue = true;
    this.#isAtRest = false;
    for (const app of this.#apps) {
      app.isReloadDue ||= app.isReloadAsked;
      app.isReloadAsked = false;
    }
    return true;
  }

  /** There is no reload, unless another was asked for meanwhile. */
  planFailed(): void {
    this.isReloadWanted = this.nextPlan === 'outdated';
    this.nextPlan = 'not asked for';
    if (this.isReloadWanted) return;
    for (const app of this.#apps) app.isReloadAsked = false;
  }

  // --- applications that come and go ----------------------------------------------------------------------

  /** What the newest plan says of the edge is in force: requests go where it sends them. */
  frontApplied(): void {
    this.isFrontDue = false;
    for (const app of this.#apps) app.frontApplied();
  }

  /** An application that it needs does not load: what was in force stays so. */
  frontGivenUp(): void {
    this.isFrontDue = false;
    for (const app of this.#apps) app.frontGivenUp();
  }

  appForgotten(app: Application): void {
    const at = this.#apps.indexOf(app);
    if (at >= 0) this.#apps.splice(at, 1);
  }

  // --- generations and workers ----------------------------------------------------------------------------

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
    if (generation === undefined) return;
    generation.forking--;
    generation.app.bootFailures.failed(nowMs);
  }

  forked(number: number, pid: number, nowMs: number, expiresAtMs = Number.POSITIVE_INFINITY): void {
    const generation = this.generations.get(number);
    if (generation === undefined) return;
    generation.forking--;
    this.workers.set(pid, {
      pid,
      app: generation.app,
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
    worker.app.bootFailures.succeeded();
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
    this.#killLater(worker, nowMs + worker.app.gracefulMs, 'it did not leave within the graceful timeout');
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
    if (worker.phase === 'booting' && !isExpected) worker.app.bootFailures.failed(nowMs);
    else if (!isExpected && nowMs - worker.bornMs < YOUNG_MS) worker.app.youngDeaths.failed(nowMs);
    return worker;
  }

  generationActivated(number: number): void {
    const generation = this.generations.get(number);
    if (generation === undefined) return;
    const { app } = generation;
    if (app.active !== undefined) app.active.phase = 'ending';
    generation.phase = 'active';
    generation.hasServed = true;
    app.hasServed = true;
    app.zygoteFailures.succeeded();
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
    if (!wasAsked) generation.app.zygoteFailures.failed(nowMs);
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
    this.#isAtRest = true;
    for (const app of this.#apps) app.wanted = 0;
    if (this.edge === 'down') this.#endGenerations(nowMs);
  }

  /** One worker more is wanted, of whatever applications there are. */
  wake(): void {
    this.#isAtRest = false;
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

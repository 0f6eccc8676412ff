import type { AppState, ArbiterToEdge, LoadReport } from '../protocol/supervision/edge.ts';
import { DEFAULT_APP } from '../protocol/supervision/front.ts';
import type { LoadFailure } from '../protocol/supervision/load-failure.ts';
import type { AppPlan } from './app-plan.ts';
import type { Application } from './application.ts';
import type { ArbiterEvent, Outcome } from './events.ts';
import type { Fleet } from './fleet.ts';
import { Generations } from './generations.ts';
import type { Around } from './hook-calls.ts';
import { type Log, NamedLog } from './log.ts';
import type { Owner } from './plan.ts';
import { Reloader } from './reloader.ts';
import type { RunFolder } from './run-folder.ts';
import { Scaler } from './scaler.ts';
import type { Sample } from './scaling.ts';
import { megabytes, seconds } from './units.ts';
import { MemoryWatch } from './worker-memory.ts';

export interface AppSurroundings {
  readonly fleet: Fleet;
  readonly log: Log;
  readonly zygoteScript: string;
  readonly runFolder: RunFolder;
  readonly enqueue: (event: ArbiterEvent) => void;
  readonly tellEdge: (message: ArbiterToEdge) => void;
  /** The server hook pre_exec has run. */
  readonly preExecDone: (hasFailed: boolean) => void;
  /** A reload has added an application that does not load. */
  readonly cannotBeAdded: (name: string) => void;
  /** Kirin cannot go on. */
  readonly end: (outcome: Outcome) => void;
}

/** One application: its generations, and what decides how many workers it has, how old they grow and when their code is old. */
export class AppKeeper {
  readonly app: Application;
  readonly generations: Generations;
  readonly #surroundings: AppSurroundings;
  readonly #fleet: Fleet;
  readonly #log: Log;
  readonly #scaler: Scaler;
  readonly #memoryWatch: MemoryWatch;
  readonly #reloader: Reloader;
  #plan: AppPlan;
  /** The newest code does not load, with --reload; null: what is active is the newest. */
  #loadFailure: LoadFailure | null = null;
  /** The generation whose readiness was told last. */
  #toldReady = 0;

  constructor(app: Application, plan: AppPlan, surroundings: AppSurroundings) {
    const { fleet, zygoteScript, runFolder, enqueue, tellEdge, preExecDone, cannotBeAdded, end } =
      surroundings;
    const { name } = app;
    this.app = app;
    this.#plan = plan;
    this.#surroundings = surroundings;
    this.#fleet = fleet;
    this.#log = name === DEFAULT_APP ? surroundings.log : new NamedLog(name, surroundings.log);
    this.generations = new Generations(app, fleet, this.#log, zygoteScript, runFolder, {
      enqueue,
      workerExited: (pid, running) => tellEdge({ type: 'worker-exited', app: name, pid, running }),
      modulesLoaded: (files, sinceMs) => this.#reloader.loaded(files, sinceMs),
      loadFailed: (failure) => this.#noteLoadFailure(failure),
      workersWanted: (count) => this.#scaler.set(count),
      preExecDone,
      cannotBeAdded: () => cannotBeAdded(name),
      end,
    });
    this.#reloader = new Reloader({
      changed: (files) => enqueue({ kind: 'sources-changed', app: name, files }),
      warn: (message) => this.#log.warning(message),
    });
    this.#scaler = new Scaler(app, fleet, this.#log, plan, (sample) =>
      enqueue({ kind: 'load-measured', app: name, sample }),
    );
    this.#memoryWatch = new MemoryWatch(
      () => fleet.workersOf(app.active?.number ?? 0, 'ready').map(({ pid }) => pid),
      (pid, bytes) => enqueue({ kind: 'worker-over-memory', pid, bytes }),
    );
    this.#reloader.follow(plan);
  }

  get log(): Log {
    return this.#log;
  }

  get newestPlan(): AppPlan {
    return this.#plan;
  }

  /** Of the generation that serves. */
  get activePlan(): AppPlan {
    return this.generations.planOf(this.app.active?.number ?? 0) ?? this.#plan;
  }

  /** For an edge that starts. */
  get state(): AppState {
    const { generations, active, standing } = this.app;
    return {
      config: this.activePlan.serving,
      isRouted: standing === 'there' || standing === 'unwanted',
      generations: generations.map(({ number }) => number),
      activeGeneration: active?.number ?? 0,
      loadFailure: this.#loadFailure,
    };
  }

  // --- generations ----------------------------------------------------------------------------------------

  startGeneration(owner: Owner | null, around: Around, nowMs: number): void {
    const generation = this.generations.start(this.#plan, owner, around, nowMs);
    const { serving } = this.#plan;
    this.#surroundings.tellEdge({ type: 'generation-started', generation, app: serving });
  }

  /** For the next generation. */
  takePlan(plan: AppPlan): void {
    this.#plan = plan;
    // More workers come with the new code; the old need not load once more for that.
    const { wanted } = this.app;
    if (plan.workers.min <= wanted || wanted === 0) this.#scaler.plan = plan;
    this.#reloader.follow(plan);
    this.generations.hooks.planMade();
  }

  activate(generation: number): void {
    const isFirst = !this.app.hasServed;
    this.#fleet.generationActivated(generation);
    const { activePlan } = this;
    this.#loadFailure = null;
    this.#memoryWatch.limitBytes = activePlan.maxWorkerBytes;
    this.app.gracefulMs = activePlan.serving.gracefulTimeoutMs;
    this.#surroundings.tellEdge({ type: 'activate', generation, app: activePlan.serving });
    if (!isFirst) this.#scaler.plan = activePlan;
  }

  forget(generation: number): void {
    this.generations.forget(generation);
    this.#surroundings.tellEdge({ type: 'generation-over', generation });
  }

  #noteLoadFailure(failure: LoadFailure): void {
    this.#loadFailure = failure;
    this.#surroundings.tellEdge({ type: 'load-failed', app: this.app.name, failure });
  }

  /** Once for each generation: it serves with all its workers. */
  tellReady(): void {
    const { active, wanted } = this.app;
    if (active === undefined || active.number <= this.#toldReady) return;
    const ready = this.#fleet.workersOf(active.number, 'ready').length;
    if (ready < wanted) return;
    this.#toldReady = active.number;
    const workers = ready === 1 ? '1 worker' : `${ready} workers`;
    this.#log.info(`Ready: ${workers}${active.number === 1 ? '' : `, generation ${active.number}`}`);
  }

  // --- workers --------------------------------------------------------------------------------------------

  /** The worker goes on serving until its turn to be replaced. */
  noteSpent(pid: number, reason: string): void {
    if (!this.#fleet.workerSpent(pid) || this.#fleet.stop !== 'no') return;
    this.#log.info(`Worker (pid:${pid}) is to be replaced: ${reason}`);
  }

  noteExpired(pid: number, nowMs: number): void {
    const ageMs = nowMs - (this.#fleet.workers.get(pid)?.bornMs ?? nowMs);
    const { maxWorkerAgeMs } = this.activePlan;
    const limit = `the limit is ${seconds(maxWorkerAgeMs)} less up to a tenth`;
    this.noteSpent(pid, `it is ${seconds(ageMs)} old, and ${limit}`);
  }

  noteOverMemory(pid: number, bytes: number): void {
    const limit = megabytes(this.activePlan.maxWorkerBytes);
    this.noteSpent(pid, `its memory is ${megabytes(bytes)}, over the limit of ${limit}`);
  }

  // --- how many there are ---------------------------------------------------------------------------------

  measure(load: LoadReport, edgePid: number | undefined): void {
    void this.#scaler.measure(load, edgePid);
  }

  noteSample(sample: Sample): void {
    this.#scaler.note(sample);
  }

  /** One more or one less, by a signal. */
  step(change: 1 | -1): void {
    this.#scaler.step(change);
  }

  /** Nothing is watched or measured any more. */
  close(): void {
    this.#memoryWatch.stop();
    this.#reloader.close();
  }
}

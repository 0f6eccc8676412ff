import type { ExitStatus } from '../protocol/supervision/edge.ts';
import type { LoadFailure } from '../protocol/supervision/load-failure.ts';
import type { ZygoteToArbiter } from '../protocol/supervision/zygote.ts';
import type { AppPlan } from './app-plan.ts';
import type { Application } from './application.ts';
import type { Worker } from './children.ts';
import { SLOW_BOOT_MS } from './duties.ts';
import type { ArbiterEvent, Outcome } from './events.ts';
import { describeExit, describeWorkerExit } from './exit-status.ts';
import type { Fleet } from './fleet.ts';
import { type Around, HookCalls } from './hook-calls.ts';
import type { Log } from './log.ts';
import { readOomKills } from './memory-events.ts';
import { type ForeignProcess, identify, isRunning, killForeign } from './orphans.ts';
import type { Owner } from './plan.ts';
import type { RunFolder } from './run-folder.ts';
import { ZygoteProcess } from './zygote-process.ts';

/** Exit codes of a worker that could not load the application; Gunicorn's. */
const BOOT_ERROR = 3;
const APP_LOAD_ERROR = 4;

export interface GenerationsOwner {
  enqueue(event: ArbiterEvent): void;
  workerExited(pid: number, running: readonly number[]): void;
  /** By a generation that began at `sinceMs`, of the clock of Date. */
  modulesLoaded(files: readonly string[], sinceMs: number): void;
  /** With --reload: the newest code does not load. */
  loadFailed(failure: LoadFailure): void;
  /** A server hook has set server.num_workers. */
  workersWanted(count: number): void;
  /** The server hook pre_exec has run. */
  preExecDone(hasFailed: boolean): void;
  /** A reload has added the application, and it does not load. */
  cannotBeAdded(): void;
  /** Kirin cannot go on. */
  end(outcome: Outcome): void;
}

/** An application's zygotes and their workers as processes: starts, signals and buries them. What the fleet knows of them comes from here. */
export class Generations {
  readonly #app: Application;
  readonly #fleet: Fleet;
  readonly #log: Log;
  readonly #script: string;
  readonly #runFolder: RunFolder;
  readonly #owner: GenerationsOwner;
  readonly #zygotes = new Map<number, ZygoteProcess>();
  /** What each generation was started with. */
  readonly #plans = new Map<number, AppPlan>();
  /** Workers whose zygote has died. */
  readonly #orphans = new Map<number, ForeignProcess>();
  readonly #hooks: HookCalls;
  /** The server hooks that have failed at the start of their generation, and what their zygotes end with. */
  readonly #failedHooks = new Map<number, { hook: string; code: number }>();
  #oomKills = readOomKills();
  /** Why generations did not load, as far as their workers have told. */
  readonly #loadFailures = new Map<number, LoadFailure>();

  #hasToldPython = false;

  constructor(
    app: Application,
    fleet: Fleet,
    log: Log,
    script: string,
    runFolder: RunFolder,
    owner: GenerationsOwner,
  ) {
    this.#app = app;
    this.#fleet = fleet;
    this.#hooks = new HookCalls(app, fleet, (generation, message) =>
      this.#zygotes.get(generation)?.send(message),
    );
    this.#log = log;
    this.#script = script;
    this.#runFolder = runFolder;
    this.#owner = owner;
  }

  get hasZygotes(): boolean {
    return this.#zygotes.size > 0;
  }

  get hasOrphans(): boolean {
    return this.#orphans.size > 0;
  }

  planOf(generation: number): AppPlan | undefined {
    return this.#plans.get(generation);
  }

  // --- what is to be done ---------------------------------------------------------------------------------

  /** Returns its number. */
  start(plan: AppPlan, owner: Owner | null, around: Around, nowMs: number): number {
    const hooks = this.#hooks.start(plan.hooks, around);
    const { number } = this.#fleet.generationStarted(this.#app, nowMs);
    const zygote = new ZygoteProcess(
      { python: plan.python.path, script: this.#script, env: plan.env, owner },
      {
        onMessage: (message) => this.#owner.enqueue({ kind: 'zygote-message', generation: number, message }),
        onExit: (status, startError) =>
          this.#owner.enqueue({ kind: 'zygote-exit', generation: number, status, startError }),
      },
    );
    const { lanePath, path: runDir } = this.#runFolder;
    zygote.send({ type: 'boot', generation: number, lanePath, runDir, ...plan.boot, hooks });
    this.#zygotes.set(number, zygote);
    this.#plans.set(number, plan);
    this.#hooks.started(number, hooks);
    return number;
  }

  fork(generation: number): void {
    this.#zygotes.get(generation)?.send({ type: 'fork' });
    this.#fleet.forkAsked(generation);
  }

  tellSlowBoot(generation: number): void {
    const { active } = this.#app;
    const others = active === undefined ? '' : `; generation ${active.number} goes on serving`;
    this.#log.warning(
      `Generation ${generation} has been loading the application for ${SLOW_BOOT_MS / 1000} s${others}`,
    );
    this.#fleet.slowBootTold(generation);
  }

  quit(generation: number, graceMs: number): void {
    this.#zygotes.get(generation)?.send({ type: 'quit', graceMs, ...this.#hooks.quit(generation) });
    this.#fleet.zygoteToldToQuit(generation);
  }

  /** Says again, to all, that there is less time. */
  hurry(graceMs: number): void {
    for (const generation of this.#zygotes.keys()) this.quit(generation, graceMs);
  }

  forget(generation: number): void {
    this.#hooks.forget(generation);
    this.#plans.delete(generation);
    this.#loadFailures.delete(generation);
    this.#fleet.generationForgotten(generation);
  }

  /** Server hooks that only the arbiter knows the time of. */
  get hooks(): HookCalls {
    return this.#hooks;
  }

  reopenLogs(): void {
    for (const zygote of this.#zygotes.values()) zygote.send({ type: 'reopen-logs' });
  }

  /** Writes what its threads are doing to the error log. */
  dump(pid: number, nowMs: number): void {
    const worker = this.#fleet.workers.get(pid);
    if (worker === undefined) return;
    this.#signal(worker, 'dump');
    this.#fleet.workerDumped(pid, nowMs);
  }

  kill(pid: number, reason: string): void {
    const worker = this.#fleet.workers.get(pid);
    if (worker === undefined) return;
    this.#log.warning(`Killing worker (pid:${pid}): ${reason}`);
    const orphan = this.#orphans.get(pid);
    if (orphan === undefined) this.#signal(worker, 'KILL');
    else killForeign(orphan);
    this.#fleet.workerKilled(pid);
  }

  killAll(): void {
    for (const { pid, app } of this.#fleet.workers.values()) {
      if (app === this.#app) killForeign(identify(pid));
    }
    for (const zygote of this.#zygotes.values()) zygote.kill();
  }

  /** By the zygote, which alone knows that the pid has not been given to another process. */
  #signal({ pid, generation }: Worker, signal: 'TERM' | 'KILL' | 'dump'): void {
    this.#zygotes.get(generation)?.send({ type: 'signal', pid, signal });
  }

  // --- what has happened ----------------------------------------------------------------------------------

  note(number: number, message: ZygoteToArbiter, nowMs: number): void {
    switch (message.type) {
      case 'booted':
        this.#fleet.zygoteBooted(number);
        this.#tellPython(number, message.version);
        break;
      case 'forked':
        this.#log.info(`Booting worker with pid: ${message.pid}`);
        this.#hooks.forked();
        this.#fleet.forked(number, message.pid, nowMs, nowMs + this.#lifetimeMs(number));
        break;
      case 'fork-failed':
        this.#log.error(`Cannot fork a worker: ${message.error}`);
        this.#fleet.forkFailed(number, nowMs);
        break;
      case 'exited':
        this.#owner.workerExited(message.pid, message.running);
        this.#noteWorkerExit(message, nowMs);
        break;
      case 'hook-done':
        if (message.hook === 'pre_exec') this.#owner.preExecDone(message.failed);
        break;
      case 'hook-failed':
        this.#failedHooks.set(number, message);
        break;
      case 'stays':
        this.#fleet.zygoteStays(number);
        break;
      case 'set-workers':
        this.#owner.workersWanted(message.count);
        break;
      case 'modules':
        this.#owner.modulesLoaded(message.files, this.#startedAt(number));
        break;
      case 'load-failed':
        this.#owner.modulesLoaded(message.failure.files, this.#startedAt(number));
        this.#noteLoadFailure(number, message.failure);
        break;
    }
  }

  /** All its workers fail in the same way: it is said once. */
  #noteLoadFailure(number: number, { message, error, place }: LoadFailure): void {
    if (this.#loadFailures.get(number)?.message === message) return;
    this.#loadFailures.set(number, { message, error, place });
    this.#log.error(message);
  }

  /** By the clock of Date, as files have it. */
  #startedAt(number: number): number {
    const startedMs = this.#fleet.generations.get(number)?.startedMs ?? Number.POSITIVE_INFINITY;
    return performance.timeOrigin + startedMs;
  }

  /** Up to a tenth shorter than the limit, so that workers that were forked together do not go together. */
  #lifetimeMs(number: number): number {
    const maxAgeMs = this.#plans.get(number)?.maxWorkerAgeMs ?? 0;
    return maxAgeMs === 0 ? Number.POSITIVE_INFINITY : maxAgeMs * (1 - Math.random() / 10);
  }

  #tellPython(number: number, version: string): void {
    const python = this.#plans.get(number)?.python;
    if (python === undefined) return;
    const line = `Using python: ${python.path} (${version}), ${python.reason}`;
    if (this.#hasToldPython) this.#log.debug(line);
    else this.#log.info(line);
    this.#hasToldPython = true;
  }

  #noteWorkerExit(exit: Extract<ZygoteToArbiter, { type: 'exited' }>, nowMs: number): void {
    // It had been given requests, so it was ready: the edge's word for it has been overtaken.
    if (exit.running.length > 0) this.#fleet.workerReady(exit.pid);
    const worker = this.#fleet.workerExited(exit.pid, nowMs);
    if (worker === undefined) return;
    const status: ExitStatus = 'signal' in exit ? { signal: exit.signal } : { code: exit.code };
    const isStopping = this.#fleet.stop !== 'no';
    // One that is told to leave while it boots leaves in order, too.
    const isInOrder = 'code' in status && status.code === 0 && (worker.phase !== 'booting' || isStopping);
    if (isInOrder || (this.#isGivenUp(worker) && 'signal' in status && status.signal === 'SIGTERM')) {
      this.#log.info(`Worker exiting (pid: ${exit.pid})`);
      return;
    }
    const stopReason = isStopping ? 'Kirin is stopping' : null;
    const line = describeWorkerExit(exit.pid, status, {
      sentBecause: worker.isKilled ? worker.killReason : stopReason,
      newOomKills: this.#countNewOomKills(),
      ageMs: nowMs - worker.bornMs,
      wasReady: worker.phase !== 'booting',
      running: exit.running.length,
    });
    const isSaid = this.#loadFailures.has(worker.generation) && isLoadFailure(status);
    if (isSaid) this.#log.debug(line);
    else if (isStopping) this.#log.info(line);
    else this.#log.error(line);
    if (worker.phase === 'booting' && !isStopping) this.#noteBootFailure(worker.generation, status, line);
  }

  /** It boots still, and its generation has failed by another: the zygote ends it, before it hears signals by itself. */
  #isGivenUp({ phase, generation }: Worker): boolean {
    return phase === 'booting' && this.#fleet.generations.get(generation)?.phase === 'ending';
  }

  #noteBootFailure(number: number, status: ExitStatus, fact: string): void {
    const generation = this.#fleet.generations.get(number);
    if (generation?.phase === 'booting') this.#noteGenerationFailure(number, status, fact);
    // One that has been given up gets no other.
    if (generation === undefined || generation.phase === 'ending' || this.#fleet.stop !== 'no') return;
    this.#log.error(`Another worker is started in ${this.#app.bootFailures.pauseMs / 1000} s`);
  }

  /** It has not served yet, and a worker of it, or its zygote, has failed. */
  #noteGenerationFailure(number: number, status: ExitStatus, fact: string): void {
    const { active, hasServed, isOriginal } = this.#app;
    const canActiveGoOn = active !== undefined && active.zygote !== 'gone';
    if (this.#plans.get(number)?.reload) {
      this.#owner.loadFailed(
        this.#loadFailures.get(number) ?? { message: fact, error: 'The worker has ended', place: null },
      );
      if (!canActiveGoOn && !isLoadFailure(status)) return; // tried again
      this.#fleet.generationAbandoned(number);
      this.#app.awaitsChange = !canActiveGoOn;
      this.#log.error(`Generation ${number} failed to boot: waiting until a file changes`);
    } else if (canActiveGoOn) {
      this.#fleet.generationAbandoned(number);
      this.#log.error(
        `Not reloaded: generation ${number} failed to boot; generation ${active.number} goes on serving`,
      );
    } else if (this.#app.standing === 'awaited') {
      this.#fleet.generationAbandoned(number);
      this.#owner.cannotBeAdded();
    } else if (isLoadFailure(status) && isOriginal && !hasServed) {
      const { code } = status;
      const reason = code === APP_LOAD_ERROR ? 'App failed to load.' : 'Worker failed to boot.';
      this.#owner.end({ kind: 'exit', code, reason });
    }
  }

  noteExit(number: number, status: ExitStatus, startError: string | null, nowMs: number): void {
    this.#zygotes.delete(number);
    const failedHook = this.#failedHooks.get(number);
    this.#failedHooks.delete(number);
    const workers = this.#fleet.workersOf(number);
    const exit = this.#fleet.zygoteExited(number, nowMs);
    if (exit === undefined || exit.wasAsked) return;
    for (const { pid } of workers) this.#orphans.set(pid, identify(pid));
    if (this.#fleet.stop !== 'no') return;
    const fact = startError === null ? describeExit(status) : `cannot be started: ${startError}`;
    const line = `The zygote of generation ${number} ${fact}`;
    if (this.#loadFailures.has(number)) this.#log.debug(line);
    else this.#log.error(line);
    if (exit.generation.phase !== 'booting') return;
    this.#noteGenerationFailure(number, status, line);
    this.#fleet.generationAbandoned(number);
    const { hasServed, isOriginal, awaitsChange } = this.#app;
    if (hasServed || !isOriginal || awaitsChange) return;
    const code = ('code' in status && status.code) || 1;
    const reason =
      failedHook === undefined ? 'Python failed to start.' : `The server hook ${failedHook.hook} failed.`;
    this.#owner.end({ kind: 'exit', code: failedHook?.code ?? code, reason });
  }

  /** Nobody reports the end of an orphan. */
  checkOrphans(nowMs: number): void {
    for (const [pid, orphan] of this.#orphans) {
      if (isRunning(orphan)) continue;
      this.#orphans.delete(pid);
      if (this.#fleet.workerExited(pid, nowMs) !== undefined) {
        this.#log.info(`Worker (pid:${pid}), whose zygote had died, is gone`);
      }
    }
  }

  #countNewOomKills(): number | null {
    const before = this.#oomKills;
    this.#oomKills = readOomKills();
    return before === null || this.#oomKills === null ? null : this.#oomKills - before;
  }
}

function isLoadFailure(status: ExitStatus): status is { readonly code: number } {
  return 'code' in status && (status.code === BOOT_ERROR || status.code === APP_LOAD_ERROR);
}

import { performance } from 'node:perf_hooks';
import type { EdgeToArbiter, ExitStatus } from '../protocol/supervision/edge.ts';
import type { ZygoteToArbiter } from '../protocol/supervision/zygote.ts';
import { agenda, type Duty } from './duties.ts';
import { EdgeProcess } from './edge-process.ts';
import { describeExit, describeWorkerExit } from './exit-status.ts';
import { Fleet } from './fleet.ts';
import type { Listener } from './listeners.ts';
import { readOomKills } from './memory-events.ts';
import { type ForeignProcess, identify, isRunning, killForeign } from './orphans.ts';
import type { Plan } from './plan.ts';
import type { RunFolder } from './run-folder.ts';
import { Shutdown, type StopKind } from './shutdown.ts';
import type { SourceWatch } from './watch.ts';
import { ZygoteProcess } from './zygote-process.ts';

/** Exit codes of a worker that could not load the application; Gunicorn's. */
const BOOT_ERROR = 3;
const APP_LOAD_ERROR = 4;
/** How often orphaned workers are looked for: nobody reports their end. */
const ORPHAN_CHECK_MS = 200;

export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
  reopen(): void;
}

export type ArbiterEvent =
  | { readonly kind: 'signal'; readonly name: NodeJS.Signals }
  | { readonly kind: 'edge-message'; readonly message: EdgeToArbiter }
  | { readonly kind: 'edge-exit'; readonly status: ExitStatus }
  | { readonly kind: 'zygote-message'; readonly generation: number; readonly message: ZygoteToArbiter }
  | {
      readonly kind: 'zygote-exit';
      readonly generation: number;
      readonly status: ExitStatus;
      readonly startError: string | null;
    }
  | { readonly kind: 'sources-changed'; readonly file: string }
  | { readonly kind: 'alarm' };

export interface ArbiterOptions {
  readonly plan: Plan;
  /** @throws when the configuration has become invalid */
  readonly planAgain: () => Plan;
  readonly listeners: readonly Listener[];
  readonly runFolder: RunFolder;
  readonly log: Log;
  readonly edgeScript: string;
  readonly edgeFlags: readonly string[];
  readonly zygoteScript: string;
  /** The edge listens for the first time. */
  readonly onListening: () => void;
  /** A worker serves for the first time. */
  readonly onServing: () => void;
}

/** Why the arbiter has ended, for its caller: an exit code, or a socket that could not be listened on. */
export type Outcome =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'listen-failed'; readonly fd: number; readonly code: string };

/**
 * Process 1's loop. Whatever happens becomes an event in one queue; each event is noted in the fleet, then the agenda's duties
 * are carried out until there are none.
 */
export class Arbiter {
  readonly #options: ArbiterOptions;
  readonly #log: Log;
  readonly #fleet: Fleet;
  readonly #zygotes = new Map<number, ZygoteProcess>();
  /** Of each generation that has not ended: what it was started with. */
  readonly #plans = new Map<number, Plan>();
  readonly #orphans = new Map<number, ForeignProcess>();
  readonly #events: ArbiterEvent[] = [];
  #plan: Plan;
  #edge: EdgeProcess | null = null;
  #shutdown: Shutdown | null = null;
  #outcome: Outcome = { kind: 'exit', code: 0 };
  #watch: Promise<SourceWatch> | null = null;
  #hasListened = false;
  /** The generation whose readiness has been told. */
  #toldReady = 0;
  #oomKills = readOomKills();
  #isAttending = false;
  #alarm: NodeJS.Timeout | undefined;
  #resolveEnd: (outcome: Outcome) => void = () => {};

  constructor(options: ArbiterOptions) {
    this.#options = options;
    this.#plan = options.plan;
    this.#log = options.log;
    this.#fleet = new Fleet(options.plan.workers, options.plan.edge.gracefulTimeoutMs);
  }

  run(): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#resolveEnd = resolve;
      this.enqueue({ kind: 'alarm' });
    });
  }

  enqueue(event: ArbiterEvent): void {
    this.#events.push(event);
    if (!this.#isAttending) this.#attend();
  }

  // --- the loop -------------------------------------------------------------------------------------------

  #attend(): void {
    this.#isAttending = true;
    clearTimeout(this.#alarm);
    let wakeAtMs: number;
    for (;;) {
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
        this.#note(event, performance.now());
      }
      this.#advanceShutdown(performance.now());
      const nowMs = performance.now();
      const next = agenda(this.#fleet, nowMs);
      wakeAtMs = Math.min(next.wakeAtMs ?? Number.POSITIVE_INFINITY, this.#otherWakeAtMs(nowMs));
      if (next.duties.length === 0 && this.#events.length === 0) break;
      for (const duty of next.duties) this.#perform(duty, nowMs);
    }
    this.#isAttending = false;
    if (this.#fleet.stop === 'over') {
      void this.#watch?.then((watch) => watch.close());
      this.#resolveEnd(this.#outcome);
    } else if (wakeAtMs !== Number.POSITIVE_INFINITY) {
      const waitMs = Math.max(1, Math.ceil(wakeAtMs - performance.now()));
      this.#alarm = setTimeout(() => this.enqueue({ kind: 'alarm' }), waitMs);
    }
  }

  #otherWakeAtMs(nowMs: number): number {
    const orphanCheckMs = this.#orphans.size > 0 ? nowMs + ORPHAN_CHECK_MS : Number.POSITIVE_INFINITY;
    if (this.#shutdown === null) return orphanCheckMs;
    const { edgeGivenUpAtMs, overByMs } = this.#shutdown;
    return Math.min(orphanCheckMs, this.#fleet.stop === 'draining' ? edgeGivenUpAtMs : overByMs);
  }

  #note(event: ArbiterEvent, nowMs: number): void {
    switch (event.kind) {
      case 'signal':
        return this.#noteSignal(event.name, nowMs);
      case 'edge-message':
        return this.#noteEdge(event.message, nowMs);
      case 'edge-exit':
        return this.#noteEdgeExit(event.status, nowMs);
      case 'zygote-message':
        return this.#noteZygote(event.generation, event.message, nowMs);
      case 'zygote-exit':
        return this.#noteZygoteExit(event.generation, event.status, event.startError, nowMs);
      case 'sources-changed':
        this.#log.info(`Reloading: ${event.file} has changed`);
        return this.#wantReload();
      case 'alarm':
        return this.#checkOrphans(nowMs);
    }
  }

  #perform(duty: Duty, nowMs: number): void {
    switch (duty.do) {
      case 'start-edge':
        return this.#startEdge();
      case 'start-generation':
        return this.#startGeneration();
      case 'abandon':
        return this.#fleet.generationAbandoned(duty.generation);
      case 'fork':
        this.#zygotes.get(duty.generation)?.send({ type: 'fork' });
        return this.#fleet.forkAsked(duty.generation);
      case 'activate':
        return this.#activate(duty.generation);
      case 'retire':
        this.#edge?.send({ type: 'retire', pid: duty.pid });
        return this.#fleet.workerRetired(duty.pid, nowMs);
      case 'kill':
        return this.#kill(duty.pid, duty.reason);
      case 'quit-zygote': {
        const graceMs = this.#shutdown?.quitGraceMs(nowMs) ?? 1000;
        this.#zygotes.get(duty.generation)?.send({ type: 'quit', graceMs });
        return this.#fleet.zygoteToldToQuit(duty.generation);
      }
      case 'forget-generation':
        this.#plans.delete(duty.generation);
        return this.#fleet.generationForgotten(duty.generation);
    }
  }

  // --- the edge -------------------------------------------------------------------------------------------

  #startEdge(): void {
    const { listeners, runFolder, edgeScript, edgeFlags, plan } = this.#options;
    const edge = new EdgeProcess(
      {
        script: edgeScript,
        nodeFlags: edgeFlags,
        laneFd: runFolder.laneSocket.fd,
        listenerFds: listeners.map(({ socket }) => socket.fd),
        owner: plan.owner,
      },
      {
        onMessage: (message) => this.enqueue({ kind: 'edge-message', message }),
        onExit: (status) => this.enqueue({ kind: 'edge-exit', status }),
      },
    );
    edge.send({
      type: 'start',
      config: this.#plan.edge,
      listeners: listeners.map(({ spec }) => spec),
      laneFd: 4,
      runDir: runFolder.path,
      activeGeneration: this.#fleet.active?.number ?? 0,
    });
    for (const worker of this.#fleet.workers.values()) {
      if (worker.phase === 'retired') edge.send({ type: 'retire', pid: worker.pid });
    }
    this.#edge = edge;
    this.#fleet.edge = 'starting';
  }

  #noteEdge(message: EdgeToArbiter, nowMs: number): void {
    switch (message.type) {
      case 'listening':
        return this.#noteListening();
      case 'listen-failed':
        return this.#end({ kind: 'listen-failed', fd: message.fd, code: message.code });
      case 'worker-ready':
        if (this.#fleet.workerReady(message.pid)) {
          this.#log.debug(`Worker (pid:${message.pid}) is ready, generation ${message.generation}`);
        }
        return this.#tellReady();
      case 'worker-overdue': {
        const ageS = (message.ageMs / 1000).toFixed(1);
        this.#log.error(
          `Worker (pid:${message.pid}) has run ${message.request} for ${ageS} s, past the timeout; what its threads are doing:`,
        );
        this.#signal(message.pid, 'dump');
        return this.#fleet.workerDumped(message.pid, nowMs);
      }
      case 'worker-condemned':
        return this.#fleet.workerCondemned(message.pid, nowMs);
      case 'worker-leaving':
        if (this.#fleet.workerLeaving(message.pid) && this.#fleet.stop === 'no') {
          this.#log.info(`Worker (pid:${message.pid}) is to be replaced: ${message.reason}`);
        }
        return;
      case 'drained':
        if (this.#fleet.stop === 'draining') this.#fleet.stop = 'quitting';
        return;
    }
  }

  #noteListening(): void {
    this.#fleet.edge = 'listening';
    if (this.#hasListened) {
      this.#log.info(`The edge serves again (pid: ${this.#edge?.pid})`);
      return;
    }
    this.#hasListened = true;
    const urls = this.#options.listeners.map(({ url }) => url).join(',');
    this.#log.info(`Listening at: ${urls} (${process.pid})`);
    this.#options.onListening();
  }

  #noteEdgeExit(status: ExitStatus, nowMs: number): void {
    const pid = this.#edge?.pid;
    this.#edge = null;
    this.#fleet.edgeExited(nowMs);
    if (this.#fleet.stop !== 'no') {
      if (this.#fleet.stop === 'draining') this.#fleet.stop = 'quitting';
      return;
    }
    if (!this.#hasListened) {
      this.#log.error(`The edge (pid:${pid}) ${describeExit(status)} before it listened`);
      return this.#end({ kind: 'exit', code: 1 });
    }
    const { pauseMs } = this.#fleet.edgeFailures;
    const when = pauseMs === 0 ? 'at once' : `in ${pauseMs / 1000} s`;
    this.#log.error(`The edge (pid:${pid}) ${describeExit(status)}; another starts ${when}`);
  }

  // --- generations ----------------------------------------------------------------------------------------

  #startGeneration(): void {
    if (this.#fleet.isReloadWanted && !this.#planAgain()) {
      this.#fleet.isReloadWanted = false;
      return;
    }
    const plan = this.#plan;
    const { number } = this.#fleet.generationStarted();
    const zygote = new ZygoteProcess(
      { python: plan.python.path, script: this.#options.zygoteScript, env: plan.env, owner: plan.owner },
      {
        onMessage: (message) => this.enqueue({ kind: 'zygote-message', generation: number, message }),
        onExit: (status, startError) =>
          this.enqueue({ kind: 'zygote-exit', generation: number, status, startError }),
      },
    );
    const { lanePath, path: runDir } = this.#options.runFolder;
    zygote.send({ type: 'boot', generation: number, lanePath, runDir, ...plan.boot });
    this.#zygotes.set(number, zygote);
    this.#plans.set(number, plan);
  }

  /** Returns whether there is a new plan; if not, the reason is in the log. */
  #planAgain(): boolean {
    try {
      this.#plan = this.#options.planAgain();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.error(`Not reloaded, the configuration is not valid: ${reason}`);
      return false;
    }
    this.#fleet.wanted = this.#plan.workers;
    return true;
  }

  #activate(number: number): void {
    const config = this.#plans.get(number)?.edge;
    if (config === undefined) return;
    this.#fleet.generationActivated(number);
    this.#fleet.gracefulMs = config.gracefulTimeoutMs;
    this.#edge?.send({ type: 'activate', generation: number, config });
    if (this.#toldReady === 0) this.#options.onServing();
    this.#tellReady();
  }

  /** Once for each generation: it serves with all its workers. */
  #tellReady(): void {
    const { active, wanted } = this.#fleet;
    if (active === undefined || active.number <= this.#toldReady) return;
    const ready = this.#fleet.workersOf(active.number, 'ready').length;
    if (ready < wanted) return;
    this.#toldReady = active.number;
    const workers = ready === 1 ? '1 worker' : `${ready} workers`;
    this.#log.info(`Ready: ${workers}${active.number === 1 ? '' : `, generation ${active.number}`}`);
  }

  #noteZygote(number: number, message: ZygoteToArbiter, nowMs: number): void {
    switch (message.type) {
      case 'booted': {
        this.#fleet.zygoteBooted(number);
        const { path, reason } = this.#plans.get(number)?.python ?? this.#plan.python;
        const log = number === 1 ? this.#log.info : this.#log.debug;
        return log.call(this.#log, `Using python: ${path} (${message.version}), ${reason}`);
      }
      case 'forked':
        this.#log.info(`Booting worker with pid: ${message.pid}`);
        return this.#fleet.forked(number, message.pid, nowMs);
      case 'fork-failed':
        this.#log.error(`Cannot fork a worker: ${message.error}`);
        return this.#fleet.forkFailed(number, nowMs);
      case 'exited':
        return this.#noteWorkerExit(message, nowMs);
      case 'modules':
        return this.#watchSources(message.files);
    }
  }

  #noteWorkerExit(exit: ZygoteToArbiter & { type: 'exited' }, nowMs: number): void {
    this.#edge?.send({ type: 'worker-exited', pid: exit.pid, running: exit.running });
    const worker = this.#fleet.workerExited(exit.pid, nowMs);
    if (worker === undefined) return;
    const status: ExitStatus = 'signal' in exit ? { signal: exit.signal } : { code: exit.code };
    const isInOrder = 'code' in status && status.code === 0;
    if (isInOrder && worker.phase !== 'booting') {
      this.#log.info(`Worker exiting (pid: ${exit.pid})`);
      return;
    }
    const facts = {
      sentBecause: worker.isKilled ? worker.killReason : this.#shutdown === null ? null : 'it is stopping',
      newOomKills: this.#countNewOomKills(),
      bootedAgoMs: nowMs - worker.bornMs,
      wasReady: worker.phase !== 'booting',
      running: exit.running.length,
    };
    const log = this.#fleet.stop === 'no' ? this.#log.error : this.#log.info;
    log.call(this.#log, describeWorkerExit(exit.pid, status, facts));
    if (worker.phase === 'booting' && this.#fleet.stop === 'no')
      this.#noteBootFailure(worker.generation, status);
  }

  #noteBootFailure(number: number, status: ExitStatus): void {
    const generation = this.#fleet.generations.get(number);
    if (generation?.phase !== 'booting') {
      const { pauseMs } = this.#fleet.bootFailures;
      this.#log.error(`The next worker is started in ${pauseMs / 1000} s`);
      return;
    }
    this.#noteFailedGeneration(number, 'code' in status ? status.code : null);
  }

  /** The generation has not served yet, and a worker of it, or its zygote, has failed. */
  #noteFailedGeneration(number: number, code: number | null): void {
    const isAppsFault = code === BOOT_ERROR || code === APP_LOAD_ERROR;
    const active = this.#fleet.active;
    if (active !== undefined && active.zygote !== 'gone') {
      this.#log.error(
        `Not reloaded: generation ${number} failed to boot, generation ${active.number} goes on`,
      );
      this.#fleet.generationAbandoned(number);
    } else if (this.#plan.reload && isAppsFault) {
      this.#log.error('The application failed to boot; waiting for a change of its files');
      this.#fleet.awaitsChange = true;
      this.#fleet.generationAbandoned(number);
      this.#watchSources([]);
    } else if (!this.#fleet.hasServed && isAppsFault) {
      this.#end({ kind: 'exit', code: code ?? BOOT_ERROR }, 'Worker failed to boot.');
    }
  }

  #noteZygoteExit(number: number, status: ExitStatus, startError: string | null, nowMs: number): void {
    this.#zygotes.delete(number);
    const exit = this.#fleet.zygoteExited(number, nowMs);
    if (exit === undefined || exit.wasAsked) return;
    for (const { pid } of this.#fleet.workersOf(number)) this.#orphans.set(pid, identify(pid));
    if (this.#fleet.stop !== 'no') return;
    const fact = startError === null ? describeExit(status) : `cannot be started: ${startError}`;
    this.#log.error(`The zygote of generation ${number} ${fact}`);
    const code = 'code' in status ? status.code : null;
    if (exit.generation.phase === 'booting') {
      this.#noteFailedGeneration(number, code);
      this.#fleet.generationAbandoned(number);
      if (!this.#fleet.hasServed && !this.#fleet.awaitsChange) this.#end({ kind: 'exit', code: code || 1 });
    }
  }

  #wantReload(): void {
    if (this.#fleet.candidate !== undefined) this.#log.info('A reload is under way; another follows it');
    this.#fleet.isReloadWanted = true;
    this.#fleet.awaitsChange = false;
    this.#fleet.bootFailures.succeeded();
  }

  // --- workers --------------------------------------------------------------------------------------------

  #signal(pid: number, signal: 'TERM' | 'KILL' | 'dump'): void {
    const worker = this.#fleet.workers.get(pid);
    if (worker !== undefined) this.#zygotes.get(worker.generation)?.send({ type: 'signal', pid, signal });
  }

  #kill(pid: number, reason: string): void {
    this.#log.warning(`Killing worker (pid:${pid}): ${reason}`);
    const orphan = this.#orphans.get(pid);
    if (orphan === undefined) this.#signal(pid, 'KILL');
    else killForeign(orphan);
    this.#fleet.workerKilled(pid);
  }

  #checkOrphans(nowMs: number): void {
    for (const [pid, orphan] of this.#orphans) {
      if (isRunning(orphan)) continue;
      this.#orphans.delete(pid);
      this.#fleet.workerExited(pid, nowMs);
      this.#log.info(`Worker (pid:${pid}), whose zygote had ended, is gone`);
    }
  }

  #countNewOomKills(): number | null {
    const before = this.#oomKills;
    this.#oomKills = readOomKills();
    return before === null || this.#oomKills === null ? null : this.#oomKills - before;
  }

  #watchSources(files: readonly string[]): void {
    if (!this.#plan.reload) return;
    // Loaded only when it is used.
    this.#watch ??= import('./watch.ts').then(
      ({ SourceWatch }) =>
        new SourceWatch(this.#plan.boot.chdir, (file) => this.enqueue({ kind: 'sources-changed', file })),
    );
    void this.#watch.then((watch) => watch.add(files));
  }

  // --- signals and the end --------------------------------------------------------------------------------

  #noteSignal(name: NodeJS.Signals, nowMs: number): void {
    this.#log.info(`Handling signal: ${name.slice(3).toLowerCase()}`);
    const { stop } = this.#fleet;
    switch (name) {
      case 'SIGTERM':
        return stop === 'no' ? this.#stop('graceful', nowMs) : this.#hurry(nowMs);
      case 'SIGINT':
      case 'SIGQUIT':
        return stop === 'no' ? this.#stop('quick', nowMs) : this.#hurry(nowMs);
      case 'SIGHUP':
        return stop === 'no' ? this.#wantReload() : undefined;
      case 'SIGUSR1':
        return this.#reopenLogs();
      case 'SIGTTIN':
        this.#fleet.wanted++;
        return this.#log.info(`Workers wanted: ${this.#fleet.wanted}`);
      case 'SIGTTOU':
        this.#fleet.wanted = Math.max(1, this.#fleet.wanted - 1);
        return this.#log.info(`Workers wanted: ${this.#fleet.wanted}`);
      default:
        return this.#log.warning(`${name} has no meaning to Kirin yet, and is ignored`);
    }
  }

  #reopenLogs(): void {
    this.#log.reopen();
    this.#edge?.send({ type: 'reopen-logs' });
    for (const zygote of this.#zygotes.values()) zygote.send({ type: 'reopen-logs' });
  }

  #stop(kind: StopKind, nowMs: number): void {
    const shutdown = new Shutdown(kind, nowMs, this.#plan.edge);
    this.#shutdown = shutdown;
    this.#fleet.stop = this.#edge === null ? 'quitting' : 'draining';
    this.#edge?.send({ type: 'drain', graceMs: shutdown.graceMs, quick: kind === 'quick' });
  }

  /** Ends everything at once, for a failure at the start. */
  #end(outcome: Outcome, reason?: string): void {
    if (this.#fleet.stop !== 'no') return;
    this.#outcome = outcome;
    if (reason !== undefined) this.#log.error(`Shutting down: ${this.#plan.name}. Reason: ${reason}`);
    const nowMs = performance.now();
    this.#stop('quick', nowMs);
    this.#hurry(nowMs);
  }

  #hurry(nowMs: number): void {
    this.#shutdown?.hurry(nowMs);
    this.#edge?.send({ type: 'drain', graceMs: 0, quick: true });
    if (this.#fleet.stop !== 'quitting') return;
    const graceMs = this.#shutdown?.quitGraceMs(nowMs) ?? 0;
    for (const zygote of this.#zygotes.values()) zygote.send({ type: 'quit', graceMs });
  }

  #advanceShutdown(nowMs: number): void {
    const shutdown = this.#shutdown;
    if (shutdown === null) return;
    if (this.#fleet.stop === 'draining' && nowMs >= shutdown.edgeGivenUpAtMs) this.#fleet.stop = 'quitting';
    if (this.#fleet.stop !== 'quitting') return;
    if (nowMs >= shutdown.overByMs) {
      this.#edge?.kill();
      for (const zygote of this.#zygotes.values()) zygote.kill();
      for (const orphan of this.#orphans.values()) killForeign(orphan);
    }
    if (this.#zygotes.size === 0 && this.#edge === null) this.#fleet.stop = 'over';
  }
}

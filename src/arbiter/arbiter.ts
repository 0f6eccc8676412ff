import { performance } from 'node:perf_hooks';
import type { EdgeToArbiter, ExitStatus } from '../protocol/supervision/edge.ts';
import { CertificateWatch } from './certificate-watch.ts';
import type { CertificateNews, Certificates } from './certificates.ts';
import { agenda, type Duty } from './duties.ts';
import { EdgeKeeper } from './edge-keeper.ts';
import { Ending } from './ending.ts';
import type { ArbiterEvent, Outcome } from './events.ts';
import { Fleet } from './fleet.ts';
import { Generations } from './generations.ts';
import type { Listener } from './listeners.ts';
import type { Log } from './log.ts';
import { giveLogFiles } from './log-files.ts';
import { edgeConfigOf, type Plan } from './plan.ts';
import { Reloader } from './reloader.ts';
import { keepWhatIsBound } from './restart-only.ts';
import type { RunFolder } from './run-folder.ts';
import { Scaler } from './scaler.ts';
import type { ServiceManager } from './service-manager.ts';
import type { StopKind } from './shutdown.ts';
import type { ArbiterSignal } from './signal-inbox.ts';
import { inWords, megabytes, seconds } from './units.ts';
import type { Upgrade } from './upgrade.ts';
import { Watchdog } from './watchdog.ts';
import { MemoryWatch } from './worker-memory.ts';

/** How often orphaned workers are looked for. */
const ORPHAN_CHECK_MS = 200;
/** There is always an alarm: without children nothing else would keep this process from ending. */
const LONGEST_SLEEP_MS = 3_600_000;

export interface ArbiterOptions {
  readonly plan: Plan;
  /** @throws when the configuration has become invalid */
  readonly planAgain: () => Promise<Plan>;
  readonly upgrade: Upgrade;
  /** null: nobody wants to be told how Kirin is. */
  readonly serviceManager: ServiceManager | null;
  readonly listeners: readonly Listener[];
  readonly runFolder: RunFolder;
  readonly log: Log;
  readonly edgeScript: string;
  readonly edgeEnv: NodeJS.ProcessEnv;
  readonly zygoteScript: string;
  /** The edge listens for the first time. */
  readonly onListening: () => void;
  /** A worker serves for the first time. */
  readonly onServing: () => void;
  /** Log files were rotated. */
  readonly onReopenLogs: () => void;
  /** There are more workers than before, or fewer. */
  readonly onWorkers: (count: number) => void;
  /** It is stopping, and the sockets are the edge's alone from now on. May be called again. */
  readonly closeListeners: () => void;
}

/**
 * Process 1's loop. Whatever happens becomes an event in one queue; each event is noted in the fleet, then the agenda's
 * duties are carried out until there are none.
 */
export class Arbiter {
  readonly #options: ArbiterOptions;
  readonly #log: Log;
  readonly #fleet: Fleet;
  readonly #edge: EdgeKeeper;
  readonly #generations: Generations;
  readonly #ending: Ending;
  readonly #scaler: Scaler;
  readonly #memoryWatch: MemoryWatch;
  readonly #reloader: Reloader;
  readonly #certificateWatch: CertificateWatch;
  readonly #watchdog: Watchdog | null;
  readonly #events: ArbiterEvent[] = [];
  #plan: Plan;
  /** The generation whose readiness was told last. */
  #toldReady = 0;
  #isAttending = false;
  /** How many workers were told of last. */
  #toldWorkers = 0;
  #isFinishing = false;
  #alarm: NodeJS.Timeout | undefined;
  #resolveEnd: (outcome: Outcome) => void = () => {};

  constructor(options: ArbiterOptions) {
    const { plan, log, zygoteScript, runFolder } = options;
    this.#options = options;
    this.#plan = plan;
    this.#log = log;
    this.#fleet = new Fleet(plan.workers.min, plan.edge.gracefulTimeoutMs);
    this.#edge = new EdgeKeeper({
      fleet: this.#fleet,
      log,
      script: options.edgeScript,
      env: options.edgeEnv,
      listeners: options.listeners,
      runFolder,
      enqueue: (event) => this.enqueue(event),
    });
    this.#generations = new Generations(this.#fleet, log, zygoteScript, runFolder, {
      enqueue: (event) => this.enqueue(event),
      workerExited: (pid, running) => this.#edge.send({ type: 'worker-exited', pid, running }),
      modulesLoaded: (files, sinceMs) => this.#reloader.loaded(files, sinceMs),
      loadFailed: (failure) => this.#edge.loadFailed(failure),
      workersWanted: (count) => this.#scaler.set(count),
      preExecDone: (hasFailed) => this.#notePreExec(hasFailed),
      end: (outcome) => this.#fail(outcome),
    });
    this.#ending = new Ending({
      fleet: this.#fleet,
      generations: this.#generations,
      edge: this.#edge,
      runFolder,
      log,
      closeListeners: options.closeListeners,
    });
    this.#reloader = new Reloader({
      changed: (files) => this.enqueue({ kind: 'sources-changed', files }),
      warn: (message) => log.warning(message),
    });
    this.#certificateWatch = new CertificateWatch((certificates, news) =>
      this.enqueue({ kind: 'certificates-changed', certificates, news }),
    );
    this.#scaler = new Scaler(this.#fleet, log, plan, (sample) =>
      this.enqueue({ kind: 'load-measured', sample }),
    );
    this.#memoryWatch = new MemoryWatch(
      () => this.#fleet.workersOf(this.#fleet.active?.number ?? 0, 'ready').map(({ pid }) => pid),
      (pid, bytes) => this.enqueue({ kind: 'worker-over-memory', pid, bytes }),
    );
    this.#watchdog = this.#startWatchdog();
  }

  #startWatchdog(): Watchdog | null {
    const { serviceManager } = this.#options;
    if (serviceManager === null || serviceManager.watchdogLimitMs === null) return null;
    return new Watchdog({
      limitMs: serviceManager.watchdogLimitMs,
      needsEdge: () => this.#fleet.needsEdge,
      ping: (id) => this.#edge.send({ type: 'ping', id }),
      tellAlive: () => serviceManager.tellAlive(),
    });
  }

  run(): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#resolveEnd = resolve;
      this.#reloader.follow(this.#plan);
      this.#certificateWatch.follow(this.#plan.certificates);
      this.enqueue({ kind: 'alarm' });
    });
  }

  /** Another Kirin goes on with the sockets. */
  get isAnotherThere(): boolean {
    return this.#options.upgrade.isAnotherThere;
  }

  enqueue(event: ArbiterEvent): void {
    this.#events.push(event);
    if (!this.#isAttending) this.#attend();
  }

  // --- the loop -------------------------------------------------------------------------------------------

  #attend(): void {
    this.#isAttending = true;
    let wakeAtMs: number;
    for (;;) {
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
        this.#note(event, performance.now());
      }
      this.#generations.hooks.tellWorkers();
      const nowMs = performance.now();
      this.#ending.advance(nowMs);
      const next = agenda(this.#fleet, nowMs);
      wakeAtMs = Math.min(next.wakeAtMs, this.#ownWakeAtMs(nowMs));
      if (next.duties.length === 0 && this.#events.length === 0) break;
      for (const duty of next.duties) this.#perform(duty, nowMs);
    }
    this.#options.serviceManager?.update(this.#fleet, this.#options.upgrade.hasSuccessor);
    this.#isAttending = false;
    this.#tellWorkers();
    clearTimeout(this.#alarm);
    if (this.#fleet.stop === 'over') this.#finish();
    else this.#setAlarm(wakeAtMs);
  }

  #tellWorkers(): void {
    const { size } = this.#fleet.workers;
    if (size !== this.#toldWorkers) this.#options.onWorkers(size);
    this.#toldWorkers = size;
  }

  #setAlarm(atMs: number): void {
    const waitMs = Math.min(LONGEST_SLEEP_MS, Math.max(1, Math.ceil(atMs - performance.now())));
    this.#alarm = setTimeout(() => this.enqueue({ kind: 'alarm' }), waitMs);
  }

  #ownWakeAtMs(nowMs: number): number {
    const orphanCheckMs = this.#generations.hasOrphans ? nowMs + ORPHAN_CHECK_MS : Number.POSITIVE_INFINITY;
    return Math.min(orphanCheckMs, this.#ending.wakeAtMs(nowMs));
  }

  #note(event: ArbiterEvent, nowMs: number): void {
    switch (event.kind) {
      case 'signal':
        this.#noteSignal(event.name, nowMs);
        break;
      case 'edge-message':
        this.#noteEdge(event.message, nowMs);
        break;
      case 'edge-exit':
        this.#noteEdgeExit(event.status, nowMs);
        break;
      case 'zygote-message':
        this.#generations.note(event.generation, event.message, nowMs);
        if (event.message.type === 'forked') this.#tellReady();
        break;
      case 'zygote-exit':
        this.#generations.noteExit(event.generation, event.status, event.startError, nowMs);
        break;
      case 'worker-over-memory':
        this.#noteSpent(
          event.pid,
          `its memory is ${megabytes(event.bytes)}, over the limit of ${megabytes(this.#activePlan().maxWorkerBytes)}`,
        );
        break;
      case 'load-measured':
        this.#scaler.note(event.sample);
        break;
      case 'plan-made':
        this.#notePlan(event.plan);
        break;
      case 'plan-failed':
        this.#notePlanFailed(event.error);
        break;
      case 'certificates-changed':
        this.#noteCertificates(event.certificates, event.news);
        break;
      case 'sources-changed':
        this.#log.info(`Reloading, since ${changedText(event.files)}`);
        this.#wantReload();
        break;
      case 'successor-message':
        this.#options.upgrade.note(event.message);
        break;
      case 'successor-exit':
        this.#options.upgrade.noteExit(event, this.#ending.hasBegun);
        break;
      case 'alarm':
        this.#generations.checkOrphans(nowMs);
        break;
    }
  }

  #perform(duty: Duty, nowMs: number): void {
    switch (duty.do) {
      case 'start-edge':
        this.#edge.start(this.#plan, edgeConfigOf(this.#activePlan()));
        break;
      case 'drain-edge':
        this.#edge.drain(this.#activePlan().edge.gracefulTimeoutMs, nowMs);
        break;
      case 'kill-edge':
        this.#edge.kill();
        break;
      case 'start-generation':
        this.#startGeneration(nowMs);
        break;
      case 'make-plan':
        this.#makePlan();
        break;
      case 'abandon':
        this.#fleet.generationAbandoned(duty.generation);
        break;
      case 'fork':
        this.#generations.fork(duty.generation);
        break;
      case 'activate':
        this.#activate(duty.generation);
        break;
      case 'tell-slow-boot':
        this.#generations.tellSlowBoot(duty.generation);
        break;
      case 'expire':
        this.#noteExpired(duty.pid, nowMs);
        break;
      case 'replace':
        this.#fleet.workerLeaving(duty.pid);
        break;
      case 'retire':
        this.#edge.send({ type: 'retire', pid: duty.pid });
        this.#fleet.workerRetired(duty.pid, nowMs);
        break;
      case 'kill':
        this.#generations.kill(duty.pid, duty.reason);
        break;
      case 'quit-zygote':
        this.#generations.quit(duty.generation, this.#ending.quitGraceMs(nowMs));
        break;
      case 'forget-generation':
        this.#generations.forget(duty.generation);
        break;
    }
  }

  // --- the edge -------------------------------------------------------------------------------------------

  #noteEdge(message: EdgeToArbiter, nowMs: number): void {
    switch (message.type) {
      case 'listening':
        this.#noteListening();
        break;
      case 'listen-failed':
        this.#fail({ kind: 'listen-failed', fd: message.fd, code: message.code });
        break;
      case 'worker-ready':
        this.#fleet.workerReady(message.pid);
        this.#tellReady();
        break;
      case 'worker-overdue':
        this.#log.critical(
          `WORKER TIMEOUT (pid:${message.pid}): it has run ${message.request} for ${seconds(message.ageMs)}`,
        );
        // The edge feeds it no more: another is started at once.
        this.#fleet.workerLeaving(message.pid);
        break;
      case 'worker-condemned':
        this.#log.warning(
          `Worker (pid:${message.pid}) does not end what is past its deadline; what its threads are doing:`,
        );
        this.#generations.dump(message.pid, nowMs);
        this.#fleet.workerCondemned(message.pid, nowMs);
        break;
      case 'worker-spent':
        this.#noteSpent(message.pid, `it has had ${message.requests} requests`);
        break;
      case 'worker-leaving':
        if (this.#fleet.workerLeaving(message.pid) && this.#fleet.stop === 'no') {
          this.#log.info(`Worker (pid:${message.pid}) is to be replaced: ${message.reason}`);
        }
        break;
      case 'load':
        void this.#scaler.measure(message, this.#edge.pid);
        break;
      case 'pong':
        this.#watchdog?.answered(message.id);
        break;
      case 'drained':
        this.#ending.edgeDrained();
        break;
    }
  }

  /** The worker goes on serving until its turn to be replaced. */
  #noteSpent(pid: number, reason: string): void {
    if (!this.#fleet.workerSpent(pid) || this.#fleet.stop !== 'no') return;
    this.#log.info(`Worker (pid:${pid}) is to be replaced: ${reason}`);
  }

  #noteExpired(pid: number, nowMs: number): void {
    const ageMs = nowMs - (this.#fleet.workers.get(pid)?.bornMs ?? nowMs);
    const { maxWorkerAgeMs } = this.#activePlan();
    this.#noteSpent(
      pid,
      `it is ${seconds(ageMs)} old, and the limit is ${seconds(maxWorkerAgeMs)} less up to a tenth`,
    );
  }

  #noteListening(): void {
    const isFirst = this.#edge.noteListening();
    this.#generations.hooks.listening();
    if (!isFirst || this.#ending.hasBegun) return;
    const urls = this.#options.listeners.map(({ url }) => url).join(',');
    this.#log.info(`Listening at: ${urls} (${process.pid})`);
    this.#log.info(`Using worker: ${this.#plan.workerClass}`);
    this.#options.onListening();
  }

  #noteEdgeExit(status: ExitStatus, nowMs: number): void {
    const mishap = this.#edge.noteExit(status, nowMs);
    this.#ending.edgeDrained();
    if (this.#fleet.stop !== 'no' || mishap === null) return;
    if (this.#edge.hasListened) this.#edge.tellNext(mishap);
    else this.#fail({ kind: 'exit', code: 1, reason: `${mishap} before it listened.` });
  }

  // --- generations ----------------------------------------------------------------------------------------

  #startGeneration(nowMs: number): void {
    const { listeners, upgrade } = this.#options;
    const { predecessorPid } = upgrade;
    this.#generations.start(this.#plan, { listeners, predecessorPid }, nowMs);
  }

  /** The loop goes on meanwhile: a configuration file may take its time. */
  #makePlan(): void {
    this.#fleet.planAsked();
    this.#options.planAgain().then(
      (plan) => this.enqueue({ kind: 'plan-made', plan }),
      (error) => this.enqueue({ kind: 'plan-failed', error }),
    );
  }

  #notePlan(made: Plan): void {
    if (!this.#fleet.planMade()) return;
    const { plan, kept } = keepWhatIsBound(this.#plan, made);
    this.#plan = plan;
    // More workers come with the new code; the old need not load once more for that.
    const { wanted } = this.#fleet;
    if (plan.workers.min <= wanted || wanted === 0) this.#scaler.plan = plan;
    this.#reloader.follow(plan);
    this.#generations.hooks.planMade();
    if (kept.length > 0) {
      this.#log.warning(`Only a restart changes ${inWords(kept)}: what was in force stays so`);
    }
  }

  /** Whatever serves goes on as it does. */
  #notePlanFailed({ message, hint }: Error & { readonly hint?: string | null }): void {
    this.#fleet.planFailed();
    const reason = typeof hint === 'string' ? `${message}\n${hint}` : message;
    this.#log.error(`Not reloaded, the configuration is not valid any more: ${reason}`);
  }

  #activate(generation: number): void {
    const isFirst = !this.#fleet.hasServed;
    this.#fleet.generationActivated(generation);
    const plan = this.#activePlan();
    const config = edgeConfigOf(plan);
    const { maxWorkerBytes, certificates } = plan;
    this.#certificateWatch.follow(certificates);
    this.#memoryWatch.limitBytes = maxWorkerBytes;
    this.#fleet.gracefulMs = config.gracefulTimeoutMs;
    this.#edge.activate(generation, config);
    if (isFirst) this.#options.onServing();
    else this.#scaler.plan = this.#activePlan();
    this.#tellReady();
  }

  /** The edge alone has to know. */
  #noteCertificates(certificates: Certificates, { isNew, notices }: CertificateNews): void {
    for (const { level, message } of notices) this.#log[level](message);
    if (isNew) this.#edge.send({ type: 'certificates', tls: certificates.tls });
  }

  #activePlan(): Plan {
    return this.#generations.planOf(this.#fleet.active?.number ?? 0) ?? this.#plan;
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

  #wantReload(): void {
    if (this.#fleet.candidate !== undefined) this.#log.info('A reload is under way; another follows it');
    this.#fleet.reloadAsked();
  }

  // --- signals and the end --------------------------------------------------------------------------------

  #noteSignal(name: ArbiterSignal, nowMs: number): void {
    this.#log.info(`Handling signal: ${name.slice('SIG'.length).toLowerCase()}`);
    switch (name) {
      case 'SIGTERM':
        this.#stop('graceful', nowMs);
        break;
      case 'SIGINT':
      case 'SIGQUIT':
        this.#stop('quick', nowMs);
        break;
      case 'SIGHUP':
        if (this.#ending.hasBegun) break;
        this.#log.info('Hang up: Master');
        this.#wantReload();
        break;
      case 'SIGUSR1':
        this.#reopenLogs();
        break;
      case 'SIGTTIN':
        this.#scaler.step(1);
        break;
      case 'SIGTTOU':
        this.#scaler.step(-1);
        break;
      case 'SIGUSR2':
        this.#startSuccessor();
        break;
      case 'SIGWINCH':
        this.#standBy(nowMs);
        break;
    }
  }

  /** After the server hook pre_exec, where there is one. */
  #startSuccessor(): void {
    const { upgrade } = this.#options;
    if (this.#ending.hasBegun || !upgrade.mayStart()) return;
    if (!this.#generations.hooks.callPreExec()) upgrade.start();
  }

  #notePreExec(hasFailed: boolean): void {
    if (hasFailed) this.#log.error('No new Kirin is started: the server hook pre_exec failed');
    else if (!this.#ending.hasBegun) this.#options.upgrade.start();
  }

  /** Without a terminal, whose every resize sends WINCH, or while another Kirin serves. */
  #standBy(nowMs: number): void {
    if (this.#ending.hasBegun) return;
    if (!this.#plan.isDaemon && !this.#options.upgrade.isSuccessorServing) {
      this.#log.debug('WINCH is ignored: this is no daemon, and no new Kirin serves beside it');
      return;
    }
    this.#log.info('All workers stop; HUP and TTIN start others');
    this.#fleet.standBy(nowMs);
  }

  #reopenLogs(): void {
    this.#log.reopen();
    this.#options.onReopenLogs();
    try {
      giveLogFiles(this.#activePlan());
    } catch {
      // Who cannot open one says so.
    }
    this.#edge.send({ type: 'reopen-logs' });
    this.#generations.reopenLogs();
  }

  #stop(kind: StopKind, nowMs: number): void {
    this.#ending.stop(kind, this.#activePlan(), nowMs);
  }

  /** For a failure at the start. */
  #fail(outcome: Outcome): void {
    this.#ending.fail(outcome, this.#activePlan(), performance.now());
  }

  #finish(): void {
    if (this.#isFinishing) return;
    this.#isFinishing = true;
    this.#memoryWatch.stop();
    this.#watchdog?.stop();
    this.#reloader.close();
    this.#certificateWatch.close();
    const { serviceManager, upgrade } = this.#options;
    if (upgrade.successorPid !== null) serviceManager?.handOver(upgrade.successorPid);
    void upgrade.handOver().then(() => this.#resolveEnd(this.#ending.outcome));
  }
}

function changedText(files: readonly string[]): string {
  if (files.length === 1) return `this file has changed: ${files[0]}`;
  return `${files.length} files have changed, among them ${files[0]}`;
}

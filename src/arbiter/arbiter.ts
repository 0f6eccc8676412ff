import { performance } from 'node:perf_hooks';
import type { ArbiterToEdge, EdgeToArbiter, ExitStatus } from '../protocol/supervision/edge.ts';
import type { ZygoteToArbiter } from '../protocol/supervision/zygote.ts';
import type { CertificateKeeper } from './acme/certificate-keeper.ts';
import { AppKeepers } from './app-keepers.ts';
import { agenda, type Duty } from './duties.ts';
import { EdgeKeeper } from './edge-keeper.ts';
import { EdgeNews } from './edge-news.ts';
import { Ending } from './ending.ts';
import type { ArbiterEvent, Outcome } from './events.ts';
import { Fleet } from './fleet.ts';
import type { Listener } from './listeners.ts';
import type { Log } from './log.ts';
import { giveLogFiles } from './log-files.ts';
import type { Plan } from './plan.ts';
import { Reloads } from './reloads.ts';
import type { RunFolder } from './run-folder.ts';
import type { ServiceManager } from './service-manager.ts';
import type { StopKind } from './shutdown.ts';
import type { ArbiterSignal } from './signal-inbox.ts';
import type { Upgrade } from './upgrade.ts';
import { Watchdog } from './watchdog.ts';

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
  /** null: no plan so far has certificates that are obtained automatically. */
  readonly certificateKeeper: () => CertificateKeeper | null;
  readonly listeners: readonly Listener[];
  readonly runFolder: RunFolder;
  readonly log: Log;
  readonly edgeScript: string;
  readonly edgeEnv: NodeJS.ProcessEnv;
  readonly zygoteScript: string;
  /** The edge listens for the first time. */
  readonly onListening: () => void;
  /** Every application serves for the first time. */
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
  readonly #fleet = new Fleet();
  readonly #edge: EdgeKeeper;
  readonly #apps: AppKeepers;
  readonly #ending: Ending;
  readonly #reloads: Reloads;
  readonly #edgeNews: EdgeNews;
  readonly #watchdog: Watchdog | null;
  readonly #events: ArbiterEvent[] = [];
  #hasServed = false;
  #isAttending = false;
  /** How many workers were told of last. */
  #toldWorkers = 0;
  #isFinishing = false;
  #alarm: NodeJS.Timeout | undefined;
  #resolveEnd: (outcome: Outcome) => void = () => {};

  constructor(options: ArbiterOptions) {
    const { plan, log, zygoteScript, runFolder } = options;
    this.#options = options;
    this.#log = log;
    this.#edge = new EdgeKeeper({
      fleet: this.#fleet,
      log,
      script: options.edgeScript,
      env: options.edgeEnv,
      listeners: options.listeners,
      runFolder,
      enqueue: (event) => this.enqueue(event),
    });
    const parts = {
      fleet: this.#fleet,
      log,
      enqueue: (event: ArbiterEvent) => this.enqueue(event),
      tellEdge: (message: ArbiterToEdge) => this.#edge.send(message),
    };
    const surroundings = {
      ...parts,
      zygoteScript,
      runFolder,
      preExecDone: (hasFailed: boolean) => this.#notePreExec(hasFailed),
      cannotBeAdded: (name: string) => this.#reloads.giveUpFront(name),
      end: (outcome: Outcome) => this.#fail(outcome),
    };
    this.#apps = new AppKeepers(surroundings, plan.apps);
    const { planAgain, certificateKeeper } = options;
    this.#reloads = new Reloads({ ...parts, apps: this.#apps, plan, planAgain, certificateKeeper });
    this.#edgeNews = new EdgeNews({ ...parts, apps: this.#apps, edgePid: () => this.#edge.pid });
    this.#ending = new Ending({
      fleet: this.#fleet,
      generations: this.#apps,
      edge: this.#edge,
      runFolder,
      log,
      closeListeners: options.closeListeners,
    });
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
      this.#reloads.begin();
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
      this.#apps.tellWorkers();
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
    const orphanCheckMs = this.#apps.hasOrphans ? nowMs + ORPHAN_CHECK_MS : Number.POSITIVE_INFINITY;
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
        this.#noteZygote(event.generation, event.message, nowMs);
        break;
      case 'zygote-exit':
        this.#apps
          .ofGeneration(event.generation)
          ?.generations.noteExit(event.generation, event.status, event.startError, nowMs);
        break;
      case 'worker-over-memory':
        this.#apps.ofWorker(event.pid)?.noteOverMemory(event.pid, event.bytes);
        break;
      case 'load-measured':
        this.#apps.get(event.app)?.noteSample(event.sample);
        break;
      case 'plan-made':
        this.#reloads.notePlan(event.plan);
        break;
      case 'plan-failed':
        this.#reloads.notePlanFailed(event.error);
        break;
      case 'certificates-changed':
        this.#reloads.noteCertificates(event.certificates, event.news);
        break;
      case 'sources-changed':
        this.#reloads.noteChange(event.app, event.files);
        break;
      case 'successor-message':
        this.#options.upgrade.note(event.message);
        break;
      case 'successor-exit':
        this.#options.upgrade.noteExit(event, this.#ending.hasBegun);
        break;
      case 'alarm':
        this.#apps.checkOrphans(nowMs);
        break;
    }
  }

  #perform(duty: Duty, nowMs: number): void {
    switch (duty.do) {
      case 'start-edge':
        this.#edge.start(this.#reloads.newest, this.#reloads.front, this.#apps.states);
        break;
      case 'drain-edge':
        this.#edge.drain(this.#reloads.front.gracefulTimeoutMs, nowMs);
        break;
      case 'kill-edge':
        this.#edge.kill();
        break;
      case 'make-plan':
        this.#reloads.makePlan();
        break;
      case 'apply-front':
        this.#reloads.applyFront();
        break;
      case 'start-generation':
        this.#startGeneration(duty.app, nowMs);
        break;
      case 'drain-app':
        this.#drainApp(duty.app, nowMs);
        break;
      case 'end-app':
        this.#fleet.app(duty.app)?.leave();
        break;
      case 'forget-app':
        this.#apps.get(duty.app)?.log.info('The application is gone');
        this.#apps.forget(duty.app);
        break;
      case 'abandon':
        this.#fleet.generationAbandoned(duty.generation);
        break;
      case 'fork':
        this.#apps.ofGeneration(duty.generation)?.generations.fork(duty.generation);
        break;
      case 'activate':
        this.#activate(duty.generation);
        break;
      case 'tell-slow-boot':
        this.#apps.ofGeneration(duty.generation)?.generations.tellSlowBoot(duty.generation);
        break;
      case 'expire':
        this.#apps.ofWorker(duty.pid)?.noteExpired(duty.pid, nowMs);
        break;
      case 'replace':
        this.#fleet.workerLeaving(duty.pid);
        break;
      case 'retire':
        this.#retire(duty.pid, nowMs);
        break;
      case 'kill':
        this.#apps.ofWorker(duty.pid)?.generations.kill(duty.pid, duty.reason);
        break;
      case 'quit-zygote':
        this.#apps
          .ofGeneration(duty.generation)
          ?.generations.quit(duty.generation, this.#ending.quitGraceMs(nowMs));
        break;
      case 'forget-generation':
        this.#apps.ofGeneration(duty.generation)?.forget(duty.generation);
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
      case 'challenges-served':
        this.#options.certificateKeeper()?.challengesServed(message.number);
        break;
      case 'pong':
        this.#watchdog?.answered(message.id);
        break;
      case 'drained':
        this.#ending.edgeDrained();
        break;
      default:
        this.#edgeNews.note(message, nowMs);
    }
  }

  #retire(pid: number, nowMs: number): void {
    const worker = this.#fleet.workers.get(pid);
    if (worker === undefined) return;
    this.#edge.send({ type: 'retire', app: worker.app.name, pid });
    this.#fleet.workerRetired(pid, nowMs);
  }

  #noteListening(): void {
    const isFirst = this.#edge.noteListening();
    this.#options.certificateKeeper()?.edgeListening();
    this.#apps.noteListening();
    if (!isFirst || this.#ending.hasBegun) return;
    const urls = this.#options.listeners.map(({ url }) => url).join(',');
    this.#log.info(`Listening at: ${urls} (${process.pid})`);
    for (const { log, newestPlan } of this.#apps.all) log.info(`Using worker: ${newestPlan.workerClass}`);
    this.#options.onListening();
    // Without any application there is nobody to wait for.
    this.#tellServing();
  }

  #noteEdgeExit(status: ExitStatus, nowMs: number): void {
    const mishap = this.#edge.noteExit(status, nowMs);
    for (const app of this.#fleet.apps) app.drained();
    this.#ending.edgeDrained();
    if (this.#fleet.stop !== 'no' || mishap === null) return;
    if (this.#edge.hasListened) this.#edge.tellNext(mishap);
    else this.#fail({ kind: 'exit', code: 1, reason: `${mishap} before it listened.` });
  }

  // --- applications ---------------------------------------------------------------------------------------

  #noteZygote(generation: number, message: ZygoteToArbiter, nowMs: number): void {
    const keeper = this.#apps.ofGeneration(generation);
    keeper?.generations.note(generation, message, nowMs);
    if (message.type === 'forked') keeper?.tellReady();
  }

  #startGeneration(name: string, nowMs: number): void {
    const { listeners, upgrade } = this.#options;
    const { predecessorPid } = upgrade;
    this.#apps.get(name)?.startGeneration(this.#reloads.newest.owner, { listeners, predecessorPid }, nowMs);
  }

  #activate(generation: number): void {
    const keeper = this.#apps.ofGeneration(generation);
    keeper?.activate(generation);
    this.#tellServing();
    keeper?.tellReady();
  }

  #tellServing(): void {
    if (this.#hasServed || !this.#fleet.hasServed) return;
    this.#hasServed = true;
    this.#options.onServing();
  }

  #drainApp(name: string, nowMs: number): void {
    const app = this.#fleet.app(name);
    if (app === undefined) return;
    app.drainedByMs = nowMs + app.gracefulMs;
    if (this.#edge.isThere) this.#edge.send({ type: 'drain-app', app: name });
    else app.drained();
  }

  // --- certificates ---------------------------------------------------------------------------------------

  tellEdge(message: ArbiterToEdge): void {
    this.#edge.send(message);
  }

  /** Whoever asks for a challenge comes to this Kirin's edge. */
  get canShowChallenges(): boolean {
    return this.#fleet.edge === 'listening' && !this.isAnotherThere && !this.#ending.hasBegun;
  }

  /** One of them has been obtained. */
  lookAtCertificates(): void {
    this.#reloads.lookAtCertificates();
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
        this.#reloads.want();
        break;
      case 'SIGUSR1':
        this.#reopenLogs();
        break;
      case 'SIGTTIN':
        this.#apps.step(1);
        break;
      case 'SIGTTOU':
        this.#apps.step(-1);
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
    if (!this.#apps.callPreExec()) upgrade.start();
  }

  #notePreExec(hasFailed: boolean): void {
    if (hasFailed) this.#log.error('No new Kirin is started: the server hook pre_exec failed');
    else if (!this.#ending.hasBegun) this.#options.upgrade.start();
  }

  /** Without a terminal, whose every resize sends WINCH, or while another Kirin serves. */
  #standBy(nowMs: number): void {
    if (this.#ending.hasBegun) return;
    if (!this.#reloads.newest.isDaemon && !this.#options.upgrade.isSuccessorServing) {
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
      giveLogFiles({ owner: this.#reloads.newest.owner, edge: this.#reloads.front });
    } catch {
      // Who cannot open one says so.
    }
    this.#edge.send({ type: 'reopen-logs' });
    this.#apps.reopenLogs();
  }

  #stop(kind: StopKind, nowMs: number): void {
    this.#options.certificateKeeper()?.close();
    this.#ending.stop(kind, this.#reloads.front, nowMs);
  }

  /** For a failure at the start. */
  #fail(outcome: Outcome): void {
    this.#ending.fail(outcome, this.#reloads.front, performance.now());
  }

  #finish(): void {
    if (this.#isFinishing) return;
    this.#isFinishing = true;
    this.#watchdog?.stop();
    this.#apps.close();
    this.#reloads.close();
    this.#options.certificateKeeper()?.close();
    const { serviceManager, upgrade } = this.#options;
    if (upgrade.successorPid !== null) serviceManager?.handOver(upgrade.successorPid);
    void upgrade.handOver().then(() => this.#resolveEnd(this.#ending.outcome));
  }
}

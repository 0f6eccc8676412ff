// The edge's process: started by the arbiter, told everything over IPC.

import { Dispatcher } from '../dispatcher/dispatcher.ts';
import { AppHandler } from '../handlers/app.ts';
import type { AuthParts } from '../handlers/auth/basic-auth.ts';
import { ClientRuleGuard, ClientRules, needsGuard } from '../handlers/client-rules.ts';
import type { Handler } from '../handlers/exchange.ts';
import { HealthHandler } from '../handlers/health.ts';
import { LimitZones } from '../handlers/limits/limit-zones.ts';
import { LoadFailureHandler } from '../handlers/load-failure.ts';
import { metricsText } from '../handlers/metrics.ts';
import { type RouteRule, Router } from '../handlers/router.ts';
import type { RouteParts } from '../handlers/sites/route-handler.ts';
import { SiteHandler } from '../handlers/sites/site-handler.ts';
import { TrustPolicy } from '../handlers/trust.ts';
import { AppMetrics } from '../observe/app-metrics.ts';
import { keepStandardErrorBlocking } from '../observe/standard-error.ts';
import type { ArbiterToEdge, EdgeConfig, EdgeToArbiter, ListenerSpec } from '../protocol/supervision/edge.ts';
import type { LoadFailure } from '../protocol/supervision/load-failure.ts';
import { UpstreamSet } from '../upstreams/upstream-set.ts';
import { FileRoutes } from './file-routes.ts';
import { httpsPortOf } from './https-port.ts';
import { serveLanes } from './lane-server.ts';
import { LoadReporter } from './load-report.ts';
import { EdgeLogs } from './logs.ts';
import { PasswordThread } from './password-thread.ts';
import { Proxies } from './proxies.ts';
import { RefusalLog } from './refusal-log.ts';
import { Server, type ServerParts } from './server.ts';

type StartMessage = Extract<ArbiterToEdge, { type: 'start' }>;

/** How long an edge that lost its arbiter finishes what it has. */
const ORPHAN_GRACE_MS = 30_000;
/** How long the relay may take for the last records. */
const LOGS_GRACE_MS = 1000;

/** The arbiter's signals. To Node, USR1 would mean to open a debugger. */
const OVERHEARD = [
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGTTIN',
  'SIGTTOU',
] as const;

class Edge {
  #config: EdgeConfig;
  readonly #listeners: readonly ListenerSpec[];
  readonly #logs: EdgeLogs;
  readonly #dispatcher: Dispatcher;
  readonly #metrics = new AppMetrics();
  readonly #fileRoutes: FileRoutes;
  readonly #reportRoute: (problem: string) => void;
  readonly #limits: LimitZones;
  readonly #upstreamSet: UpstreamSet;
  readonly #auth: AuthParts;
  readonly #proxies: Proxies;
  #app: AppHandler | null = null;
  /** What answers instead of the application, while that does not load. */
  #loadFailure: LoadFailureHandler | null = null;
  readonly #server: Server;
  readonly #loadReporter: LoadReporter;
  #isDraining = false;
  #isStopQuick = false;

  constructor(start: StartMessage) {
    const config = start.config;
    this.#config = config;
    this.#listeners = start.listeners;
    this.#logs = new EdgeLogs(config, () => this.#dispatcher.queued);
    this.#fileRoutes = new FileRoutes((line) => this.#logs.error.warning(line));
    const limited = new RefusalLog((line) => this.#logs.error.warning(line));
    this.#limits = new LimitZones((line) => limited.note(() => line));
    const misrouted = new RefusalLog((line) => this.#logs.error.error(line));
    this.#reportRoute = (problem) => misrouted.note(() => problem);
    this.#upstreamSet = new UpstreamSet(this.#logs.error);
    this.#proxies = new Proxies(this.#upstreamSet, (line) => this.#logs.error.warning(line));
    const unproved = new RefusalLog((line) => this.#logs.error.error(line));
    const report = (problem: string) => this.#logs.error.error(problem);
    this.#auth = {
      passwords: new PasswordThread(report),
      report,
      reportRefused: (line) => unproved.note(() => line),
    };
    const expired = new RefusalLog((line) => this.#logs.error.warning(line));
    const refused = new RefusalLog((line) => this.#logs.error.warning(line));
    this.#dispatcher = new Dispatcher(config, {
      workerReady: ({ pid, generation }) => tell({ type: 'worker-ready', pid, generation }),
      workerOverdue: ({ pid }, job, ageMs) =>
        tell({ type: 'worker-overdue', pid, request: job?.summary ?? 'what ran after a response', ageMs }),
      workerCondemned: ({ pid }) => tell({ type: 'worker-condemned', pid }),
      workerSpent: ({ pid, given }) => tell({ type: 'worker-spent', pid, requests: given }),
      workerLeaving: ({ pid }, reason) => tell({ type: 'worker-leaving', pid, reason }),
      jobExpired: (job, waitedMs) =>
        expired.note(
          () => `No worker was free for ${job.summary} in ${(waitedMs / 1000).toFixed(1)} s: answered 503`,
        ),
      jobRefused: (job) =>
        refused.note(
          () =>
            `${this.#config.queueLimit} requests wait for a worker, and no more may: answered ${job.summary} with 503`,
        ),
      jobRetried: ({ pid }, job) =>
        this.#logs.error.warning(
          `Worker (pid:${pid}) ended while it ran ${job.summary}: another worker runs it`,
        ),
      jobLost: ({ pid }, job) => {
        const why = job.deaths > 1 ? ', the second that did, so it is not tried again' : '';
        this.#logs.error.error(`Worker (pid:${pid}) ended while it ran ${job.summary}${why}: answered 502`);
      },
    });
    if (start.loadFailure !== null) this.#loadFailure = new LoadFailureHandler(start.loadFailure);
    this.#server = new Server(start.runDir, this.#logs.error, this.#parts());
    this.#loadReporter = new LoadReporter(
      () => this.#dispatcher.takeLoad(),
      (report) => tell({ type: 'load', ...report }),
    );
    this.#loadReporter.isWanted = config.reportsLoad;
    this.#dispatcher.activate(start.activeGeneration);
    serveLanes(
      start.laneFd,
      this.#dispatcher,
      () => this.#config,
      (problem) => this.#logs.error.error(problem),
    );
  }

  #parts(): ServerParts {
    return {
      config: this.#config,
      router: this.#router(),
      trust: new TrustPolicy(this.#config),
      requests: this.#logs.requests,
      meter: this.#logs.meter,
    };
  }

  /** A new generation takes over, under its own configuration. */
  #activate(generation: number, config: EdgeConfig): void {
    this.#config = config;
    this.#logs.reconfigure(config);
    this.#dispatcher.reconfigure(config);
    this.#loadReporter.isWanted = config.reportsLoad;
    const failure = this.#loadFailure;
    this.#loadFailure = null;
    this.#server.reconfigure(this.#parts());
    this.#dispatcher.activate(generation);
    failure?.end();
  }

  #noteLoadFailure(failure: LoadFailure): void {
    const before = this.#loadFailure;
    this.#loadFailure = new LoadFailureHandler(failure);
    if (this.#app !== null) this.#app.whenNotLoaded = this.#loadFailure;
    this.#server.reconfigure(this.#parts());
    this.#dispatcher.giveUpWaiting();
    before?.end();
  }

  #router(): Router {
    const rules: RouteRule[] = [];
    const prefix = this.#config.healthPath;
    if (prefix !== null) {
      rules.push({
        matches: ({ path }) => path === prefix || path.startsWith(`${prefix}/`),
        handler: new HealthHandler(
          prefix,
          () => this.#whyNotReady(),
          () => this.#metricsText(),
        ),
      });
    }
    this.#app = new AppHandler(this.#dispatcher, this.#config, this.#metrics);
    this.#app.whenNotLoaded = this.#loadFailure;
    const { front, staticFiles } = this.#config;
    const app = this.#loadFailure ?? this.#app;
    this.#fileRoutes.reset();
    this.#limits.reset();
    this.#logs.sites.reset();
    this.#upstreamSet.reset(front);
    this.#proxies.reset(front);
    const answering = front.sites.length === 0 ? app : new SiteHandler(front.sites, this.#routeParts(app));
    this.#upstreamSet.settle();
    const fileRules = this.#fileRoutes.rules(staticFiles, answering);
    const { tls } = this.#config;
    const hasPlain = this.#listeners.some(({ scheme }) => scheme === 'http');
    if (tls === null || !needsGuard(tls, hasPlain)) return new Router([...rules, ...fileRules], answering);
    const guarded = new Router(fileRules, answering);
    const httpsPort = httpsPortOf(this.#listeners, true);
    return new Router(rules, new ClientRuleGuard(new ClientRules(tls), guarded, httpsPort));
  }

  #routeParts(app: Handler): RouteParts {
    return {
      app,
      newFileHandler: (...args) => this.#fileRoutes.handler(...args),
      limits: this.#limits,
      auth: this.#auth,
      proxies: this.#proxies,
      httpsPort: httpsPortOf(this.#listeners, this.#config.tls !== null),
      report: this.#reportRoute,
      openLog: (spec) => this.#logs.sites.sinkFor(spec),
    };
  }

  #metricsText(): string {
    const { queued, oldestWaitMs, workers } = this.#dispatcher;
    const apps = [{ mount: this.#config.scriptName || '/', metrics: this.#metrics }];
    const upstreams = this.#upstreamSet.facts();
    return metricsText({ lanes: workers.lanes, queued, oldestWaitMs, apps, upstreams });
  }

  #whyNotReady(): string | null {
    if (this.#isDraining) return 'stopping';
    if (this.#loadFailure !== null) return 'the application does not load';
    return this.#dispatcher.isReady ? null : 'no worker is ready';
  }

  async listen(start: StartMessage): Promise<void> {
    for (const spec of start.listeners) {
      try {
        await this.#server.listen(spec);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? String(error);
        tell({ type: 'listen-failed', fd: spec.fd, code });
        process.exitCode = 1;
        process.disconnect();
        setImmediate(() => process.exit());
        return;
      }
    }
    tell({ type: 'listening' });
  }

  handle(message: ArbiterToEdge): void {
    switch (message.type) {
      case 'start':
        break;
      case 'activate':
        this.#activate(message.generation, message.config);
        break;
      case 'certificates':
        this.#config = { ...this.#config, tls: message.tls };
        this.#server.reconfigure(this.#parts());
        break;
      case 'load-failed':
        this.#noteLoadFailure(message.failure);
        break;
      case 'retire':
        this.#dispatcher.retire(message.pid);
        break;
      case 'worker-exited':
        this.#dispatcher.exited(message.pid, message.running);
        break;
      case 'reopen-logs':
        this.#logs.reopen();
        break;
      case 'ping':
        tell({ type: 'pong', id: message.id });
        break;
      case 'drain':
        void this.drain(message.graceMs, message.quick);
        break;
    }
  }

  /** Finishes what was accepted, and exits. A second call shortens the grace. */
  async drain(graceMs: number, isQuick: boolean): Promise<void> {
    setTimeout(() => this.#giveUp(), graceMs);
    this.#isStopQuick ||= isQuick;
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#loadFailure?.stop();
    // Whoever balances the load sees first that readiness is gone, and is still served meanwhile.
    if (!isQuick && this.#config.drainDelayMs > 0) {
      await new Promise((resolve) => setTimeout(resolve, this.#config.drainDelayMs));
    }
    await this.#server.drainBacklog();
    this.#server.drainConnections();
    await new Promise<void>((resolve) => this.#server.whenEmpty(resolve));
    await new Promise<void>((resolve) => this.#dispatcher.whenIdle(resolve));
    this.#exit();
  }

  /** The grace is over: what is not answered yet is answered by a refusal. */
  #giveUp(): void {
    this.#dispatcher.giveUp();
    setTimeout(() => {
      this.#server.destroyAll();
      this.#exit();
    }, 100);
  }

  #exit(): void {
    this.#dispatcher.workers.quitAll(this.#isStopQuick);
    tell({ type: 'drained' });
    void this.#logs.close(LOGS_GRACE_MS).then(() => {
      // The channel is flushed before the process may go.
      if (process.connected) process.disconnect();
      setImmediate(() => process.exit(0));
    });
  }
}

function tell(message: EdgeToArbiter): void {
  // With a callback a failure is no uncaught error: the arbiter may have died, which `disconnect` is about to say.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

function main(): void {
  keepStandardErrorBlocking();
  let edge: Edge | null = null;
  // A terminal's signals, and those of whoever looks for processes by their names, reach every process; the arbiter says what they mean.
  for (const signal of OVERHEARD) process.on(signal, () => {});
  process.on('message', (message: ArbiterToEdge) => {
    if (message.type === 'start') {
      edge = new Edge(message);
      void edge.listen(message);
    } else {
      edge?.handle(message);
    }
  });
  process.on('disconnect', () => {
    // Without the arbiter nothing would replace a worker, or this process.
    if (edge === null) process.exit(1);
    void edge.drain(ORPHAN_GRACE_MS, true);
  });
}

main();

// The edge's process: started by the arbiter, told everything over IPC.

import { isDeepStrictEqual } from 'node:util';
import { OVERHEARD_SIGNALS } from '../base/overheard-signals.ts';
import { challengeRule } from '../handlers/acme-challenges.ts';
import { ClientRuleGuard, ClientRules, needsGuard } from '../handlers/client-rules.ts';
import type { Handler } from '../handlers/exchange.ts';
import { HealthHandler } from '../handlers/health.ts';
import { metricsText } from '../handlers/metrics.ts';
import { type RouteRule, Router } from '../handlers/router.ts';
import { TrustPolicy } from '../handlers/trust.ts';
import { keepStandardErrorBlocking } from '../observe/standard-error.ts';
import type { Challenge } from '../protocol/supervision/acme.ts';
import type { ArbiterToEdge, EdgeConfig, EdgeToArbiter, ListenerSpec } from '../protocol/supervision/edge.ts';
import { AppServices } from './app-services.ts';
import { FileRoutes } from './file-routes.ts';
import type { Front } from './front.ts';
import { httpsPortOf } from './https-port.ts';
import { serveLanes } from './lane-server.ts';
import { largestBody } from './largest-body.ts';
import { EdgeLogs } from './logs.ts';
import { Server, type ServerParts } from './server.ts';
import { TlsChallenges } from './tls/tls-challenges.ts';

type StartMessage = Extract<ArbiterToEdge, { type: 'start' }>;

/** How long an edge that lost its arbiter finishes what it has. */
const ORPHAN_GRACE_MS = 30_000;
/** How long the relay may take for the last records. */
const LOGS_GRACE_MS = 1000;

/** What nobody answers. */
const NO_APPLICATION: Handler = { handle: (exchange) => exchange.refuse(404) };

class Edge {
  #config: EdgeConfig;
  readonly #listeners: readonly ListenerSpec[];
  readonly #logs: EdgeLogs;
  readonly #apps: AppServices;
  readonly #fileRoutes: FileRoutes;
  #front: Front | null = null;
  readonly #server: Server;
  #challenges: readonly Challenge[] = [];
  #partsWithoutChallenges: ServerParts | null = null;
  #isDraining = false;
  #isStopQuick = false;

  constructor(start: StartMessage, newFront: typeof Front | null) {
    const config = start.config;
    this.#config = config;
    this.#listeners = start.listeners;
    this.#logs = new EdgeLogs(config, () => this.#apps.queued);
    this.#fileRoutes = new FileRoutes((line) => this.#logs.error.warning(line));
    this.useFront(newFront);
    this.#apps = new AppServices(start.apps, {
      log: this.#logs.error,
      tell,
      handlerChanged: () => this.#route(),
    });
    this.#server = new Server(start.runDir, this.#logs.error, this.#parts());
    serveLanes(
      start.laneFd,
      (generation) => this.#apps.purposeOf(generation),
      (problem) => this.#logs.error.error(problem),
    );
  }

  /** Before the first configuration that has sites. */
  useFront(newFront: typeof Front | null): void {
    if (newFront !== null) this.#front ??= new newFront(this.#logs.error);
  }

  #parts(): ServerParts {
    this.#partsWithoutChallenges = {
      config: this.#config,
      router: this.#router(),
      trust: new TrustPolicy(this.#config),
      requests: this.#logs.requests,
      meter: this.#logs.meter,
    };
    return withChallenges(this.#partsWithoutChallenges, this.#challenges);
  }

  /** They come and go in seconds: what has been made of the configuration stays. */
  #showChallenges(challenges: readonly Challenge[]): void {
    this.#challenges = challenges;
    this.#server.challenges = TlsChallenges.of(challenges);
    const parts = this.#partsWithoutChallenges ?? this.#parts();
    this.#server.reconfigure(withChallenges(parts, challenges));
  }

  #configure(config: EdgeConfig): void {
    // What is the same keeps what it has learnt and counted.
    if (isDeepStrictEqual(config, this.#config)) return;
    this.#config = config;
    this.#logs.reconfigure(config);
    this.#route();
  }

  /** Requests that come from now on are answered by what there is now. */
  #route(): void {
    this.#server.reconfigure(this.#parts());
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
    const { front, staticFiles } = this.#config;
    const app = this.#answering(front.app);
    this.#fileRoutes.begin();
    this.#logs.sites.reset();
    const answering = this.#siteHandler() ?? app;
    const fileRules = this.#fileRoutes.rules(staticFiles, answering);
    this.#fileRoutes.end();
    const { tls } = this.#config;
    const hasPlain = this.#listeners.some(({ scheme }) => scheme === 'http');
    if (tls === null || !needsGuard(tls, hasPlain)) return new Router([...rules, ...fileRules], answering);
    const guarded = new Router(fileRules, answering);
    const httpsPort = httpsPortOf(this.#listeners, true);
    return new Router(rules, new ClientRuleGuard(new ClientRules(tls), guarded, httpsPort));
  }

  /** Who answers for an application, or for none. */
  #answering(app: string | null): Handler {
    return (app === null ? null : this.#apps.handler(app)) ?? NO_APPLICATION;
  }

  #siteHandler(): Handler | null {
    const { front, tls, limitRequestBody } = this.#config;
    const isLargest = largestBody(this.#config) === limitRequestBody;
    const parts = {
      app: (name: string | null) => this.#answering(name),
      newFileHandler: this.#fileRoutes.handler.bind(this.#fileRoutes),
      httpsPort: httpsPortOf(this.#listeners, tls !== null),
      usualMaxBody: isLargest ? null : limitRequestBody,
      openLog: this.#logs.sites.sinkFor.bind(this.#logs.sites),
    };
    return this.#front?.handlerFor(front, parts) ?? null;
  }

  #metricsText(): string {
    const services = [...this.#apps.all];
    const apps = services.map(({ config, metrics, dispatcher }) => ({
      name: config.name,
      mount: config.scriptName || '/',
      metrics,
      queued: dispatcher.queued,
      oldestWaitMs: dispatcher.oldestWaitMs,
    }));
    const lanes = services.flatMap(({ dispatcher }) => dispatcher.workers.lanes);
    const { upstreams = [], caches = [] } = this.#front ?? {};
    return metricsText({ lanes, apps, upstreams, caches });
  }

  #whyNotReady(): string | null {
    return this.#isDraining ? 'stopping' : this.#apps.whyNotReady;
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
      case 'configure':
        this.#configure(message.config);
        break;
      case 'certificates':
        this.#config = { ...this.#config, tls: message.tls };
        this.#server.reconfigure(this.#parts());
        break;
      case 'challenges':
        this.#showChallenges(message.challenges);
        tell({ type: 'challenges-served', number: message.number });
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
      default:
        this.#apps.handle(message);
    }
  }

  /** Finishes what was accepted, and exits. A second call shortens the grace. */
  async drain(graceMs: number, isQuick: boolean): Promise<void> {
    setTimeout(() => this.#giveUp(), graceMs);
    this.#isStopQuick ||= isQuick;
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#apps.stop();
    // Whoever balances the load sees first that readiness is gone, and is still served meanwhile.
    if (!isQuick && this.#config.drainDelayMs > 0) {
      await new Promise((resolve) => setTimeout(resolve, this.#config.drainDelayMs));
    }
    await this.#server.drainBacklog();
    this.#server.drainConnections();
    await new Promise<void>((resolve) => this.#server.whenEmpty(resolve));
    await this.#apps.whenIdle();
    this.#exit();
  }

  /** The grace is over: what is not answered yet is answered by a refusal. */
  #giveUp(): void {
    this.#apps.giveUp();
    setTimeout(() => {
      this.#server.destroyAll();
      this.#exit();
    }, 100);
  }

  #exit(): void {
    this.#apps.quitWorkers(this.#isStopQuick);
    tell({ type: 'drained' });
    void this.#logs.close(LOGS_GRACE_MS).then(() => {
      // The channel is flushed before the process may go.
      if (process.connected) process.disconnect();
      setImmediate(() => process.exit(0));
    });
  }
}

function withChallenges(parts: ServerParts, challenges: readonly Challenge[]): ServerParts {
  const rule = challengeRule(challenges);
  return rule === null ? parts : { ...parts, router: parts.router.behind(rule) };
}

function tell(message: EdgeToArbiter): void {
  // With a callback a failure is no uncaught error: the arbiter may have died, which `disconnect` is about to say.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

function needsFront(message: ArbiterToEdge): boolean {
  if (message.type !== 'start' && message.type !== 'configure') return false;
  const { sites, upstreams, caches } = message.config.front;
  return sites.length + upstreams.length + caches.length > 0;
}

function main(): void {
  keepStandardErrorBlocking();
  let edge: Edge | null = null;
  for (const signal of OVERHEARD_SIGNALS) process.on(signal, () => {});
  const take = (message: ArbiterToEdge, newFront: typeof Front | null): void => {
    edge?.useFront(newFront);
    if (message.type === 'start') {
      edge = new Edge(message, newFront);
      void edge.listen(message);
    } else {
      edge?.handle(message);
    }
  };
  let front: typeof Front | null = null;
  /** What has come while code is being loaded, that included which needs it. */
  const waiting: ArbiterToEdge[] = [];
  process.on('message', (message: ArbiterToEdge) => {
    if (waiting.length === 0 && (front !== null || !needsFront(message))) {
      take(message, front);
      return;
    }
    waiting.push(message);
    if (waiting.length > 1) return;
    void import('./front.ts').then((module) => {
      front = module.Front;
      for (const each of waiting.splice(0)) take(each, front);
    });
  });
  process.on('disconnect', () => {
    // Without the arbiter nothing would replace a worker, or this process.
    if (edge === null) process.exit(1);
    void edge.drain(ORPHAN_GRACE_MS, true);
  });
}

main();

import { isIP } from 'node:net';
import { withResolver } from '../base/with-resolver.ts';
import { addressText, type UpstreamServerSpec, type UpstreamSpec } from '../protocol/supervision/upstream.ts';
import { Balancer, type BalancerParts } from './balancer.ts';
import { ask } from './health/ask.ts';
import { WatchedServer } from './health/watched-server.ts';
import { LineBudget } from './names/line-budget.ts';
import { type Lookup, lookupBy } from './names/lookup.ts';
import { WatchedName } from './names/watched-name.ts';
import { secureBy } from './secure.ts';
import { Server, type ServerState } from './server.ts';
import type { Endpoint, EndpointAddress, Outcome, Upstream } from './upstream.ts';

/** How long the first requests wait for names at most; a name server that is silent takes longer. */
const MAX_SETTLING_MS = 3000;

export interface UpstreamLog {
  debug(line: string): void;
  info(line: string): void;
  warning(line: string): void;
}

/** For metrics. */
export interface ServerFacts {
  readonly address: string;
  /** As it is written in the configuration. */
  readonly server: string;
  readonly state: ServerState;
  readonly isBackup: boolean;
  readonly active: number;
  readonly given: number;
  readonly failed: number;
}

/** An upstream of the running server: it looks up names, and keeps what is known of its servers, until it is stopped. */
export class LiveUpstream implements Upstream {
  readonly spec: UpstreamSpec;
  readonly hashKey: string | null;
  readonly keepalive: number;
  readonly keepaliveTimeoutMs: number;
  readonly #log: UpstreamLog;
  readonly #balancer: Balancer;
  readonly #names: readonly WatchedName[];
  readonly #health = new Map<Server, WatchedServer>();
  #settling: Promise<void> | null = null;

  /** @param before the one whose place it takes */
  constructor(spec: UpstreamSpec, log: UpstreamLog, before: LiveUpstream | null = null) {
    const lookup = lookupBy(spec.names.resolvers);
    this.spec = spec;
    this.hashKey = spec.balance.by === 'hash' ? spec.balance.key : null;
    this.keepalive = spec.keepalive;
    this.keepaliveTimeoutMs = spec.keepaliveTimeoutMs;
    this.#log = log;
    const parts: BalancerParts = {
      now: () => performance.now(),
      random: Math.random,
      changed: (server, change) => this.#changed(server, change),
    };
    this.#balancer = new Balancer(spec, parts, before === null ? [] : before.#balancer.servers);
    this.#names = spec.servers.flatMap((server) => this.#locate(server, lookup));
    this.#settle();
  }

  /** What the first requests after a start may wait for: names whose addresses are not known yet. null, soon and for ever: nothing. */
  get settling(): Promise<void> | null {
    return this.#settling;
  }

  choose(key: string | null, tried: readonly Endpoint[]): Endpoint | null {
    return this.#balancer.choose(key, tried);
  }

  ended(endpoint: Endpoint, outcome: Outcome): void {
    if (!(endpoint instanceof Server)) throw new Error(`${endpoint.label} is no server of an upstream`);
    this.#balancer.ended(endpoint, outcome);
  }

  facts(): readonly ServerFacts[] {
    const nowMs = performance.now();
    return this.#balancer.servers.map((server) => ({
      address: server.label,
      server: addressText(server.spec.address),
      state: server.state(nowMs),
      isBackup: server.spec.isBackup,
      active: server.active,
      given: server.given,
      failed: server.failed,
    }));
  }

  /** It is none of the configuration's any more. Requests that it has chosen a server for go on. */
  stop(): void {
    for (const name of this.#names) name.stop();
    for (const server of this.spec.servers) this.#place(server, []);
  }

  /** The server's addresses are these from now on. */
  #place(spec: UpstreamServerSpec, addresses: readonly EndpointAddress[]): void {
    this.#balancer.setAddresses(spec, addresses);
    this.#watchHealth();
  }

  /** Of those that are there, and of nobody else. */
  #watchHealth(): void {
    const { health, name } = this.spec;
    if (health === null) return;
    const servers = this.#balancer.servers.filter(({ spec }) => !spec.isDown);
    for (const [server, watched] of this.#health) {
      if (servers.includes(server)) continue;
      watched.stop();
      this.#health.delete(server);
    }
    for (const server of servers) {
      if (this.#health.has(server)) continue;
      const host = health.host ?? hostOf(server.spec);
      const secure = health.tls === null ? null : secureBy(health.tls, nameOf(server.spec));
      const watched = new WatchedServer(
        health,
        server.isSick,
        () => ask(server.address, host, health, secure),
        {
          sick: (why) => {
            server.setSick(true, performance.now());
            this.#log.warning(
              `Upstream ${name}: ${described(server)} gets nothing until GET ${health.path} is answered well: ${why}`,
            );
          },
          well: () => {
            server.setSick(false, performance.now());
            this.#log.info(`Upstream ${name}: ${described(server)} answers GET ${health.path} well again`);
          },
        },
      );
      this.#health.set(server, watched);
    }
  }

  #locate(server: UpstreamServerSpec, lookup: Lookup): readonly WatchedName[] {
    const { address } = server;
    if (address.kind === 'unix' || isIP(address.host) !== 0) {
      this.#place(server, [address]);
      return [];
    }
    const { host, port } = address;
    const budget = new LineBudget();
    const name = new WatchedName(host, lookup, this.spec.names.everyMs, {
      found: (addresses) => {
        const isFirst = !this.#balancer.servers.some(({ spec }) => spec === server);
        this.#place(
          server,
          addresses.map((each) => ({ kind: 'tcp', host: each, port })),
        );
        if (isFirst) return;
        const line = `Upstream ${this.spec.name}: ${host} is ${addresses.join(', ')}`;
        if (budget.take()) this.#log.info(line);
        else this.#log.debug(line);
      },
      failed: (code, isKnown) =>
        this.#log.warning(
          `Upstream ${this.spec.name}: ${host} could not be looked up (${code}); ${isKnown ? 'its addresses of before stay in use' : 'it gets nothing until it can be'}`,
        ),
      recovered: (addresses) =>
        this.#log.info(`Upstream ${this.spec.name}: ${host} was found: ${addresses.join(', ')}`),
    });
    return [name];
  }

  /** As soon as one server is there, the others need not be waited for. */
  #settle(): void {
    const answers = this.#names.map((name) => name.start());
    if (answers.length === 0 || this.#hasServers) return;
    const { promise, resolve } = withResolver<void>();
    const tooLate = setTimeout(resolve, MAX_SETTLING_MS).unref();
    for (const answer of answers) void answer.then(() => this.#hasServers && resolve());
    void Promise.all(answers).then(() => resolve());
    this.#settling = promise.then(() => {
      clearTimeout(tooLate);
      this.#settling = null;
    });
  }

  get #hasServers(): boolean {
    return this.#balancer.servers.some(({ spec }) => !spec.isBackup && !spec.isDown);
  }

  #changed(server: Server, change: 'ejected' | 'back'): void {
    const { name } = this.spec;
    if (change === 'back') {
      this.#log.info(`Upstream ${name}: ${described(server)} answers again`);
      return;
    }
    const { maxFails, failTimeoutMs } = server.spec;
    const fails = maxFails === 1 ? 'a request has failed' : `${maxFails} requests have failed`;
    this.#log.warning(
      `Upstream ${name}: ${described(server)} gets nothing for ${failTimeoutMs / 1000} s: ${fails}`,
    );
    for (const each of this.#names) each.hurry();
  }
}

function nameOf({ address }: UpstreamServerSpec): string {
  return address.kind === 'unix' ? 'localhost' : address.host;
}

/** Its own name, for servers that answer by that. */
function hostOf({ address }: UpstreamServerSpec): string {
  return address.kind === 'unix' ? 'localhost' : addressText(address);
}

/** With the name that it was found by. */
function described({ label, spec }: Server): string {
  const written = addressText(spec.address);
  return written === label ? label : `${label} (${written})`;
}

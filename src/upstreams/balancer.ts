import type { UpstreamServerSpec, UpstreamSpec } from '../protocol/supervision/upstream.ts';
import { type Policy, policyOf } from './policies.ts';
import { sameAddress } from './same-address.ts';
import { type Change, Server } from './server.ts';
import type { Endpoint, EndpointAddress, Outcome } from './upstream.ts';

export interface BalancerParts {
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** A server has failed too often, or is back. */
  readonly changed: (server: Server, change: NonNullable<Change>) => void;
}

/** Which of the servers, whatever addresses these have, gets the next request. */
export class Balancer {
  readonly #spec: UpstreamSpec;
  readonly #parts: BalancerParts;
  readonly #policy: Policy;
  readonly #of = new Map<UpstreamServerSpec, readonly Server[]>();
  #primaries: readonly Server[] = [];
  #backups: readonly Server[] = [];
  readonly #earlier: readonly Server[];

  /** @param earlier servers of the configuration before, of which something may be known */
  constructor(spec: UpstreamSpec, parts: BalancerParts, earlier: readonly Server[] = []) {
    this.#spec = spec;
    this.#earlier = earlier;
    this.#parts = parts;
    this.#policy = policyOf(spec.balance);
  }

  get servers(): readonly Server[] {
    return [...this.#primaries, ...this.#backups];
  }

  /** The server's addresses are these from now on. What is known of one that stays is kept. */
  setAddresses(spec: UpstreamServerSpec, addresses: readonly EndpointAddress[]): void {
    const before = this.#of.get(spec) ?? [];
    const after = addresses.map((address) => {
      const known = before.find((each) => sameAddress(each.address, address));
      return known ?? this.#newServer(spec, address, before.length > 0);
    });
    for (const server of before) server.isGone = !after.includes(server);
    this.#of.set(spec, after);
    // In the order of the configuration, whichever name was found first.
    const all = this.#spec.servers.flatMap((each) => this.#of.get(each) ?? []);
    this.#primaries = all.filter((server) => !server.spec.isBackup);
    this.#backups = all.filter((server) => server.spec.isBackup);
  }

  #newServer(spec: UpstreamServerSpec, address: EndpointAddress, hasOthers: boolean): Server {
    const server = new Server(spec, address);
    const nowMs = this.#parts.now();
    const earlier = this.#earlier.find((each) => sameAddress(each.address, address));
    if (earlier !== undefined) server.inherit(earlier, this.#spec.health !== null, nowMs);
    // Beside others that have run for long, it is as cold as one that is back.
    else if (hasOthers) server.beginSlowly(nowMs);
    return server;
  }

  choose(key: string | null, tried: readonly Endpoint[]): Server | null {
    const nowMs = this.#parts.now();
    const candidates = this.#candidates(tried, nowMs);
    if (candidates.length === 0) return null;
    const server = this.#policy(candidates, { key, nowMs, random: this.#parts.random });
    server.begin(nowMs);
    return server;
  }

  ended(server: Server, outcome: Outcome): void {
    const change = server.end(outcome, this.#parts.now());
    if (change !== null && !server.isGone) this.#parts.changed(server, change);
  }

  #candidates(tried: readonly Endpoint[], nowMs: number): readonly Server[] {
    const isUsable = (server: Server) => !server.isFull && !tried.includes(server);
    const isReady = (server: Server) => server.isUp(nowMs) && isUsable(server);
    const primaries = this.#primaries.every(isReady) ? this.#primaries : this.#primaries.filter(isReady);
    if (primaries.length > 0) return primaries;
    const backups = this.#backups.filter(isReady);
    if (backups.length > 0) return backups;
    const others = this.servers.filter((server) => !tried.includes(server));
    // Those that have all they may have are to be waited for, and are no reason to ask one that is broken.
    if (others.some((server) => server.isUp(nowMs))) return [];
    return lastResort(others.filter(isUsable), nowMs);
  }
}

/**
 * Every server has failed: to try one is better than an error for certain, and the first to be back is found at once. What only has
 * failed may have recovered; what a health check has found sick was so just now.
 */
function lastResort(servers: readonly Server[], nowMs: number): readonly Server[] {
  const out = servers.filter((server) => server.state(nowMs) === 'out');
  if (out.length === 0) return servers.filter((server) => server.state(nowMs) === 'sick');
  const primaries = out.filter((server) => !server.spec.isBackup);
  return primaries.length > 0 ? primaries : out;
}

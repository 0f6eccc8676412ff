import {
  type BalanceSpec,
  SERVER_DEFAULTS,
  UPSTREAM_DEFAULTS,
  type UpstreamServerSpec,
} from '../../../src/protocol/supervision/upstream.ts';
import { Balancer } from '../../../src/upstreams/balancer.ts';
import type { Server } from '../../../src/upstreams/server.ts';
import { Random } from '../../support/random.ts';

export type ServerOptions = Partial<Omit<UpstreamServerSpec, 'address'>>;

/** A balancer of servers 10.0.0.1:80, 10.0.0.2:80 …, a clock that stands, and what it has said of them. */
export class FakeUpstream {
  nowMs = 1000;
  readonly changes: string[] = [];
  readonly balancer: Balancer;
  readonly specs: readonly UpstreamServerSpec[];

  constructor(servers: readonly ServerOptions[], balance: BalanceSpec = { by: 'round-robin' }, seed = 1) {
    this.specs = servers.map((options, index) => ({
      ...SERVER_DEFAULTS,
      address: { kind: 'tcp', host: `10.0.0.${index + 1}`, port: 80 },
      ...options,
    }));
    const names = { resolvers: [], everyMs: null };
    const random = new Random(seed);
    this.balancer = new Balancer(
      { ...UPSTREAM_DEFAULTS, name: 'test', servers: this.specs, balance, names },
      {
        now: () => this.nowMs,
        random: () => random.next(),
        changed: (server, change) => this.changes.push(`${this.numberOf(server)} ${change}`),
      },
    );
    for (const spec of this.specs) this.balancer.setAddresses(spec, [spec.address]);
  }

  server(number: number): Server {
    return this.balancer.servers.find((server) => this.numberOf(server) === number) as Server;
  }

  /** From 1, in the order of the configuration. */
  numberOf(server: Server | null): number | null {
    return server === null ? null : this.specs.indexOf(server.spec) + 1;
  }

  /** The number of the server that a request goes to, which ends at once. */
  request(outcome: 'ok' | 'failed' = 'ok', key: string | null = null): number | null {
    const server = this.balancer.choose(key, []);
    if (server !== null) this.balancer.ended(server, outcome);
    return this.numberOf(server);
  }

  requests(count: number, key: string | null = null): (number | null)[] {
    return Array.from({ length: count }, () => this.request('ok', key));
  }

  /** Requests go out until one has come to that server, where it fails. */
  fail(number: number): void {
    for (let tries = 0; tries < 1000; tries += 1) {
      const server = this.balancer.choose(null, []);
      if (server === null) break;
      const isMeant = this.numberOf(server) === number;
      this.balancer.ended(server, isMeant ? 'failed' : 'ok');
      if (isMeant) return;
    }
    throw new Error(`no request comes to server ${number}`);
  }
}

/** How often each number is there. */
export function tally(numbers: readonly (number | null)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const number of numbers) counts[`${number}`] = (counts[`${number}`] ?? 0) + 1;
  return counts;
}

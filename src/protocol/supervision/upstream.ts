// The upstreams of a kirin.toml, as the edge is told: groups of servers that requests are proxied to.

import type { UpstreamTls } from './proxy.ts';

/** Where a server listens. `host` is a name, or an IP address without brackets. */
export type ServerAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export interface UpstreamServerSpec {
  readonly address: ServerAddress;
  readonly weight: number;
  /** So many failures within `failTimeoutMs`, and it gets nothing for as long; 0: failures are not counted. */
  readonly maxFails: number;
  readonly failTimeoutMs: number;
  /** After it was out, its weight grows from nearly nothing for this long; 0: it is all there at once. */
  readonly slowStartMs: number;
  /** Asked only while none of the others is there. */
  readonly isBackup: boolean;
  /** Gets nothing at all. */
  readonly isDown: boolean;
  /** Requests at one time; 0: any number. */
  readonly maxConnections: number;
}

export type BalanceSpec =
  | { readonly by: 'round-robin' }
  | { readonly by: 'least-connections' }
  /** The less busy of two that are drawn. */
  | { readonly by: 'two-choices' }
  /** `key` has $variables. */
  | { readonly by: 'hash'; readonly key: string };

/** What is asked of each server again and again, to see whether it serves. */
export interface HealthCheckSpec {
  readonly path: string;
  /** Of the Host field; null: the server's own name. */
  readonly host: string | null;
  /** null: the server's own. */
  readonly port: number | null;
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** Statuses that are good, both ends included. */
  readonly statuses: readonly (readonly [from: number, to: number])[];
  /** null: in plain text. */
  readonly tls: UpstreamTls | null;
  /** Good answers in a row that bring a server back. */
  readonly rises: number;
  /** Bad ones in a row that take it out. */
  readonly falls: number;
}

export interface UpstreamSpec {
  readonly name: string;
  readonly servers: readonly UpstreamServerSpec[];
  readonly balance: BalanceSpec;
  /** Idle connections that are kept, at most. */
  readonly keepalive: number;
  readonly keepaliveTimeoutMs: number;
  /** null: only requests tell how servers are. */
  readonly health: HealthCheckSpec | null;
  readonly names: NameSpec;
}

/** How names of servers become addresses. */
export interface NameSpec {
  /** `ADDRESS:PORT` of the name servers that are asked; none: the system looks names up, in /etc/hosts, too. */
  readonly resolvers: readonly string[];
  /** null: as long as the answer says, or every ten seconds where the system has looked it up. */
  readonly everyMs: number | null;
}

export const SERVER_DEFAULTS: Omit<UpstreamServerSpec, 'address'> = {
  weight: 1,
  maxFails: 1,
  failTimeoutMs: 10_000,
  slowStartMs: 0,
  isBackup: false,
  isDown: false,
  maxConnections: 0,
};

export const UPSTREAM_DEFAULTS: Omit<UpstreamSpec, 'name' | 'servers' | 'names'> = {
  balance: { by: 'round-robin' },
  keepalive: 32,
  keepaliveTimeoutMs: 60_000,
  health: null,
};

/** Of one server that is named where requests are proxied to it. */
export function upstreamOf(address: ServerAddress, resolvers: readonly string[]): UpstreamSpec {
  return {
    ...UPSTREAM_DEFAULTS,
    name: addressText(address),
    servers: [{ ...SERVER_DEFAULTS, address }],
    names: { resolvers, everyMs: null },
  };
}

/** As people write it. */
export function addressText(address: ServerAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

// Which server answers for which host on which address: nginx chooses by both, Kirin's sites by the host.

import type { Scope } from '../scope.ts';
import type { Listen } from './listens.ts';

export interface NamedServer {
  readonly scope: Scope;
  readonly names: readonly string[];
  readonly listens: readonly Listen[];
}

/** Where requests come in, as far as servers differ by it. */
export interface Endpoint {
  readonly port: number;
  readonly isTls: boolean;
  /** Of a unix socket: its path. */
  readonly socket: string;
}

export interface SiteServers {
  /** None: every host that no other site names. */
  readonly hosts: readonly string[];
  /** By endpoint, in the order of `endpoints`. */
  readonly servers: readonly NamedServer[];
}

export interface Responsibilities {
  readonly endpoints: readonly Endpoint[];
  readonly sites: readonly SiteServers[];
}

/** `extraHosts`: names that no server has, but that some distinguish. */
export function responsibilities(
  servers: readonly NamedServer[],
  extraHosts: readonly string[],
): Responsibilities {
  const endpoints = endpointsOf(servers);
  const names = [...new Set([...servers.flatMap((server) => server.names), ...extraHosts])];
  const answering = (name: string) => endpoints.map((endpoint) => serverFor(name, endpoint, servers));
  const others = answering('');
  const sites: SiteServers[] = [];
  for (const name of names) {
    const those = answering(name);
    const isDistinct = extraHosts.includes(name) || wildcardFor(name, names) !== undefined;
    if (!isDistinct && isSame(those, others)) continue;
    const known = sites.findIndex(
      (site) => isSame(site.servers, those) && !site.hosts.some((host) => extraHosts.includes(host)),
    );
    const site = sites[known];
    if (site === undefined || extraHosts.includes(name)) sites.push({ hosts: [name], servers: those });
    else sites[known] = { hosts: [...site.hosts, name], servers: those };
  }
  return { endpoints, sites: [...sites, { hosts: [], servers: others }] };
}

function endpointsOf(servers: readonly NamedServer[]): readonly Endpoint[] {
  const byKey = new Map<string, Endpoint>();
  for (const { host, port, isTls } of servers.flatMap(({ listens }) => listens)) {
    const socket = port === 0 ? host : '';
    const key = `${port} ${socket}`;
    const known = byKey.get(key);
    byKey.set(key, { port, isTls: isTls || known?.isTls === true, socket });
  }
  return [...byKey.values()];
}

/** By nginx's rules: the exact name, the longest wildcard, the default. '' is a name that no server has. */
function serverFor(name: string, endpoint: Endpoint, servers: readonly NamedServer[]): NamedServer {
  const here = servers.filter(({ listens }) => listens.some((listen) => isAt(listen, endpoint)));
  const exact = here.find(({ names }) => names.includes(name));
  if (exact !== undefined) return exact;
  const wildcard = wildcardFor(
    name,
    here.flatMap(({ names }) => names),
  );
  const byWildcard = wildcard === undefined ? undefined : here.find(({ names }) => names.includes(wildcard));
  const byDefault = here.find(({ listens }) =>
    listens.some((listen) => listen.isDefault && isAt(listen, endpoint)),
  );
  return (byWildcard ?? byDefault ?? here[0]) as NamedServer;
}

function isAt({ host, port }: Listen, endpoint: Endpoint): boolean {
  return port === endpoint.port && (port !== 0 || host === endpoint.socket);
}

/** The longest of the wildcards that hold the name, which may be one itself. */
function wildcardFor(name: string, names: readonly string[]): string | undefined {
  const holding = names.filter(
    (each) => each.startsWith('*.') && each !== name && name.endsWith(each.slice(1)),
  );
  return holding.sort((a, b) => b.length - a.length)[0];
}

const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.every((each, index) => each === b[index]);

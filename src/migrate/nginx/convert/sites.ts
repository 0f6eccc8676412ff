// Servers as sites.

import type { Context } from '../context.ts';
import { type FileDraft, SiteDraft, type TableDraft, type TomlTable } from '../draft.ts';
import { Scope } from '../scope.ts';
import { shownPlace } from '../syntax.ts';
import { hoist } from './hoist.ts';
import { hostConditions } from './host-conditions.ts';
import { listensOf } from './listens.ts';
import { namesOf } from './names.ts';
import { type Endpoint, type NamedServer, responsibilities, type SiteServers } from './responsible.ts';
import { serverRoutes } from './server-routes.ts';
import { siteTls } from './tls.ts';

export function readServers(context: Context): readonly NamedServer[] {
  return context.http.own('server').map((directive) => {
    const scope = new Scope(directive, context.http);
    context.report.carried(directive);
    return { scope, names: namesOf(scope, context.report), listens: listensOf(scope, context.report) };
  });
}

export function writeSites(servers: readonly NamedServer[], context: Context): void {
  const hosts = servers.flatMap(({ scope, names }) => hostConditions(scope, names));
  const { endpoints, sites } = responsibilities(servers, [...new Set(hosts)]);
  for (const server of servers) {
    if (sites.some((site) => site.servers.includes(server))) continue;
    context.report.missing(
      server.scope.directive,
      'another server has the same host on the same port, and answers',
    );
  }
  for (const site of sites) {
    if (isCopy(site, sites)) noteOtherHosts(site, context);
    else addSite(siteOf(site, endpoints, sites, context), context);
  }
}

/** Where conditions have made sites of hosts, that for all others would be the same once more. */
function isCopy(site: SiteServers, all: readonly SiteServers[]): boolean {
  if (site.hosts.length > 0 || all.length === 1) return false;
  const named = new Set(all.filter(({ hosts }) => hosts.length > 0).flatMap(({ servers }) => servers));
  const hosts = new Set(all.flatMap((each) => each.hosts));
  const isSaid = site.servers.some(({ listens }) => listens.some(({ isDefault }) => isDefault));
  return (
    !isSaid &&
    site.servers.every(
      (server) =>
        named.has(server) && server.names.length > 0 && server.names.every((name) => hosts.has(name)),
    )
  );
}

function noteOtherHosts({ servers }: SiteServers, { report }: Context): void {
  for (const { scope } of servers) {
    for (const each of scope.own('server_name')) {
      report.differs(
        each,
        'other hosts get 421; nginx answers them as these, since no server is the default one',
      );
    }
  }
}

/** Sites that do the same are one. */
function addSite(site: SiteDraft, { draft }: Context): void {
  const what = contentOf(site);
  if (!site.has('hosts')) dropSame(draft, what);
  const same = draft.sites.find(
    (each) =>
      each.has('hosts') && site.has('hosts') && contentOf(each) === what && tlsOf(each) === tlsOf(site),
  );
  if (same === undefined) draft.sites.push(site);
  else
    same.set('hosts', [
      ...(same.get('hosts') as readonly string[]),
      ...(site.get('hosts') as readonly string[]),
    ]);
}

/** What the site of all hosts does need not be said for some of them, unless a wildcard would take those. */
function dropSame(draft: FileDraft, what: string): void {
  const hosts = draft.sites.flatMap((each) => each.get('hosts') as readonly string[]);
  const certificate = draft.settings.get('certfile');
  if (hosts.some((host) => host.startsWith('*'))) return;
  const kept = draft.sites.filter((each) => {
    const tls = each.get('tls') as TomlTable | undefined;
    return (
      contentOf(each) !== what ||
      (tls !== undefined && (tls.certificate !== certificate || 'client_ca' in tls))
    );
  });
  draft.sites.splice(0, draft.sites.length, ...kept);
}

function contentOf(site: SiteDraft): string {
  const valuesOf = (table: TableDraft) =>
    [...table.entries]
      .filter(([key]) => key !== 'hosts' && key !== 'tls')
      .map(([key, { value }]) => [key, value]);
  return JSON.stringify([valuesOf(site), site.routes.map(valuesOf)]);
}

function siteOf(
  site: SiteServers,
  endpoints: readonly Endpoint[],
  all: readonly SiteServers[],
  context: Context,
): SiteDraft {
  const draft = new SiteDraft();
  const distinct = [...new Set(site.servers)];
  const places = distinct.map(({ scope }) => shownPlace(scope.directive.place).replace(/:\d+$/, ''));
  draft.comments.push(`server at ${places.join(' and ')}`);
  if (site.hosts.length > 0) draft.set('hosts', site.hosts, null);
  else {
    const others = new Set(all.flatMap(({ hosts }) => hosts));
    const names = [...new Set(distinct.flatMap((server) => server.names))].filter(
      (name) => !others.has(name),
    );
    if (names.length > 0)
      draft.comments.push(`for every host, as nginx has it, and not only for ${names.join(' ')}`);
  }
  siteTls(
    draft,
    site.servers.filter((_, index) => endpoints[index]?.isTls),
    context,
  );
  const parts = distinct.map((server) => {
    const own = endpoints.filter((_, index) => site.servers[index] === server);
    return {
      condition: conditionOf(own, endpoints),
      routes: serverRoutes(server.scope, site.hosts, context),
      server,
      own,
    };
  });
  // The last needs no condition: all other requests are others'.
  parts.sort((a, b) => a.routes.length - b.routes.length);
  for (const [index, { condition, routes, server }] of parts.entries()) {
    const isLast = index === parts.length - 1;
    if (!isLast && condition === null) {
      context.report.missing(
        server.scope.directive,
        'another server has the same host on the same port, and answers',
      );
      continue;
    }
    for (const route of routes) draft.routes.push(isLast ? route : withCondition(route, condition));
  }
  hoist(draft);
  return draft;
}

/** What tells these endpoints from all others: the scheme, or the port. */
function conditionOf(
  own: readonly Endpoint[],
  all: readonly Endpoint[],
): readonly [key: string, value: string | number] | null {
  const [first] = own;
  if (first === undefined) return null;
  const others = all.filter((each) => !own.includes(each));
  if (own.every(({ isTls }) => isTls === first.isTls) && others.every(({ isTls }) => isTls !== first.isTls)) {
    return ['scheme', first.isTls ? 'https' : 'http'];
  }
  return own.length === 1 && first.port !== 0 ? ['port', first.port] : null;
}

function withCondition(route: TableDraft, condition: readonly [string, string | number] | null): TableDraft {
  if (condition === null || route.get('internal') === true) return route;
  const copy = route.copy();
  const entries = [...copy.entries];
  copy.entries.clear();
  copy.set(condition[0], condition[1]);
  for (const [key, entry] of entries) copy.entries.set(key, entry);
  return copy;
}

const tlsOf = (site: SiteDraft): string => JSON.stringify(site.get('tls') ?? null);

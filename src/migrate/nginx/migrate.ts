// An nginx configuration as a kirin.toml, and a report of what became of each directive.

import { type Context, parameter, type Wishes } from './context.ts';
import { httpScope, noteTheRest, writeSettings } from './convert/settings.ts';
import { readServers, writeSites } from './convert/sites.ts';
import { FileDraft } from './draft.ts';
import { fit } from './fit.ts';
import { isNotNeeded } from './known-includes.ts';
import type { Configuration } from './read-files.ts';
import { type Entry, Report } from './report.ts';
import { type Directive, words } from './syntax.ts';

export interface Migrated {
  /** The kirin.toml. */
  readonly text: string;
  readonly entries: readonly Entry[];
}

export function migrate(configuration: Configuration, wishes: Wishes): Migrated {
  const { draft, report } = draftOf(configuration, wishes);
  const text = fit(draft, report, wishes.folder);
  return { text, entries: report.entries(configuration.directives) };
}

/** Before Kirin has read it. */
export function draftOf(
  { directives, files, absent, assumed }: Configuration,
  wishes: Wishes,
): Pick<Context, 'draft' | 'report'> {
  const http = httpScope(directives);
  const report = new Report();
  const context: Context = {
    draft: new FileDraft(),
    report,
    http,
    wishes,
    upstreams: named(http.own('upstream'), (each) => words(each)[0]),
    zones: named(
      http.own('limit_req_zone', 'limit_conn_zone'),
      (each) => `${each.name.replace('_zone', '')} ${zoneOf(each, 'zone')}`,
    ),
    caches: named(http.own('proxy_cache_path'), (each) => zoneOf(each, 'keys_zone')),
    logFormats: named(http.own('log_format'), (each) => words(each)[0]),
    replaced: new Set(),
  };
  noteIncludes(directives, absent, assumed, report);
  const servers = readServers(context);
  writeSettings(servers, context);
  writeSites(servers, context);
  noteUnused(context);
  noteTheRest(directives, 'http', context);
  context.draft.settings.comments.push(`Made by kirin migrate nginx from ${files.join(', ')}`);
  if (wishes.app === null) {
    context.draft.settings.comments.push(
      'app = "module:application" makes Kirin run the application, too: see kirin migrate nginx --app',
    );
  }
  return context;
}

function named(
  directives: readonly Directive[],
  name: (directive: Directive) => string | undefined,
): ReadonlyMap<string, Directive> {
  return new Map(directives.map((directive) => [name(directive) ?? '', directive]));
}

/** `zone=one:10m` */
function zoneOf(directive: Directive, name: string): string {
  return (parameter(directive, name) ?? '').replace(/:.*$/, '');
}

function noteIncludes(
  directives: readonly Directive[],
  absent: ReadonlyMap<Directive, string>,
  assumed: ReadonlySet<Directive>,
  report: Report,
): void {
  for (const directive of directives) {
    if (directive.block !== null) noteIncludes(directive.block, absent, assumed, report);
    if (directive.name !== 'include') continue;
    const [path = ''] = words(directive);
    const why = absent.get(directive);
    if (isNotNeeded(path)) report.carried(directive, 'not needed: Kirin has its own tables');
    else if (assumed.has(directive))
      report.differs(directive, 'it is not here; taken as Debian and certbot ship it');
    else if (why === undefined) report.carried(directive);
    // nginx takes a pattern without files.
    else if (/[*?[]/.test(path)) report.carried(directive, why);
    else report.missing(directive, `${why}: what it says is not carried over`);
  }
}

/** Zones, formats and groups that nothing names. */
function noteUnused({ upstreams, zones, caches, logFormats, report }: Context): void {
  for (const table of [upstreams, zones, caches, logFormats]) {
    for (const directive of table.values()) {
      if (report.has(directive)) continue;
      report.carried(directive, 'nothing uses it');
      for (const inner of directive.block ?? []) report.carried(inner);
    }
  }
}

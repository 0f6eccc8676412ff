// What is asked in a server or a location before it comes to files or a proxy: return, rewrite, if, set, break, in their order.

import type { Context } from '../context.ts';
import type { TableDraft, TomlValue } from '../draft.ts';
import { Scope } from '../scope.ts';
import { type Directive, words } from '../syntax.ts';
import { type ConditionKeys, conditionKeys } from './conditions.ts';
import { type Condition, conditionIn, isOfHosts } from './host-conditions.ts';
import { type Match, routeFor } from './match.ts';
import { writeOptions } from './options.ts';
import { proxyRoute } from './proxy.ts';
import { redirectsByMap } from './redirect-maps.ts';
import { writeReturn } from './returns.ts';
import { rewriteRoute } from './rewrites.ts';

export interface Place {
  readonly scope: Scope;
  readonly match: Match;
  /** Of the site; none: all that no other site names. */
  readonly hosts: readonly string[];
}

export interface Early {
  readonly routes: readonly TableDraft[];
  /** Nothing comes behind them. */
  readonly isFinal: boolean;
  /** `if (!-f $request_filename)`: files come first, and this where there are none. */
  readonly behindFiles: readonly TableDraft[];
}

export function earlyRoutes(place: Place, context: Context): Early {
  return rewritePhase(place.scope.directive.block ?? [], place, [], context);
}

type Keys = readonly (readonly [key: string, value: TomlValue])[];

function rewritePhase(directives: readonly Directive[], place: Place, keys: Keys, context: Context): Early {
  const { report } = context;
  const routes: TableDraft[] = [];
  const behindFiles: TableDraft[] = [];
  let isFinal = false;
  for (const directive of directives) {
    if (isFinal && ['return', 'rewrite', 'if'].includes(directive.name)) {
      report.unreached(directive);
      continue;
    }
    switch (directive.name) {
      case 'set':
        report.carried(directive, 'put in where it is used');
        break;
      case 'break':
      case 'rewrite_log':
        report.carried(directive);
        break;
      case 'return': {
        const route = withKeys(routeFor(place.match), keys);
        writeReturn(route, directive, place.scope, place.hosts.length > 0, context);
        routes.push(finished(route, place.scope, context));
        isFinal = true;
        break;
      }
      case 'rewrite': {
        const made = rewriteRoute(directive, directives, place, context);
        if (made !== null) routes.push(finished(withKeys(made.route, keys), place.scope, context));
        isFinal = made?.isFinal ?? false;
        break;
      }
      case 'if': {
        const inner = conditional(directive, place, context);
        routes.push(...inner.routes);
        behindFiles.push(...inner.behindFiles);
        isFinal = inner.isFinal;
      }
    }
  }
  return { routes, isFinal, behindFiles };
}

const NOTHING: Early = { routes: [], isFinal: false, behindFiles: [] };

function conditional(directive: Directive, place: Place, context: Context): Early {
  const { report } = context;
  const texts = words(directive);
  const condition = conditionIn(texts);
  if (condition === null) return filesFirst(directive, texts, place, context);
  const isOfThese = isOfHosts(condition, place.hosts);
  report.carried(directive, isOfThese === null ? null : 'decided by the hosts of the site');
  if (isOfThese === false) {
    for (const each of directive.block ?? []) report.carried(each);
    return NOTHING;
  }
  const scope = new Scope(directive, place.scope);
  const inner = { ...place, scope };
  if (isOfThese === true) return rewritePhase(directive.block ?? [], inner, [], context);
  const redirects = redirectsByMap(directive, condition, place, context);
  if (redirects !== null)
    return { ...NOTHING, routes: redirects.map((route) => finished(route, scope, context)) };
  const found = conditionKeys(condition, place.match);
  if (found === null) {
    report.missing(directive, whyNot(condition));
    return NOTHING;
  }
  const made = ruled(directive, { ...inner, match: found.match }, found, context);
  if (made === null) report.missing(directive, 'what it does cannot be said of a route');
  if (condition.comparison?.startsWith('!') && condition.variable === 'request_method') {
    report.differs(directive, 'holds for the methods that are registered, and are not named');
  }
  return { ...NOTHING, routes: made ?? [] };
}

function whyNot({ variable }: Condition): string {
  if (/^(arg|cookie)_|^args$/.test(variable)) return 'routes are not chosen by the query or by cookies';
  return `routes are not chosen by $${variable}`;
}

/** What stands in the block, as routes of their own. null: it cannot be said. */
function ruled(
  directive: Directive,
  place: Place,
  { keys }: ConditionKeys,
  context: Context,
): readonly TableDraft[] | null {
  const block = directive.block ?? [];
  const { routes } = rewritePhase(block, place, keys, context);
  const pass = block.find(({ name }) => name === 'proxy_pass');
  if (pass !== undefined && routes.length === 0) {
    return [
      guarded(withKeys(proxyRoute(pass, place.scope, place.match, context), keys), place.scope, context),
    ];
  }
  return routes.length === 0 ? null : routes;
}

/** `if (!-f $request_filename) { proxy_pass …; break; }`, older than try_files. */
function filesFirst(directive: Directive, texts: readonly string[], place: Place, context: Context): Early {
  const pass = (directive.block ?? []).find(({ name }) => name === 'proxy_pass');
  if (/^\(?!-[fe] \$request_filename\)?$/.test(texts.join(' ').trim()) && pass !== undefined) {
    const scope = new Scope(directive, place.scope);
    for (const each of directive.block ?? []) context.report.carried(each);
    context.report.carried(directive, 'files first, and what they do not have is passed on');
    return {
      ...NOTHING,
      behindFiles: [guarded(proxyRoute(pass, scope, place.match, context), scope, context)],
    };
  }
  context.report.missing(
    directive,
    'routes are not chosen by whether a file is there; for a time of maintenance change the kirin.toml, and send HUP',
  );
  return NOTHING;
}

function withKeys(route: TableDraft, keys: Keys): TableDraft {
  const entries = [...route.entries];
  route.entries.clear();
  for (const [key, value] of keys) route.set(key, value);
  for (const [key, entry] of entries) route.entries.set(key, entry);
  return route;
}

function finished(route: TableDraft, scope: Scope, context: Context): TableDraft {
  writeOptions(route, scope, false, context);
  return route;
}

function guarded(route: TableDraft, scope: Scope, context: Context): TableDraft {
  writeOptions(route, scope, true, context);
  return route;
}

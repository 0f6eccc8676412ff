// rewrite: a redirect, another path for the routes behind, or another path for the proxy.

import type { Context } from '../context.ts';
import type { TableDraft } from '../draft.ts';
import { pattern, withSlashBefore } from '../regex.ts';
import type { Scope } from '../scope.ts';
import { type Directive, words } from '../syntax.ts';
import { translate } from '../variables.ts';
import type { Place } from './block.ts';
import { filesRoute } from './files.ts';
import { type Match, matchWithin, routeFor } from './match.ts';
import { proxyRoute } from './proxy.ts';
import { writeRedirect } from './returns.ts';

interface Rewritten {
  readonly route: TableDraft;
  /** It takes every request of the block. */
  readonly isFinal: boolean;
}

/** null: it has no equivalent, which is reported. */
export function rewriteRoute(
  directive: Directive,
  block: readonly Directive[],
  { scope, match }: Place,
  context: Context,
): Rewritten | null {
  const { report } = context;
  const [, , flag] = words(directive);
  const [source, to] = withPlainSlash(words(directive));
  const found = pattern(source, false);
  const isForAll = /^\^?(\/|\.\*|\^)?$|^\^\(\.\*\)\$?$|^\^\.\*\$?$/.test(source);
  const inner = found === null ? null : isForAll && !/\$\d/.test(to) ? match : matchWithin(match, found);
  if (inner === null) {
    report.missing(
      directive,
      found === null ? 'JavaScript has no such regular expression' : 'two patterns cannot be one',
    );
    return null;
  }
  report.carried(directive);
  const isElsewhere = /^(https?:\/\/|\$scheme)/.test(to);
  const isRedirect = isElsewhere || flag === 'redirect' || flag === 'permanent';
  const route = routeFor(inner);
  if (isRedirect) {
    writeRedirect(route, withQuery(to), flag === 'permanent' ? 301 : 302, directive, scope);
    return { route, isFinal: isForAll };
  }
  if (flag === 'break') return withinLocation(to, block, scope, inner, isForAll, context);
  route.set('rewrite', translate(withoutMark(to), scope).text, directive);
  // Of a location: nginx looks for one once more, from the beginning.
  if (scope.name === 'location') route.set('again', true, directive);
  return { route, isFinal: false };
}

/** A path begins with a slash: `^/api(/.*)$` to `$1` is `^/api/(.*)$` to `/$1`. */
function withPlainSlash([source = '', to = '']: readonly string[]): readonly [source: string, to: string] {
  const [, group] = /^\$([1-9])/.exec(to) ?? [];
  const moved = group === undefined ? null : withSlashBefore(source, Number(group));
  return moved === null ? [source, to] : [moved, `/${to}`];
}

/** nginx puts the request's query behind its own, unless the text ends with a question mark. */
function withQuery(to: string): string {
  if (to.endsWith('?')) return to.slice(0, -1);
  if (/\$(request_uri|args|query_string)/.test(to)) return to;
  return `${to}$is_args$args`;
}

const withoutMark = (to: string): string => to.replace(/\?$/, '');

function withinLocation(
  to: string,
  block: readonly Directive[],
  scope: Scope,
  match: Match,
  isForAll: boolean,
  context: Context,
): Rewritten | null {
  const pass = block.find(({ name }) => name === 'proxy_pass') ?? scope.own('proxy_pass')[0];
  if (pass === undefined)
    return { route: filesRoute(scope, match, context, to.replace(/\?$/, '')), isFinal: isForAll };
  const path = to.endsWith('?') ? to.slice(0, -1) : `${to}$is_args$args`;
  return { route: proxyRoute(pass, scope, match, context, path), isFinal: isForAll };
}

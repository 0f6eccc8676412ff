// `map $uri $new_uri { /old /new; }` with `if ($new_uri) { return 301 $new_uri; }`: a route for each line of the table.

import type { Context } from '../context.ts';
import type { TableDraft } from '../draft.ts';
import { pattern } from '../regex.ts';
import { type Directive, words } from '../syntax.ts';
import type { Place } from './block.ts';
import type { Condition } from './host-conditions.ts';
import { type Match, routeFor } from './match.ts';
import { writeRedirect } from './returns.ts';

/** null: it is none of these. */
export function redirectsByMap(
  directive: Directive,
  { variable, comparison, value }: Condition,
  { scope, match }: Place,
  { http, report }: Context,
): readonly TableDraft[] | null {
  const map = http.own('map').find((each) => words(each)[1] === `$${variable}`);
  const isThere = comparison === null || (comparison === '!=' && value === '');
  const [redirect, ...others] = directive.block ?? [];
  if (map === undefined || redirect === undefined || others.length > 0) return null;
  if (!isThere || match.kind !== 'any' || !/^\$(request_)?uri$/.test(words(map)[0] ?? '')) return null;
  const target = targetOf(redirect);
  const lines = linesOf(map);
  if (target === null || lines === null) return null;
  report.carried(redirect);
  report.differs(map, 'a route for each; capitals are not small letters, and the query does not count');
  return lines.map(({ match: of, to }) => {
    const route = routeFor(of);
    writeRedirect(route, target.text.replace(`$${variable}`, to), target.status, redirect, scope);
    return route;
  });
}

interface Line {
  readonly match: Match;
  readonly to: string;
}

/** Plain paths come before regular expressions. null: there is something else among them. */
function linesOf({ block }: Directive): readonly Line[] | null {
  const lines = (block ?? []).flatMap((entry): readonly (Line | null)[] => {
    const [to = ''] = words(entry);
    if (entry.name === 'default') return to === '' || to === '0' ? [] : [null];
    if (/^\/[^?]*$/.test(entry.name)) return [{ match: { kind: 'exact', path: entry.name }, to }];
    const [, ignoresCase, source] = /^~(\*?)(.+)$/.exec(entry.name) ?? [];
    const found = source === undefined ? null : pattern(source, ignoresCase === '*');
    if (found === null) return [null];
    return [{ match: { kind: 'regex', pattern: found, below: null }, to: numbered(to, found.groups) }];
  });
  const known = lines.filter((line) => line !== null);
  if (known.length < lines.length || known.length === 0) return null;
  return [
    ...known.filter(({ match }) => match.kind === 'exact'),
    ...known.filter(({ match }) => match.kind !== 'exact'),
  ];
}

/** Groups by their numbers, in the place of their names. */
function numbered(text: string, groups: readonly string[]): string {
  return text.replace(/\$(\w+)/g, (reference, name: string) => {
    const index = groups.indexOf(name);
    return index === -1 ? reference : `$${index + 1}`;
  });
}

/** `return 301 $new_uri`, `rewrite ^ $new_uri permanent`. */
function targetOf(directive: Directive): { readonly text: string; readonly status: number } | null {
  const [first = '', second = '', third] = words(directive);
  if (directive.name === 'return')
    return /^30[12378]$/.test(first) ? { text: second, status: Number(first) } : null;
  if (directive.name !== 'rewrite' || !/^(\^|\^\.\*\$?|\^?\(\.\*\)\$?)$/.test(first)) return null;
  if (third === 'permanent') return { text: second, status: 301 };
  return third === 'redirect' ? { text: second, status: 302 } : null;
}

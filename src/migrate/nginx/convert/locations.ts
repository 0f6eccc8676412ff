// Locations in the order of routes. nginx looks for the exact one, then for the longest prefix, and lets regular expressions win over that
// unless it says ^~; of routes the first that matches answers.

import { pattern } from '../regex.ts';
import type { Report } from '../report.ts';
import { Scope } from '../scope.ts';
import { type Directive, words } from '../syntax.ts';
import type { Match } from './match.ts';

export interface Location {
  readonly scope: Scope;
  readonly match: Match;
  /** ^~ */
  readonly isFinal: boolean;
}

/** Those in the block, and those within them. */
export function locationsOf(scope: Scope, report: Report): readonly Location[] {
  return scope.own('location').flatMap((directive) => {
    const inner = new Scope(directive, scope);
    const found = matchOf(words(directive), belowOf(scope));
    if (found === null) {
      report.missing(directive, 'JavaScript has no such regular expression');
      return [];
    }
    report.carried(directive);
    return [{ scope: inner, ...found }, ...locationsOf(inner, report)];
  });
}

function belowOf(scope: Scope): string | null {
  if (scope.name !== 'location') return null;
  const [first = '', second] = words(scope.directive);
  if (second === undefined && first.startsWith('/')) return first;
  return first === '^~' ? (second ?? null) : null;
}

function matchOf(
  [first = '', second = '']: readonly string[],
  below: string | null,
): Pick<Location, 'match' | 'isFinal'> | null {
  const [, sign, rest] = /^(=|\^~|~\*|~)(.*)$/.exec(first) ?? [];
  const modifier = sign ?? '';
  const text = sign === undefined ? first : rest === '' ? second : (rest ?? '');
  switch (modifier) {
    case '=':
      return { match: { kind: 'exact', path: text }, isFinal: false };
    case '~':
    case '~*': {
      const found = pattern(text, modifier === '~*');
      return found === null ? null : { match: { kind: 'regex', pattern: found, below }, isFinal: false };
    }
    default:
      if (text.startsWith('@')) return { match: { kind: 'named', name: text.slice(1) }, isFinal: false };
      return {
        match: text === '/' ? { kind: 'any' } : { kind: 'prefix', path: text },
        isFinal: modifier === '^~',
      };
  }
}

/** The location of a server that nginx takes for a path, leaving aside those within others; null: none. */
export function locationFor(path: string, server: Scope): Directive | null {
  const all = server.own('location').flatMap((directive) => {
    const found = matchOf(words(directive), null);
    return found === null ? [] : [{ directive, ...found }];
  });
  const exact = all.find(({ match }) => match.kind === 'exact' && match.path === path);
  if (exact !== undefined) return exact.directive;
  const [prefix] = all
    .filter(({ match }) => match.kind === 'any' || (match.kind === 'prefix' && path.startsWith(match.path)))
    .sort((a, b) => lengthOf(b.match) - lengthOf(a.match));
  if (prefix?.isFinal) return prefix.directive;
  const regex = all.find(
    ({ match }) =>
      match.kind === 'regex' &&
      new RegExp(match.pattern.source, match.pattern.ignoresCase ? 'iu' : 'u').test(path),
  );
  return regex?.directive ?? prefix?.directive ?? null;
}

/** Named ones come last: nobody gets there by a path. */
export function inOrder(locations: readonly Location[]): readonly Location[] {
  const exact = locations.filter(({ match }) => match.kind === 'exact');
  const regexes = locations.filter(({ match }) => match.kind === 'regex');
  const prefixes = locations
    .filter(({ match }) => match.kind === 'prefix' || match.kind === 'any')
    .sort((a, b) => prefixOf(b).length - prefixOf(a).length);
  const named = locations.filter(({ match }) => match.kind === 'named');
  // Regular expressions of a location within another are asked before those of the server.
  const inner = regexes.filter(({ match }) => match.kind === 'regex' && match.below !== null);
  const outer = regexes.filter((each) => !inner.includes(each));
  const before: Location[] = [];
  const behind: Location[] = [];
  for (const prefix of prefixes) {
    if (!prefix.isFinal) {
      behind.push(prefix);
      continue;
    }
    // Longer ones below it come first, with the regular expressions that they do not keep out.
    const longer = behind.filter((each) => prefixOf(each).startsWith(prefixOf(prefix)));
    for (const each of longer) {
      const possible = outer.filter((regex) => canMatchBelow(regex, prefixOf(each)));
      before.push(...possible.map((regex) => below(regex, prefixOf(each))), each);
      behind.splice(behind.indexOf(each), 1);
    }
    before.push(prefix);
  }
  return [...exact, ...inner, ...before, ...outer, ...behind, ...named];
}

function below(location: Location, path: string): Location {
  const { match } = location;
  return match.kind === 'regex' ? { ...location, match: { ...match, below: path } } : location;
}

/** `^/user/` matches nothing below `/static/`. */
function canMatchBelow({ match }: Location, path: string): boolean {
  const [, start = ''] = (match.kind === 'regex' && /^\^([\w/-]+)/.exec(match.pattern.source)) || [];
  return start === '' || path.startsWith(start) || start.startsWith(path);
}

export function prefixOf({ match }: Location): string {
  return match.kind === 'prefix' ? match.path : '/';
}

function lengthOf(match: Match): number {
  return match.kind === 'prefix' ? match.path.length : 1;
}

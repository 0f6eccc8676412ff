// For which paths a route is.

import { TableDraft } from '../draft.ts';
import { literal, type Pattern } from '../regex.ts';

export type Match =
  | { readonly kind: 'any' }
  | { readonly kind: 'exact'; readonly path: string }
  /** What begins with this text, whether a segment ends there or not. */
  | { readonly kind: 'prefix'; readonly path: string }
  /** `below`: only what begins with this; null: every path. */
  | { readonly kind: 'regex'; readonly pattern: Pattern; readonly below: string | null }
  /** `location @name`. */
  | { readonly kind: 'named'; readonly name: string };

/** A route for it, without an action yet. */
export function routeFor(match: Match): TableDraft {
  const route = new TableDraft();
  switch (match.kind) {
    case 'any':
      return route;
    case 'exact':
      return route.set('exact', match.path);
    case 'prefix':
      // With a slash at its end it is what lies below; without, nginx also takes /statics for /static.
      if (match.path.endsWith('/')) return route.set('path', match.path);
      return route.set('pattern', `^${literal(match.path)}`);
    case 'regex':
      return patternRoute(route, match.pattern, match.below);
    case 'named':
      return route.set('name', match.name).set('internal', true);
  }
}

/** As above, for what is done with the rest of the path: there has to be a `path`. */
export function routeByPath(match: Match): TableDraft {
  if (match.kind !== 'prefix') return routeFor(match);
  return new TableDraft().set('path', match.path);
}

function patternRoute(route: TableDraft, pattern: Pattern, below: string | null): TableDraft {
  route.set('pattern', within(pattern.source, below));
  return pattern.ignoresCase ? route.set('ignore_case', true) : route;
}

/** The same pattern, for what begins with a text. */
function within(source: string, below: string | null): string {
  if (below === null || below === '/' || source.startsWith(`^${literal(below)}`)) return source;
  return `^(?=${literal(below)})${source.startsWith('^') ? '' : '.*?'}(?:${source.replace(/^\^/, '')})`;
}

/** A pattern within what matches; null: that cannot be said in one pattern. */
export function matchWithin(match: Match, pattern: Pattern): Match | null {
  switch (match.kind) {
    case 'any':
      return { kind: 'regex', pattern, below: null };
    case 'prefix':
      return { kind: 'regex', pattern, below: match.path };
    case 'exact': {
      const isHeld = new RegExp(pattern.source, 'u').test(match.path);
      return isHeld ? { kind: 'regex', pattern, below: match.path } : null;
    }
    case 'regex':
      if (pattern.source === match.pattern.source || /^\^?(\/?\.\*|\(\.\*\))?\$?$/.test(pattern.source)) {
        return pattern.source.includes('(') && pattern.source !== match.pattern.source ? null : match;
      }
      return null;
    case 'named':
      return null;
  }
}

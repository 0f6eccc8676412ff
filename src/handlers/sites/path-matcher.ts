import type { PathMatch } from '../../protocol/supervision/site.ts';
import { type Groups, NO_GROUPS } from '../exchange.ts';

/** Which paths a route is for. `path` is comparable: see comparable-path.ts. Null: not this one. */
export function pathMatcher(match: PathMatch): (path: string) => Groups | null {
  switch (match.kind) {
    case 'any':
      return () => NO_GROUPS;
    case 'exact':
      return (path) => (path === match.path ? NO_GROUPS : null);
    case 'prefix': {
      const below = `${match.path}/`;
      if (match.isBelow) return (path) => (path.startsWith(below) ? NO_GROUPS : null);
      return (path) => (path === match.path || path.startsWith(below) ? NO_GROUPS : null);
    }
    case 'pattern': {
      // A dot is any character: else `%0A` in a path would lead around `^/admin/(.*)$`.
      const pattern = new RegExp(match.source, match.ignoresCase ? 'isu' : 'su');
      return (path) => pattern.exec(path)?.slice(1) ?? null;
    }
  }
}

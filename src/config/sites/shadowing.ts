import type { PathMatch, RouteSpec } from '../../protocol/supervision/site.ts';

/** Whether the first takes every request that the second matches. Of patterns it is not known. */
export function whoTakesAll(first: RouteSpec, second: RouteSpec): boolean {
  if (first.action.do === 'files' && first.action.missing === 'next') return false;
  const takesScheme = first.scheme === null || first.scheme === second.scheme;
  return takesScheme && takesPaths(first.path, second.path) && takesMethods(first.methods, second.methods);
}

function takesPaths(first: PathMatch, second: PathMatch): boolean {
  switch (first.kind) {
    case 'any':
      return true;
    case 'prefix':
      return second.kind === 'prefix' || second.kind === 'exact'
        ? second.path === first.path || second.path.startsWith(`${first.path}/`)
        : false;
    case 'exact':
      return second.kind === 'exact' && second.path === first.path;
    case 'pattern':
      return second.kind === 'pattern' && second.source === first.source;
  }
}

function takesMethods(first: RouteSpec['methods'], second: RouteSpec['methods']): boolean {
  if (first === null) return true;
  return second?.every((method) => first.includes(method)) ?? false;
}

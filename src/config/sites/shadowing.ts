import type { PathMatch, RouteSpec } from '../../protocol/supervision/site.ts';

/** Whether the first takes every request that the second matches. Of patterns it is not known. */
export function whoTakesAll(first: RouteSpec, second: RouteSpec): boolean {
  const { action, fields, internal, path } = first;
  if (action.do === 'rewrite' || (action.do === 'files' && action.missing === 'next')) return false;
  // By its name it is asked all the same; and nobody but by its name asks this one.
  if (second.name !== null || (internal && path.kind === 'any')) return false;
  if (fields.length > 0) return false;
  const takesScheme = first.scheme === null || first.scheme === second.scheme;
  const takesPort = first.port === null || first.port === second.port;
  return (
    takesScheme &&
    takesPort &&
    takesPaths(first.path, second.path) &&
    takesMethods(first.methods, second.methods)
  );
}

function takesPaths(first: PathMatch, second: PathMatch): boolean {
  switch (first.kind) {
    case 'any':
      return true;
    case 'prefix':
      if (second.kind !== 'prefix' && second.kind !== 'exact') return false;
      if (second.path.startsWith(`${first.path}/`)) return true;
      return second.path === first.path && (!first.isBelow || (second.kind === 'prefix' && second.isBelow));
    case 'exact':
      return second.kind === 'exact' && second.path === first.path;
    case 'pattern':
      return (
        second.kind === 'pattern' && second.source === first.source && first.ignoresCase >= second.ignoresCase
      );
  }
}

function takesMethods(first: RouteSpec['methods'], second: RouteSpec['methods']): boolean {
  if (first === null) return true;
  return second?.every((method) => first.includes(method)) ?? false;
}

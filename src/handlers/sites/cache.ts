import { createHash } from 'node:crypto';
import type { RouteSpec } from '../../protocol/supervision/site.ts';
import { CacheHandler } from '../cache/cache-handler.ts';
import type { SharedCache } from '../cache/shared-cache.ts';
import type { Handler } from '../exchange.ts';

/** Answers from a cache, where the route has one. */
export function cache(
  spec: RouteSpec,
  next: Handler,
  { cacheOf }: { readonly cacheOf: (name: string) => SharedCache },
): Handler {
  const { cache, action } = spec;
  // Whoever answers what was rewritten has a cache of his own, or none.
  return cache === null || action.do === 'rewrite'
    ? next
    : new CacheHandler(cache, cacheOf(cache.cache), next, identity(spec));
}

/** Of a route: what brings requests to it. What answers there may change, and where it stands among others, without the cache being lost. */
function identity({ name, internal, fields, path, methods, scheme, port }: RouteSpec): string {
  const match = JSON.stringify([name, internal, fields, path, methods, scheme, port]);
  return createHash('sha256').update(match).digest('base64url').slice(0, 16);
}

import type { RouteSpec } from '../../protocol/supervision/site.ts';
import { CacheHandler } from '../cache/cache-handler.ts';
import type { SharedCache } from '../cache/shared-cache.ts';
import type { Handler } from '../exchange.ts';

/** Answers from a cache, where the route has one. */
export function cache(
  { cache, action }: RouteSpec,
  next: Handler,
  { cacheOf }: { readonly cacheOf: (name: string) => SharedCache },
): Handler {
  // Whoever answers what was rewritten has a cache of his own, or none.
  return cache === null || action.do === 'rewrite'
    ? next
    : new CacheHandler(cache, cacheOf(cache.cache), next);
}

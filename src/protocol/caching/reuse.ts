// RFC 9111 4 and 5.2.1, RFC 5861: whether a stored response answers a request.

import { type Directives, deltaSeconds } from '../fields/cache-control.ts';
import type { StoredFacts } from './stored-facts.ts';

export type Reuse =
  /** It answers. */
  | 'fresh'
  /** It answers, though it is stale: the client takes that. */
  | 'stale'
  /** It answers, and is renewed behind that. */
  | 'stale-while-revalidate'
  /** Whoever made it is asked first. */
  | 'revalidate';

/** In seconds. */
export function ageOf({ initialAge, receivedMs }: StoredFacts, nowMs: number): number {
  return initialAge + Math.max(0, nowMs - receivedMs) / 1000;
}

export function reuse(facts: StoredFacts, request: Directives, nowMs: number): Reuse {
  const age = ageOf(facts, nowMs);
  const staleness = age - facts.lifetime;
  if (facts.noCache) return 'revalidate';
  if (request.size > 0) {
    if (request.has('no-cache')) return 'revalidate';
    const maxAge = deltaSeconds(request, 'max-age');
    if (maxAge !== null && (age > maxAge || maxAge === 0)) return 'revalidate';
    const minFresh = deltaSeconds(request, 'min-fresh');
    if (minFresh !== null && -staleness < minFresh) return 'revalidate';
  }
  if (staleness < 0) return 'fresh';
  if (facts.mustRevalidate) return 'revalidate';
  const maxStale = request.get('max-stale');
  if (maxStale === '' || staleness <= (deltaSeconds(request, 'max-stale') ?? -1)) return 'stale';
  return staleness < facts.staleWhileRevalidate ? 'stale-while-revalidate' : 'revalidate';
}

/** RFC 5861 4: whether it answers while whoever made it cannot. */
export function mayHideError(facts: StoredFacts, request: Directives, nowMs: number): boolean {
  if (facts.mustRevalidate || facts.noCache) return false;
  const allowed = Math.max(facts.staleIfError, deltaSeconds(request, 'stale-if-error') ?? 0);
  return ageOf(facts, nowMs) - facts.lifetime < allowed;
}

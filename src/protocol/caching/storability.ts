// RFC 9111 3: which responses a shared cache may store, and what it then has to know of them.

import { type Directives, deltaSeconds, parseCacheControl } from '../fields/cache-control.ts';
import { REASON_PHRASES } from '../http1/errors.ts';
import type { ResponseHead } from '../http1/response-head.ts';
import { explicitLifetime, initialAge } from './freshness.ts';
import type { StoredFacts } from './stored-facts.ts';
import { varyNames } from './vary.ts';

export interface StoragePolicy {
  /** Seconds for which responses of a status are fresh that do not say; `any`: of every other. */
  readonly valid: ReadonlyMap<number | 'any', number>;
  /** For those that say nothing of it themselves, in seconds. */
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  /** Fields of responses that say nothing here: cache-control, expires, set-cookie, vary, x-accel-expires. */
  readonly ignored: ReadonlySet<string>;
}

export interface Asked {
  /** Of the request; none where they are not heeded. */
  readonly directives: Directives;
  readonly hasAuthorization: boolean;
  readonly unspoken: string;
  readonly route: string;
  /** The value of a field, '' where there is none: several are joined. */
  valueOf(name: string): string;
  readonly askedMs: number;
  readonly receivedMs: number;
}

/** Those say what became of a part, of a condition, or nothing yet. */
const NEVER = new Set([206, 304, 412, 416]);

/** Of what the client has said that the response depends on: all of it is remembered, whatever clients send. */
const MAX_TOLD_LENGTH = 8192;

/** Null: it must not be stored. */
export function judge(head: ResponseHead, asked: Asked, policy: StoragePolicy): StoredFacts | null {
  const { ignored } = policy;
  const { status } = head;
  if (status < 200 || NEVER.has(status)) return null;
  const directives = ignored.has('cache-control')
    ? new Map<string, string>()
    : parseCacheControl(head.all('cache-control'));
  const fields = {
    directives,
    accelExpires: ignored.has('x-accel-expires') ? null : head.get('x-accel-expires'),
    expires: ignored.has('expires') ? [] : head.all('expires'),
    date: head.get('date'),
    age: head.get('age'),
  };
  if (asked.directives.has('no-store') || forbids(directives, status, fields.accelExpires)) return null;
  if (!ignored.has('set-cookie') && head.get('set-cookie') !== null) return null;
  const vary = ignored.has('vary') ? [] : varyNames(head.all('vary'));
  if (vary === '*') return null;
  // 3.5.
  const isForEverybody = ['public', 's-maxage', 'must-revalidate'].some((name) => directives.has(name));
  if (asked.hasAuthorization && !isForEverybody) return null;
  const { receivedMs } = asked;
  const configured = policy.valid.get(status) ?? policy.valid.get('any') ?? null;
  const said = explicitLifetime(fields, receivedMs);
  // nginx: 0 there means that it is not for caches.
  if (fields.accelExpires !== null && said !== null && said <= 0) return null;
  const noCache = fields.accelExpires === null && directives.has('no-cache');
  const lifetime = said ?? configured ?? (noCache ? 0 : null);
  if (lifetime === null) return null;
  // 5.2.2.10: s-maxage means proxy-revalidate, too.
  const mustRevalidate = ['must-revalidate', 'proxy-revalidate', 's-maxage'].some((name) =>
    directives.has(name),
  );
  const varyValues = vary.map((name) => asked.valueOf(name));
  if (varyValues.reduce((sum, { length }) => sum + length, asked.unspoken.length) > MAX_TOLD_LENGTH)
    return null;
  const entityTag = head.get('etag');
  const facts: StoredFacts = {
    status,
    receivedMs,
    initialAge: initialAge(fields, asked.askedMs, receivedMs),
    lifetime: Math.max(0, lifetime),
    entityTag: entityTag !== null && /^(?:W\/)?"[^"]*"$/.test(entityTag) ? entityTag : null,
    lastModified: head.get('last-modified'),
    mustRevalidate,
    noCache,
    staleWhileRevalidate: deltaSeconds(directives, 'stale-while-revalidate') ?? policy.staleWhileRevalidate,
    staleIfError: deltaSeconds(directives, 'stale-if-error') ?? policy.staleIfError,
    isForEverybody,
    vary,
    varyValues,
    unspoken: asked.unspoken,
    route: asked.route,
  };
  return isOfUse(facts) ? facts : null;
}

function forbids(directives: Directives, status: number, accelExpires: string | null): boolean {
  // As in nginx: whoever sets this field means it for this cache, and the others for those behind it.
  if (accelExpires !== null) return false;
  // 5.2.2.3: whoever understands the status is to ignore no-store.
  if (directives.has('must-understand')) {
    if (REASON_PHRASES[status] === undefined) return true;
  } else if (directives.has('no-store')) {
    return true;
  }
  // With names of fields it would be for these alone; a cache may take it for the whole (5.2.2.7).
  return directives.has('private');
}

/** Whether it can ever answer a request, or save a body. */
function isOfUse(facts: StoredFacts): boolean {
  const { entityTag, lastModified, noCache, lifetime, initialAge, staleIfError, staleWhileRevalidate } =
    facts;
  if (entityTag !== null || lastModified !== null) return true;
  if (noCache) return false;
  if (lifetime > initialAge) return true;
  return !facts.mustRevalidate && (staleIfError > 0 || staleWhileRevalidate > 0);
}

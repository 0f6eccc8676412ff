import type { Exchange } from '../exchange.ts';
import { compileTemplate, schemeOf, type Template } from '../template.ts';

/** What tells one URI from another. */
export type CacheKey = Template;

/** `template`: with $variables; null: the URI, as the client wrote it but for the case of its host. */
export function cacheKey(template: string | null): CacheKey {
  return template === null ? uriOf : compileTemplate(template);
}

function uriOf(exchange: Exchange): string {
  return originOf(exchange) + targetOf(exchange);
}

function originOf(exchange: Exchange): string {
  const { head, peer } = exchange;
  // RFC 9112 3.3: who names no host means this address. With a sign that no name of a host has: a site of such a name is another one.
  const authority = head.authority?.toLowerCase() ?? `@${peer.serverName}:${peer.serverPort}`;
  return `${schemeOf(exchange)}://${authority}`;
}

/** `/a?` is not the same as `/a`: whoever answers may see the difference. */
function targetOf({ head: { target, path, query } }: Exchange): string {
  if (target.startsWith('/')) return target;
  return query === '' && !target.includes('?') ? path : `${path}?${query}`;
}

/** Of a URI that the response to a request names, if it is one of the same origin (RFC 9111 4.4); else null. */
export function relatedKey(exchange: Exchange, reference: string): string | null {
  try {
    const own = new URL(uriOf(exchange));
    const other = new URL(reference, own);
    return other.origin === own.origin ? `${originOf(exchange)}${other.pathname}${other.search}` : null;
  } catch {
    return null;
  }
}

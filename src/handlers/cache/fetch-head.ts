import type { StoredFacts } from '../../protocol/caching/stored-facts.ts';
import { FieldBlock } from '../../protocol/http1/field-block.ts';
import type { RequestHead } from '../../protocol/http1/request-head.ts';

/** RFC 9111 4.3.1: the conditions of the client are the cache's concern. */
const CONDITIONS = new Set([
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
]);

/** The whole is asked for; and of what is stored, whether it is still right (RFC 9111 4.3.1). */
export function fetchHead(head: RequestHead, stored: StoredFacts | null): RequestHead {
  const { fields } = head;
  const validators: (readonly [string, string])[] = [];
  if (stored?.entityTag != null) validators.push(['if-none-match', stored.entityTag]);
  if (stored?.lastModified != null) validators.push(['if-modified-since', stored.lastModified]);
  const hasConditions = fields.names.some((name) => CONDITIONS.has(name));
  const method = 'GET';
  if (!hasConditions && validators.length === 0) return head.method === method ? head : { ...head, method };
  const kept = fields.names.map((name, index) => [name, fields.values[index] as string] as const);
  const all = [...kept.filter(([name]) => !CONDITIONS.has(name)), ...validators];
  return {
    ...head,
    method,
    fields: new FieldBlock(
      all.map(([name]) => name),
      all.map(([, value]) => value),
    ),
  };
}

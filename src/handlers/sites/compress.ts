import type { RouteSpec } from '../../protocol/supervision/site.ts';
import { CompressFilter } from '../compress/filter.ts';
import { CompressionRules } from '../compress/rules.ts';
import type { Handler } from '../exchange.ts';

/** Compresses responses. */
export function compress({ compress }: RouteSpec, next: Handler): Handler {
  if (compress === null) return next;
  const rules = new CompressionRules(compress);
  return { handle: (exchange) => next.handle(new CompressFilter(exchange, rules)) };
}

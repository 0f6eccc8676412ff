import type { RouteOptions } from '../../protocol/supervision/site.ts';
import type { Handler } from '../exchange.ts';
import { limitKey } from './limit-key.ts';
import type { Counters, LimitZones } from './limit-zones.ts';
import { notePassed } from './passed.ts';

/** Lets in no more requests of a key than may be in progress at once. */
export function connectionLimit(
  { connectionLimits }: RouteOptions,
  next: Handler,
  { limits }: { readonly limits: LimitZones },
): Handler {
  if (connectionLimits.length === 0) return next;
  const rules = connectionLimits.map((spec) => ({
    spec,
    counters: limits.counters(spec),
    keyOf: limitKey(spec.key),
  }));
  return {
    handle: (exchange) => {
      const entered: (readonly [Counters, string])[] = [];
      for (const { spec, counters, keyOf } of rules) {
        const key = keyOf(exchange);
        if (key === '' || exchange.passed?.has(counters)) continue;
        if ((counters.get(key) ?? 0) >= spec.limit) {
          const { head, peer } = exchange;
          limits.report(
            `Too many requests of ${key} at once: answered ${head.method} ${head.target} (from ${peer.remoteAddress || 'a unix socket'}) with ${spec.status}`,
          );
          exchange.refuse(spec.status, '', 'Retry-After: 1\r\n');
          return;
        }
        entered.push([counters, key]);
      }
      for (const [counters, key] of entered) {
        notePassed(exchange, counters);
        counters.set(key, (counters.get(key) ?? 0) + 1);
      }
      exchange.whenOver(() => {
        for (const [counters, key] of entered) leave(counters, key);
      });
      next.handle(exchange);
    },
  };
}

function leave(counters: Counters, key: string): void {
  const left = (counters.get(key) ?? 1) - 1;
  if (left > 0) counters.set(key, left);
  else counters.delete(key);
}

import type { RouteOptions } from '../../protocol/supervision/site.ts';
import type { Exchange, Handler, Producer } from '../exchange.ts';
import { limitKey } from './limit-key.ts';
import type { LimitZones } from './limit-zones.ts';
import { notePassed } from './passed.ts';

/** Sums of fractions are off by less. */
const TOLERANCE = 1e-6;
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Lets in as many requests of a key as its rate allows, and holds up those that come too early. */
export function rateLimit(
  { rateLimits }: RouteOptions,
  next: Handler,
  { limits }: { readonly limits: LimitZones },
): Handler {
  if (rateLimits.length === 0) return next;
  const rules = rateLimits.map((spec) => ({ spec, zone: limits.rateZone(spec), keyOf: limitKey(spec.key) }));
  return {
    handle: (exchange) => {
      const nowMs = performance.now();
      let delayMs = 0;
      const passed: (() => void)[] = [];
      for (const { spec, zone, keyOf } of rules) {
        const key = keyOf(exchange);
        if (key === '' || exchange.passed?.has(zone)) continue;
        const excess = zone.excessWith(key, nowMs);
        if (excess > spec.burst + TOLERANCE) {
          const seconds = Math.max(1, Math.ceil((excess - spec.burst) / spec.perSecond));
          const { head, peer } = exchange;
          limits.report(
            `Too many requests of ${key}: answered ${head.method} ${head.target} (from ${peer.remoteAddress || 'a unix socket'}) with ${spec.status}`,
          );
          exchange.refuse(spec.status, '', `Retry-After: ${seconds}\r\n`);
          return;
        }
        passed.push(() => {
          notePassed(exchange, zone);
          zone.charge(key, excess, nowMs);
        });
        if (spec.undelayed === null) continue;
        delayMs = Math.max(delayMs, ((excess - spec.undelayed) / spec.perSecond) * 1000);
      }
      // What one limit refuses is no other's.
      for (const charge of passed) charge();
      if (delayMs <= TOLERANCE) next.handle(exchange);
      else hold(exchange, delayMs, next);
    },
  };
}

function hold(exchange: Exchange, delayMs: number, next: Handler): void {
  const waiting: Producer = {
    isWaiting: true,
    pause() {},
    resume() {},
    cancel: () => clearTimeout(timer),
  };
  const timer = setTimeout(
    () => {
      exchange.producer = null;
      if (!exchange.isOver) next.handle(exchange);
    },
    Math.min(delayMs, MAX_DELAY_MS),
  );
  exchange.producer = waiting;
}

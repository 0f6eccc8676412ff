import type { Exchange } from '../exchange.ts';

/** A request that goes on to another route, under the same limit, counts once. */
export function notePassed(exchange: Exchange, limit: object): void {
  exchange.passed ??= new Set();
  exchange.passed.add(limit);
}

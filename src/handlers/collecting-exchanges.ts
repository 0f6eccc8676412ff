import type { Exchange } from './exchange.ts';

/** Fewer than these are not worth looking through. */
const SMALL = 64;

/** Exchanges whose bodies are on their way. Clients that leave tell nobody: who is over is let go now and then. */
export class CollectingExchanges {
  readonly #exchanges = new Set<Exchange>();
  #pruneAt = SMALL;

  add(exchange: Exchange): void {
    this.#exchanges.add(exchange);
    if (this.#exchanges.size >= this.#pruneAt) this.#pruneAt = Math.max(SMALL, 2 * this.count());
  }

  delete(exchange: Exchange): void {
    this.#exchanges.delete(exchange);
  }

  /** Those that are held. */
  get size(): number {
    return this.#exchanges.size;
  }

  /** Those that still may come. */
  count(): number {
    for (const exchange of this.#exchanges) if (exchange.isOver) this.#exchanges.delete(exchange);
    return this.#exchanges.size;
  }
}

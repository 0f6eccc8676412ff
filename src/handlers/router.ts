import type { RequestHead } from '../protocol/http1/request-head.ts';
import type { Exchange, Handler } from './exchange.ts';

export interface RouteRule {
  /** Whether this rule is for the request. */
  readonly matches: (head: RequestHead) => boolean;
  readonly handler: Handler;
}

/** The first rule that matches answers; without one, the fallback. */
export class Router implements Handler {
  readonly #rules: readonly RouteRule[];
  readonly #fallback: Handler;

  constructor(rules: readonly RouteRule[], fallback: Handler) {
    this.#rules = rules;
    this.#fallback = fallback;
  }

  /** The same, with this rule before all others. */
  behind(first: RouteRule): Router {
    return new Router([first, ...this.#rules], this.#fallback);
  }

  route(head: RequestHead): Handler {
    for (const rule of this.#rules) {
      if (rule.matches(head)) return rule.handler;
    }
    return this.#fallback;
  }

  handle(exchange: Exchange): void {
    this.route(exchange.head).handle(exchange);
  }
}

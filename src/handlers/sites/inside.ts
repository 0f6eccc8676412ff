import type { RequestHead } from '../../protocol/http1/request-head.ts';
import type { InsideTarget } from '../../protocol/supervision/site.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { compileTarget } from '../path-template.ts';
import { headAsGet, headWithPath, InsideExchange } from './inside-exchange.ts';

/** As in nginx. More is a circle. */
const MAX_REDIRECTS = 10;

/** What a site's routes can send requests to. */
export interface SiteRoutes {
  /** From the first route on. */
  route(exchange: Exchange): void;
  /** null: there is none, which the configuration has checked. */
  named(name: string): Handler | null;
  /** Whether there is a route that only others lead to, or that has a name. */
  readonly hasInside: boolean;
  /** For the error log. */
  report(problem: string): void;
}

/** What becomes of the exchange on its way, if not the usual one. */
export type MakeExchange = (exchange: Exchange, head: RequestHead) => InsideExchange;

const usual: MakeExchange = (exchange, head) => new InsideExchange(exchange, head);

/** Sends an exchange on, to a path of the same site or to a route by its name. */
export type Sender = (exchange: Exchange, make?: MakeExchange) => void;

export interface SenderOptions {
  /** To a path, a request goes as GET (or HEAD), without its body and without these fields; null: as it is. */
  readonly dropped: ReadonlySet<string> | null;
}

/** To a route by its name a request goes as it is. */
export function compileSender(
  target: InsideTarget,
  routes: SiteRoutes,
  { dropped }: SenderOptions = { dropped: null },
): Sender {
  if (target.startsWith('@')) {
    const name = target.slice(1);
    return (exchange, make = usual) => {
      const handler = routes.named(name);
      if (isCircle(exchange, routes) || handler === null) exchange.base.refuse(500);
      else handler.handle(make(exchange, exchange.base.head));
    };
  }
  const { path, query } = compileTarget(target);
  return (exchange, make = usual) => {
    // What the client has asked for, not what a cache makes of that.
    const head = headWithPath(exchange.base.head, path(exchange), query(exchange));
    sendOn(exchange, routes, dropped === null ? head : headAsGet(head, dropped), make);
  };
}

/** With another head, from the first route on. */
export function sendOn(
  exchange: Exchange,
  routes: SiteRoutes,
  head: RequestHead,
  make: MakeExchange = usual,
): void {
  if (isCircle(exchange, routes)) exchange.base.refuse(500);
  else routes.route(make(exchange, head));
}

export function isCircle({ redirects, head }: Exchange, routes: SiteRoutes): boolean {
  if (redirects < MAX_REDIRECTS) return false;
  const { method, target } = head.original ?? head;
  routes.report(
    `${method} ${target} goes in a circle: it was sent to ${head.path} at last, the ${redirects}th place`,
  );
  return true;
}

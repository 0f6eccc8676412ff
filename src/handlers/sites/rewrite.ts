import type { Handler } from '../exchange.ts';
import { compileRewrite } from '../path-template.ts';
import { isCircle, type SiteRoutes } from './inside.ts';
import { headWithPath, InsideExchange } from './inside-exchange.ts';

/** Changes the path, and goes on. `next`: the routes behind this one. */
export function rewrite(to: string, again: boolean, next: Handler, routes: SiteRoutes): Handler {
  const { path, query } = compileRewrite(to);
  return {
    handle: (exchange) => {
      if (isCircle(exchange, routes)) {
        exchange.refuse(500);
        return;
      }
      const inside = new InsideExchange(
        exchange,
        headWithPath(exchange.head, path(exchange), query(exchange)),
      );
      if (again) routes.route(inside);
      else next.handle(inside);
    },
  };
}

import type { RouteSpec, SiteSpec } from '../../protocol/supervision/site.ts';
import type { Exchange, Groups, Handler } from '../exchange.ts';
import { schemeOf } from '../template.ts';
import { comparablePath } from './comparable-path.ts';
import { HostTable } from './host-table.ts';
import { pathMatcher } from './path-matcher.ts';
import { type RouteParts, routeHandler } from './route-handler.ts';

interface Route {
  readonly match: (path: string) => Groups | null;
  readonly methods: readonly string[] | null;
  readonly scheme: 'http' | 'https' | null;
  /** As the peer's: a text. */
  readonly port: string | null;
  readonly handler: Handler;
}

/** Chooses the site by the host and the route by the path, and has that answer. */
export class SiteHandler implements Handler {
  readonly #sites: HostTable<readonly Route[]>;

  constructor(sites: readonly SiteSpec[], parts: RouteParts) {
    this.#sites = new HostTable(sites.map(({ hosts, routes }) => [hosts, this.#routesOf(routes, parts)]));
  }

  #routesOf(specs: readonly RouteSpec[], parts: RouteParts): readonly Route[] {
    const routes: Route[] = [];
    for (const [index, spec] of specs.entries()) {
      // The path was comparable when the route before was asked.
      const next: Handler = {
        handle: (exchange) => route(exchange, routes, comparablePath(exchange.head.path) ?? '', index + 1),
      };
      const { path, methods, scheme } = spec;
      const port = spec.port === null ? null : String(spec.port);
      routes.push({
        match: pathMatcher(path),
        methods,
        scheme,
        port,
        handler: routeHandler(spec, next, parts),
      });
    }
    return routes;
  }

  handle(exchange: Exchange): void {
    const { head } = exchange;
    const routes = this.#sites.find(head.authority);
    if (routes === null) {
      exchange.refuse(421, 'There is no site of this name here');
      return;
    }
    // Of a site with one route, that for everything, no path is compared.
    const path = routes.length === 1 ? '' : comparablePath(head.path);
    if (path === null) exchange.refuse(400, 'The path can be read in more than one way');
    else route(exchange, routes, path, 0);
  }
}

/** The first route that matches, from that index on. The last matches everything. */
function route(exchange: Exchange, routes: readonly Route[], path: string, from: number): void {
  for (let index = from; index < routes.length; index += 1) {
    const { match, methods, scheme, port, handler } = routes[index] as Route;
    if (methods?.includes(exchange.head.method) === false) continue;
    if (scheme !== null && schemeOf(exchange) !== scheme) continue;
    if (port !== null && exchange.peer.serverPort !== port) continue;
    const groups = match(path);
    if (groups === null) continue;
    exchange.groups = groups;
    handler.handle(exchange);
    return;
  }
}

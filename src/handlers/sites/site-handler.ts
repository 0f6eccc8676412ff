import type { FieldBlock } from '../../protocol/http1/field-block.ts';
import type { RouteSpec, SiteSpec } from '../../protocol/supervision/site.ts';
import type { Exchange, Groups, Handler } from '../exchange.ts';
import { schemeOf } from '../template.ts';
import { comparablePath } from './comparable-path.ts';
import { fieldMatcher } from './field-matcher.ts';
import { HostTable } from './host-table.ts';
import type { SiteRoutes } from './inside.ts';
import { pathMatcher } from './path-matcher.ts';
import { guarded, type RouteParts, routeHandler } from './route-handler.ts';

interface Route {
  readonly match: (path: string) => Groups | null;
  readonly methods: readonly string[] | null;
  readonly scheme: 'http' | 'https' | null;
  /** As the peer's: a text. */
  readonly port: string | null;
  readonly fields: ((fields: FieldBlock) => boolean) | null;
  readonly handler: Handler;
  /** Of requests that come from outside; null: the same. */
  readonly outside: Handler | null;
}

/** Chooses the site by the host and the route by the path, and has that answer. */
export class SiteHandler implements Handler {
  readonly #sites: HostTable<Site>;

  constructor(sites: readonly SiteSpec[], parts: RouteParts) {
    this.#sites = new HostTable(sites.map(({ hosts, routes }) => [hosts, new Site(routes, parts)]));
  }

  handle(exchange: Exchange): void {
    const site = this.#sites.find(exchange.head.authority);
    if (site === null) exchange.refuse(421, 'There is no site of this name here');
    else site.route(exchange);
  }
}

const NOT_FOUND: Handler = { handle: (exchange) => exchange.refuse(404) };
const AMBIGUOUS: Handler = {
  handle: (exchange) => exchange.refuse(400, 'The path can be read in more than one way'),
};

/** The routes of one site. */
class Site implements SiteRoutes {
  /** The last matches everything. */
  readonly #routes: readonly Route[];
  readonly #named = new Map<string, Handler>();
  /** Of paths that no route is compared with. */
  readonly #ambiguous: Handler;
  readonly report: (problem: string) => void;
  readonly hasInside: boolean;

  constructor(specs: readonly RouteSpec[], parts: RouteParts) {
    this.report = parts.report;
    this.hasInside = specs.some(({ name, internal }) => internal || name !== null);
    const routes: Route[] = [];
    for (const spec of specs) {
      const { path, methods, scheme, fields, name, internal } = spec;
      const port = spec.port === null ? null : String(spec.port);
      // Nothing but its name leads to it.
      const isNamedOnly = internal && path.kind === 'any';
      const behind = routes.length + (isNamedOnly ? 0 : 1);
      const next: Handler = { handle: (exchange) => this.#route(exchange.base, behind) };
      const handler = routeHandler(spec, next, parts, this);
      if (name !== null) this.#named.set(name, handler);
      if (isNamedOnly) continue;
      routes.push({
        match: pathMatcher(path),
        methods,
        scheme,
        port,
        fields: fieldMatcher(fields),
        handler,
        outside: internal ? guarded(spec, NOT_FOUND, parts, this) : null,
      });
    }
    this.#routes = routes;
    // As the site's other refusals; but the route of an error page would get the path as it was sent.
    const rest = specs.at(-1) as RouteSpec;
    this.#ambiguous = guarded({ ...rest, errorPages: null, cache: null }, AMBIGUOUS, parts, this);
  }

  named(name: string): Handler | null {
    return this.#named.get(name) ?? null;
  }

  route(exchange: Exchange): void {
    this.#route(exchange, 0);
  }

  /** The first route that matches, from that index on. */
  #route(exchange: Exchange, from: number): void {
    const { head } = exchange;
    const routes = this.#routes;
    // Of a site with one route, that for everything, no path is compared.
    const path = routes.length === 1 ? '' : comparablePath(head.path);
    if (path === null) {
      this.#ambiguous.handle(exchange);
      return;
    }
    for (let index = from; index < routes.length; index += 1) {
      const { match, methods, scheme, port, fields, handler, outside } = routes[index] as Route;
      if (methods?.includes(head.method) === false) continue;
      if (scheme !== null && schemeOf(exchange) !== scheme) continue;
      if (port !== null && exchange.peer.serverPort !== port) continue;
      if (fields?.(head.fields) === false) continue;
      const groups = match(path);
      if (groups === null) continue;
      exchange.groups = groups;
      if (outside !== null && exchange.redirects === 0) outside.handle(exchange);
      else handler.handle(exchange);
      return;
    }
  }
}

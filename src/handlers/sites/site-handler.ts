import { REASON_PHRASES } from '../../protocol/http1/errors.ts';
import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import type { RouteSpec, SiteSpec } from '../../protocol/supervision/site.ts';
import type { Exchange, Handler } from '../exchange.ts';
import type { FileHandler } from '../files/handler.ts';
import type { FileOptions } from '../files/options.ts';
import { NetworkList } from '../network-list.ts';
import { comparablePath } from './comparable-path.ts';
import { fileOptions } from './file-options.ts';
import { HostTable } from './host-table.ts';
import { type Groups, pathMatcher } from './path-matcher.ts';
import { redirect } from './redirect.ts';

/** Makes what serves files; `fallback` is asked where there is none, if the options say so. */
export type NewFileHandler = (options: FileOptions, fallback: Handler) => FileHandler;

interface Route {
  readonly match: (path: string) => Groups | null;
  /** Of routes that serve files. */
  readonly files: FileHandler | null;
  readonly spec: RouteSpec;
  readonly allow: NetworkList | null;
  readonly deny: NetworkList;
}

/** Chooses the site by the host and the route by the path, and does what the route says. */
export class SiteHandler implements Handler {
  readonly #sites: HostTable<readonly Route[]>;
  readonly #app: Handler;

  constructor(sites: readonly SiteSpec[], app: Handler, newFileHandler: NewFileHandler) {
    this.#app = app;
    this.#sites = new HostTable(
      sites.map(({ hosts, routes }) => [hosts, this.#routesOf(routes, newFileHandler)]),
    );
  }

  #routesOf(specs: readonly RouteSpec[], newFileHandler: NewFileHandler): readonly Route[] {
    const routes: Route[] = [];
    for (const [index, spec] of specs.entries()) {
      const { action } = spec;
      // The path was comparable when the route before was asked.
      const next: Handler = {
        handle: (exchange) =>
          this.#route(exchange, routes, comparablePath(exchange.head.path) ?? '', index + 1),
      };
      const files = action.do === 'files' ? newFileHandler(fileOptions(spec.path, action), next) : null;
      routes.push(routeOf(spec, files));
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
    if (routes.length === 0) {
      this.#app.handle(exchange);
      return;
    }
    const path = comparablePath(head.path);
    if (path === null) {
      exchange.refuse(400, 'The path can be read in more than one way');
      return;
    }
    this.#route(exchange, routes, path, 0);
  }

  /** The first route that matches, from that index on. */
  #route(exchange: Exchange, routes: readonly Route[], path: string, from: number): void {
    for (let index = from; index < routes.length; index += 1) {
      const route = routes[index] as Route;
      if (route.spec.methods?.includes(exchange.head.method) === false) continue;
      const groups = route.match(path);
      if (groups === null) continue;
      this.#answer(exchange, route, groups);
      return;
    }
    this.#app.handle(exchange);
  }

  #answer(exchange: Exchange, { spec, files, allow, deny }: Route, groups: Groups): void {
    const address = exchange.peer.remoteAddress;
    if (deny.includes(address) || allow?.includes(address) === false) {
      exchange.refuse(403);
      return;
    }
    const { action } = spec;
    switch (action.do) {
      case 'app':
        this.#app.handle(exchange);
        break;
      case 'redirect':
        redirect(exchange, action.to, action.status, groups);
        break;
      case 'respond':
        respond(exchange, action);
        break;
      case 'files':
        // Written so that its files would be looked up elsewhere: `//static/a`.
        if (files === null || files.prefix.restOf(exchange.head.path) === null) exchange.refuse(404);
        else files.handle(exchange);
        break;
    }
  }
}

function routeOf(spec: RouteSpec, files: FileHandler | null): Route {
  return {
    files,
    match: pathMatcher(spec.path),
    spec,
    allow: spec.allow === null ? null : new NetworkList(spec.allow),
    deny: new NetworkList(spec.deny),
  };
}

function respond(
  exchange: Exchange,
  { status, body, type }: { readonly status: number; readonly body: string; readonly type: string },
): void {
  if (body === '' && status >= 400) {
    exchange.refuse(status);
    return;
  }
  const bytes = Buffer.from(body, 'utf8').toString('latin1');
  const phrase = REASON_PHRASES[status] ?? '';
  const head = `${status} ${phrase}\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\n`;
  exchange.respond(head, RESPONSE_FLAG.length, bytes);
}

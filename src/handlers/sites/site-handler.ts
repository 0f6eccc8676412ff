import { REASON_PHRASES } from '../../protocol/http1/errors.ts';
import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import type { RouteSpec, SiteSpec } from '../../protocol/supervision/site.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { NetworkList } from '../network-list.ts';
import { comparablePath } from './comparable-path.ts';
import { HostTable } from './host-table.ts';
import { type Groups, pathMatcher } from './path-matcher.ts';
import { redirect } from './redirect.ts';

interface Route {
  readonly match: (path: string) => Groups | null;
  readonly spec: RouteSpec;
  readonly allow: NetworkList | null;
  readonly deny: NetworkList;
}

/** Chooses the site by the host and the route by the path, and does what the route says. */
export class SiteHandler implements Handler {
  readonly #sites: HostTable<readonly Route[]>;
  readonly #app: Handler;

  constructor(sites: readonly SiteSpec[], app: Handler) {
    this.#sites = new HostTable(sites.map(({ hosts, routes }) => [hosts, routes.map(routeOf)]));
    this.#app = app;
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
    for (const route of routes) {
      if (route.spec.methods?.includes(head.method) === false) continue;
      const groups = route.match(path);
      if (groups === null) continue;
      this.#answer(exchange, route, groups);
      return;
    }
    this.#app.handle(exchange);
  }

  #answer(exchange: Exchange, { spec, allow, deny }: Route, groups: Groups): void {
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
    }
  }
}

function routeOf(spec: RouteSpec): Route {
  return {
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

import type { RouteSpec } from '../../protocol/supervision/site.ts';
import type { Exchange, FileBody, Handler } from '../exchange.ts';
import { ExchangeFilter } from '../exchange-filter.ts';
import type { SiteRoutes } from './inside.ts';

/** What they name is inside of a server, and no client's concern. */
const FIELDS = /\r\nx-accel-(?:buffering|charset|expires|limit-rate|redirect):[^\r\n]*/gi;
const MAY_HAVE_ONE = /\r\nx-accel-/i;

/** Whether something of Kirin's heeds those fields of an upstream, beside the proxy itself. */
export function heedsAccelFields({ cache }: RouteSpec, { hasInside }: SiteRoutes): boolean {
  return cache !== null || hasInside;
}

/**
 * Keeps X-Accel-… from clients. What a proxied server says so is said to the proxy, as in nginx; an application may say it to an nginx that stands in
 * front of Kirin, so a proxy that is trusted gets it.
 */
export function accelFields(spec: RouteSpec, next: Handler, _parts: unknown, routes: SiteRoutes): Handler {
  const hide = (exchange: Exchange) => next.handle(new AccelFieldsFilter(exchange));
  switch (spec.action.do) {
    case 'app':
      return {
        handle: (exchange) => {
          if (exchange.peer.rules.isTrusted) next.handle(exchange);
          else hide(exchange);
        },
      };
    case 'proxy':
      // Else the proxy has left them out.
      return heedsAccelFields(spec, routes) ? { handle: hide } : next;
    default:
      return next;
  }
}

function withoutFields(head: string): string {
  return MAY_HAVE_ONE.test(head) ? head.replace(FIELDS, '') : head;
}

class AccelFieldsFilter extends ExchangeFilter {
  override respond(head: string, flags: number, body: string | Buffer, source?: object): void {
    this.outer.respond(withoutFields(head), flags, body, source);
  }

  override begin(head: string, flags: number, body: Buffer, isEnd: boolean): void {
    this.outer.begin(withoutFields(head), flags, body, isEnd);
  }

  override respondFile(head: string, flags: number, body: FileBody): void {
    this.outer.respondFile(withoutFields(head), flags, body);
  }
}

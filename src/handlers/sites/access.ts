import type { RouteSpec } from '../../protocol/supervision/site.ts';
import type { Handler } from '../exchange.ts';
import { NetworkList } from '../network-list.ts';

/** Lets in who is allowed. */
export function access({ allow, deny }: RouteSpec, next: Handler): Handler {
  if (allow === null && deny.length === 0) return next;
  const allowed = allow === null ? null : new NetworkList(allow);
  const denied = new NetworkList(deny);
  return {
    handle: (exchange) => {
      const address = exchange.peer.remoteAddress;
      if (denied.includes(address) || allowed?.includes(address) === false) exchange.refuse(403);
      else next.handle(exchange);
    },
  };
}

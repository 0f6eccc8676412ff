import type { RouteSpec } from '../../protocol/supervision/site.ts';
import { type AuthParts, BasicAuth } from '../auth/basic-auth.ts';
import type { Handler } from '../exchange.ts';
import { NetworkList } from '../network-list.ts';

/** Lets in who is allowed by his address, by a password, or, as the route says, by either. */
export function access(spec: RouteSpec, next: Handler, { auth }: { readonly auth: AuthParts }): Handler {
  const { allow, deny, basicAuth, satisfy } = spec;
  const proved = basicAuth === null ? next : new BasicAuth(basicAuth, next, auth);
  if (allow === null && deny.length === 0) return proved;
  const allowed = allow === null ? null : new NetworkList(allow);
  const denied = new NetworkList(deny);
  const isEither = satisfy === 'any' && basicAuth !== null;
  return {
    handle: (exchange) => {
      const address = exchange.peer.remoteAddress;
      const isLetIn = !denied.includes(address) && allowed?.includes(address) !== false;
      if (isLetIn) (isEither ? next : proved).handle(exchange);
      else if (isEither) proved.handle(exchange);
      else exchange.refuse(403);
    },
  };
}

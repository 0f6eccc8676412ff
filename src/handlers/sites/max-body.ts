import type { RouteSpec } from '../../protocol/supervision/site.ts';
import type { Exchange, Handler } from '../exchange.ts';

/** Refuses bodies that are too large: at once where the request says how long its body is, else as soon as more has come. */
export function maxBody(
  { maxBody }: RouteSpec,
  next: Handler,
  { usualMaxBody }: { readonly usualMaxBody: number | null },
): Handler {
  const limit = maxBody ?? usualMaxBody;
  if (limit === null) return next;
  const most = limit === 0 ? Number.MAX_SAFE_INTEGER : limit;
  return {
    handle: (exchange) => {
      const { bodyLength } = exchange.head;
      if (bodyLength > most) {
        refuse(exchange, most);
        return;
      }
      if (bodyLength < 0) exchange.limitBody(most, () => refuse(exchange, most));
      next.handle(exchange);
    },
  };
}

function refuse(exchange: Exchange, most: number): void {
  exchange.refuse(413, `The body is too large: at most ${most} bytes are taken`);
}

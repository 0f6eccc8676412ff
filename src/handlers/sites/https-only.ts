import { REASON_PHRASES } from '../../protocol/http1/errors.ts';
import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import type { RouteOptions } from '../../protocol/supervision/site.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { compileTemplate, schemeOf } from '../template.ts';

/** The method and the body go along. */
const PERMANENT_REDIRECT = 308;

const host = compileTemplate('$host');
const target = compileTemplate('$request_uri');

/**
 * Sends plain requests to HTTPS.
 * @param usualPort where HTTPS is spoken here; null: on its own port, or it is not known
 */
export function httpsOnly(
  { httpsOnly }: Pick<RouteOptions, 'httpsOnly'>,
  next: Handler,
  { httpsPort: usualPort }: { readonly httpsPort: number | null },
): Handler {
  if (httpsOnly === null) return next;
  const port = httpsOnly.port ?? usualPort;
  return {
    handle: (exchange) => {
      if (schemeOf(exchange) === 'https') next.handle(exchange);
      else sendToHttps(exchange, port);
    },
  };
}

export function sendToHttps(exchange: Exchange, port: number | null): void {
  // `OPTIONS *` is about the whole server.
  const path = exchange.head.path.startsWith('/') ? target(exchange) : '/';
  const location = `https://${host(exchange)}${port === null || port === 443 ? '' : `:${port}`}${path}`;
  const line = `${PERMANENT_REDIRECT} ${REASON_PHRASES[PERMANENT_REDIRECT]}`;
  exchange.respond(`${line}\r\nLocation: ${location}\r\nContent-Length: 0\r\n`, RESPONSE_FLAG.length, '');
}

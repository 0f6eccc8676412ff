import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import type { Exchange } from '../exchange.ts';
import type { NetworkList } from '../network-list.ts';
import type { SharedCache } from './shared-cache.ts';

/** `PURGE /a` removes what is stored of this URI, `PURGE /a/*` of all that begin so. */
export function purge(exchange: Exchange, key: string, cache: SharedCache, allowed: NetworkList): void {
  if (!allowed.includes(exchange.peer.remoteAddress)) {
    exchange.refuse(403);
    return;
  }
  const isPrefix = key.endsWith('*');
  const count = cache.purge(isPrefix ? key.slice(0, -1) : key, isPrefix);
  const body = `${JSON.stringify({ purged: count })}\n`;
  const status = count === 0 ? '404 Not Found' : '200 OK';
  const head = `${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nCache-Control: no-store\r\n`;
  exchange.respond(head, RESPONSE_FLAG.length, body);
}

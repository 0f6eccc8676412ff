import type { Exchange } from './exchange.ts';

/** What a proxy may have given; anything else could be made to look like something in a log. */
const ID = /^[\x21-\x7e]{1,128}$/;

/** The one that a trusted proxy tells, else 32 hexadecimal digits by chance, as nginx's $request_id. */
export function requestIdOf(exchange: Exchange): string {
  if (exchange.requestId === '') {
    const given = exchange.peer.rules.isTrusted ? exchange.head.fields.get('x-request-id') : undefined;
    exchange.requestId = given !== undefined && ID.test(given) ? given : newId();
  }
  return exchange.requestId;
}

function newId(): string {
  // Only where it is needed: it takes a start 4 ms.
  return process.getBuiltinModule('node:crypto').randomUUID().replaceAll('-', '');
}

import { REASON_PHRASES } from '../../protocol/http1/errors.ts';
import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import type { RedirectVariable } from '../../protocol/supervision/redirect-variables.ts';
import type { Exchange } from '../exchange.ts';
import { forwardedScheme } from '../trust.ts';
import type { Groups } from './path-matcher.ts';

/** Answers with where to go. `to` holds $variables, and $1 to $9 for the groups of the pattern. */
export function redirect(exchange: Exchange, to: string, status: number, groups: Groups): void {
  const location = to.replace(/\$(\w+)/g, (_, name: string) =>
    /^\d$/.test(name)
      ? encodeURI(groups[Number(name) - 1] ?? '')
      : variable(name as RedirectVariable, exchange),
  );
  const head = `${status} ${REASON_PHRASES[status]}\r\nLocation: ${location}\r\nContent-Length: 0\r\n`;
  exchange.respond(head, RESPONSE_FLAG.length, '');
}

function variable(name: RedirectVariable, { head, peer }: Exchange): string {
  switch (name) {
    case 'scheme': {
      const own = peer.tls === null ? 'http' : 'https';
      const scheme = forwardedScheme(head.fields, peer.rules, own);
      return scheme === 'contradiction' ? own : scheme;
    }
    case 'host':
      return (head.authority ?? peer.serverName).replace(/:\d*$/, '');
    case 'path':
      return withOneSlash(head.path);
    case 'query':
      return head.query;
    case 'request_uri':
      return withOneSlash(head.query === '' ? head.path : `${head.path}?${head.query}`);
  }
}

/** `//shop.example/` is another host to a browser. */
function withOneSlash(path: string): string {
  return path.replace(/^\/{2,}/, '/');
}

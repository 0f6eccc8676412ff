import { hasOption } from '../../protocol/http1/received-head.ts';
import type { Exchange } from '../exchange.ts';

/**
 * Other versions of what is spoken already. In a tunnel of HTTP/2 (`h2c`) a client could ask for what none of the routes has seen.
 */
const NOT_PASSED = /^(?:h2|h2c|h3|http|tls)(?:\/|$)/i;

/** What the client wants to change to, of what may be passed on; '': nothing. */
export function upgradeOf({ head }: Exchange): string {
  const wanted = head.fields.list('upgrade');
  if (wanted === undefined || head.protocol !== 'HTTP/1.1' || head.bodyLength !== 0) return '';
  if (!hasOption(head.fields.list('connection') ?? null, 'upgrade')) return '';
  const protocols = wanted.split(',').map((each) => each.trim());
  return protocols.filter((each) => each !== '' && !NOT_PASSED.test(each)).join(', ');
}

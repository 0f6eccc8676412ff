import { REASON_PHRASES } from '../../protocol/http1/errors.ts';
import type { ReceivedHead } from '../../protocol/http1/received-head.ts';
import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import type { ProxySpec } from '../../protocol/supervision/proxy.ts';
import type { Exchange } from '../exchange.ts';
import { hopByHopOf } from './hop-by-hop.ts';
import type { Redirects } from './redirects.ts';

const FLAG_OF: Readonly<Record<string, number>> = {
  'content-length': RESPONSE_FLAG.length,
  date: RESPONSE_FLAG.date,
  server: RESPONSE_FLAG.server,
};

/** What is said to whoever proxies, as in nginx. */
const ACCEL = [
  'x-accel-buffering',
  'x-accel-charset',
  'x-accel-expires',
  'x-accel-limit-rate',
  'x-accel-redirect',
];

/** What clients get of a head; kept with its fields, since upstreams answer with the same head again and again. */
class PassedHead {
  readonly writer: ResponseWriter;
  readonly text: string;
  readonly flags: number;
  /** The upstream wants what it sends to be on its way at once. */
  readonly isUnbuffered: boolean;

  constructor(writer: ResponseWriter, text: string, flags: number, isUnbuffered: boolean) {
    this.writer = writer;
    this.text = text;
    this.flags = flags;
    this.isUnbuffered = isUnbuffered;
  }
}

/** Makes heads of responses out of those that a route's upstream sends. */
export class ResponseWriter {
  readonly #hidden: ReadonlySet<string>;
  readonly #redirects: Redirects;

  constructor(spec: ProxySpec, redirects: Redirects, passesAccel: boolean) {
    const accel = passesAccel ? ['x-accel-buffering', 'x-accel-limit-rate'] : ACCEL;
    this.#hidden = new Set([...spec.hideHeaders, ...accel]);
    this.#redirects = redirects;
  }

  head(received: ReceivedHead, exchange: Exchange): PassedHead {
    const known = received.fields.memo;
    if (known instanceof PassedHead && known.writer === this) return known;
    const { status, reason, fields } = received;
    const { names, values } = fields;
    const hopByHop = hopByHopOf(fields);
    let text = `${status} ${reason === '' ? (REASON_PHRASES[status] ?? '') : reason}\r\n`;
    let flags = 0;
    let isConstant = true;
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index] as string;
      if (hopByHop.has(name) || this.#hidden.has(name)) continue;
      // RFC 9110 8.6: there is none where there is nothing to measure.
      if (name === 'content-length' && (status === 204 || status < 200)) continue;
      let value = values[index] as string;
      if (name === 'location' || name === 'refresh') {
        value = this.#redirects.rewritten(name, value, exchange);
        isConstant = false;
      }
      flags |= FLAG_OF[name] ?? 0;
      text += `${received.sentNames[index]}: ${value}\r\n`;
    }
    const passed = new PassedHead(this, text, flags, fields.get('x-accel-buffering')?.toLowerCase() === 'no');
    if (isConstant) fields.memo = passed;
    return passed;
  }
}

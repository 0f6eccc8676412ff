import type { FieldBlock } from '../../protocol/http1/field-block.ts';
import type { ProxySpec } from '../../protocol/supervision/proxy.ts';
import type { PathMatch } from '../../protocol/supervision/site.ts';
import { parseTemplate } from '../../protocol/supervision/template.ts';
import type { Exchange, Peer } from '../exchange.ts';
import { compileTemplate, type Template } from '../template.ts';
import { fieldTitle } from './field-title.ts';
import { hopByHopOf } from './hop-by-hop.ts';
import { type Target, targetOf } from './target.ts';

/** How the body is framed: its length, or none, or in chunks. */
export type BodyFraming = number | 'none' | 'chunked';

/** What is sent unless the route says otherwise. */
const DEFAULT_HEADERS: readonly (readonly [string, string])[] = [
  ['Host', '$http_host'],
  ['X-Forwarded-For', '$proxy_add_x_forwarded_for'],
  ['X-Forwarded-Host', '$http_host'],
  ['X-Forwarded-Proto', '$scheme'],
];

/** Written anew, or answered already. */
const OWN_FIELDS = ['content-length', 'expect'];

/** These are the same for all requests with the same fields on one connection. */
const CONSTANT: ReadonlySet<string> = new Set([
  'host',
  'http_host',
  'scheme',
  'remote_addr',
  'remote_port',
  'server_addr',
  'server_name',
  'server_port',
  'proxy_add_x_forwarded_for',
  'proxy_host',
  'content_type',
]);

interface SetHeader {
  readonly title: string;
  readonly value: Template;
}

/** What a block of fields is for one upstream; kept with it, since clients send the same block again and again. */
class SentFields {
  readonly writer: RequestWriter;
  readonly peer: Peer;
  readonly host: string | null;
  readonly text: string;

  constructor(writer: RequestWriter, peer: Peer, host: string | null, text: string) {
    this.writer = writer;
    this.peer = peer;
    this.host = host;
    this.text = text;
  }
}

/** Writes the heads of a route's requests, latin-1. */
export class RequestWriter {
  readonly #target: Target;
  readonly #constant: readonly SetHeader[];
  readonly #varying: readonly SetHeader[];
  /** Fields of the client's that are not passed on. */
  readonly #left: ReadonlySet<string>;
  readonly #host: string;

  constructor(spec: ProxySpec, path: PathMatch) {
    this.#target = targetOf(path, spec.path);
    this.#host = spec.host.startsWith('unix:') ? 'localhost' : spec.host;
    const own = new Set([...spec.setHeaders.map(([name]) => name.toLowerCase()), ...spec.removeHeaders]);
    const all = [...DEFAULT_HEADERS.filter(([name]) => !own.has(name.toLowerCase())), ...spec.setHeaders];
    const compiled = all.map(([title, template]) => ({
      header: { title, value: compileTemplate(template) },
      isConstant: isConstant(template),
    }));
    this.#constant = compiled.filter((each) => each.isConstant).map(({ header }) => header);
    this.#varying = compiled.filter((each) => !each.isConstant).map(({ header }) => header);
    this.#left = new Set([...all.map(([name]) => name.toLowerCase()), ...spec.removeHeaders, ...OWN_FIELDS]);
  }

  /** `upgrade`: the protocol to change to; '': none. */
  write(exchange: Exchange, framing: BodyFraming, upgrade: string): string {
    const { method } = exchange.head;
    let text = `${method} ${this.#target(exchange)} HTTP/1.1\r\n${this.#fieldsOf(exchange)}`;
    for (const { title, value } of this.#varying) text += line(title, value(exchange));
    if (framing === 'chunked') text += 'Transfer-Encoding: chunked\r\n';
    else if (framing !== 'none') text += `Content-Length: ${framing}\r\n`;
    return upgrade === '' ? `${text}\r\n` : `${text}Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`;
  }

  #fieldsOf(exchange: Exchange): string {
    const { head, peer } = exchange;
    const { fields } = head;
    const known = fields.memo;
    if (known instanceof SentFields && known.writer === this) {
      if (known.peer === peer && known.host === head.authority) return known.text;
    }
    const text = this.#make(exchange);
    fields.memo = new SentFields(this, peer, head.authority, text);
    return text;
  }

  #make(exchange: Exchange): string {
    const { head, peer } = exchange;
    const forwardedHost = head.fields.list('x-forwarded-host');
    let text = '';
    for (const { title, value } of this.#constant) {
      if (title === 'Host')
        text += line(title, value(exchange) || (head.authority === null ? this.#host : ''));
      else if (title === 'X-Forwarded-Host' && peer.rules.isTrusted && forwardedHost !== undefined) {
        text += line(title, forwardedHost);
      } else text += line(title, value(exchange));
    }
    return text + passedOn(head.fields, this.#left, peer);
  }
}

function passedOn(fields: FieldBlock, left: ReadonlySet<string>, { rules }: Peer): string {
  const { names, values } = fields;
  const hopByHop = hopByHopOf(fields);
  let text = '';
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] as string;
    if (hopByHop.has(name) || left.has(name)) continue;
    // It could pass for another field, which is how clients get around a proxy that sets that one.
    if (name.includes('_') && !isTaken(name, rules)) continue;
    text += `${fieldTitle(name)}: ${values[index]}\r\n`;
  }
  return text;
}

/** The configuration wants requests refused that have such a field. */
export function hasForbiddenField({ head, peer }: Exchange): boolean {
  if (peer.rules.headerMap !== 'refuse') return false;
  return head.fields.names.some((name) => name.includes('_') && !isTaken(name, peer.rules));
}

function isTaken(name: string, { headerMap, forwarderNames }: Peer['rules']): boolean {
  if (name === 'transfer_encoding' || name === 'content_length') return false;
  return headerMap === 'dangerous' || forwarderNames.has(name) || forwarderNames.has('*');
}

/** An empty value leaves the field out, as in nginx. */
function line(title: string, value: string): string {
  return value === '' ? '' : `${title}: ${value}\r\n`;
}

function isConstant(template: string): boolean {
  return parseTemplate(template).every((part) => {
    if (part.kind === 'text') return true;
    if (part.kind === 'variable') return CONSTANT.has(part.name);
    return part.kind === 'family' && part.family !== 'arg_';
  });
}

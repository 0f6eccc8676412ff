import type { RequestHead } from '../protocol/http1/request-head.ts';
import {
  parseTemplate,
  type TemplatePart,
  type Variable,
  type VariableFamily,
} from '../protocol/supervision/template.ts';
import type { Exchange } from './exchange.ts';
import { requestIdOf } from './request-id.ts';
import { comparablePath } from './sites/comparable-path.ts';
import { forwardedScheme } from './trust.ts';

/** What a text with $variables means for one exchange: bytes as latin-1, without control characters. */
export type Template = (exchange: Exchange) => string;

/** `encode`: what is decoded, the path and the groups of a pattern, is written in this way; `encodeText`: what stands between variables. */
export function compileTemplate(
  template: string,
  encode: (decoded: string) => string = asBytes,
  encodeText: (text: string) => string = asBytes,
): Template {
  const parts = parseTemplate(template).map((part) => compilePart(part, encode, encodeText));
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return (exchange) => {
    let text = '';
    for (const part of parts) text += part(exchange);
    return text;
  };
}

function compilePart(
  part: TemplatePart,
  encode: (decoded: string) => string,
  encodeText: (text: string) => string,
): Template {
  switch (part.kind) {
    case 'text': {
      const bytes = encodeText(part.text);
      return () => bytes;
    }
    case 'group':
      return ({ groups }) => encode(groups[part.number - 1] ?? '').replace(CONTROL, percentEncoded);
    case 'variable':
      return compileVariable(part.name, encode);
    case 'family':
      return compileMember(part.family, part.member);
    case 'unknown':
      throw new Error(`there is no variable ${part.name}, which the configuration has checked`);
  }
}

function compileVariable(name: Variable, encode: (decoded: string) => string): Template {
  switch (name) {
    case 'scheme':
      return schemeOf;
    case 'host':
      return ({ head, peer }) => (head.authority ?? peer.serverName).replace(/:\d*$/, '').toLowerCase();
    case 'http_host':
      return ({ head }) => head.authority ?? '';
    case 'path':
      return ({ head }) => withOneSlash(head.path);
    case 'uri':
      return ({ head }) => encode(comparablePath(head.path) ?? '').replace(CONTROL, percentEncoded);
    case 'is_args':
      return ({ head }) => (head.query === '' ? '' : '?');
    case 'query':
    case 'args':
      return ({ head }) => head.query;
    case 'request_uri':
      return ({ head }) => withOneSlash(targetOf(head.original ?? head));
    case 'request_id':
      return requestIdOf;
    case 'request_method':
      return ({ head }) => head.method;
    case 'server_protocol':
      return ({ head }) => head.protocol;
    case 'content_type':
      return ({ head }) => head.fields.get('content-type') ?? '';
    case 'content_length':
      return ({ head }) => head.fields.get('content-length') ?? '';
    case 'remote_addr':
      return ({ peer }) => addressOf(peer.remoteAddress);
    case 'cache_status':
    case 'upstream_cache_status':
      return ({ cacheStatus }) => cacheStatus;
    case 'remote_user':
      return ({ remoteUser }) => (remoteUser === null ? '' : asBytes(remoteUser));
    case 'remote_port':
      return ({ peer }) => peer.remotePort;
    case 'server_addr':
    case 'server_name':
      return ({ peer }) => peer.serverName;
    case 'server_port':
      return ({ peer }) => peer.serverPort;
    case 'proxy_add_x_forwarded_for':
      return ({ head, peer }) => {
        const before = head.fields.list('x-forwarded-for') ?? '';
        const address = addressOf(peer.proxyAddress ?? peer.remoteAddress);
        return before === '' ? address : `${before}, ${address}`;
      };
    case 'proxy_host':
      return ({ upstream }) => upstream?.proxyHost ?? '';
    case 'upstream_addr':
      return ({ upstream }) => upstream?.addresses ?? '';
    case 'upstream_status':
      return ({ upstream }) => upstream?.statuses ?? '';
    case 'upstream_response_time':
      return ({ upstream }) => upstream?.times ?? '';
  }
}

function compileMember(family: VariableFamily, member: string): Template {
  switch (family) {
    case 'http_': {
      const field = member.toLowerCase().replaceAll('_', '-');
      return ({ head }) => head.fields.list(field, field === 'cookie' ? '; ' : ', ') ?? '';
    }
    case 'cookie_':
      return ({ head }) => valueIn(head.fields.list('cookie', '; ') ?? '', /; */, member);
    case 'arg_':
      return ({ head }) => valueIn(head.query, '&', member);
  }
}

const targetOf = ({ path, query }: RequestHead): string => (query === '' ? path : `${path}?${query}`);

export function schemeOf({ head, peer }: Exchange): 'http' | 'https' {
  const own = peer.tls === null ? 'http' : 'https';
  const scheme = forwardedScheme(head.fields, peer.rules, own);
  return scheme === 'contradiction' ? own : scheme;
}

/** Nginx's word for a client on a unix socket. */
function addressOf(remoteAddress: string): string {
  return remoteAddress === '' ? 'unix:' : remoteAddress;
}

/** Of `a=1; b=2`, the value of a name. */
function valueIn(text: string, separator: string | RegExp, name: string): string {
  for (const pair of text.split(separator)) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals) === name) return pair.slice(equals + 1);
  }
  return '';
}

/** `//shop.example/` is another host to a browser. */
function withOneSlash(path: string): string {
  return path.replace(/^\/{2,}/, '/');
}

/** A decoded path may hold any, and would end a field. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is meant
const CONTROL = /[\x00-\x1f\x7f]/g;

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`;
}

function asBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

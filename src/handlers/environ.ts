// The WSGI environ (PEP 3333) as the lane carries it: name NUL value NUL …, latin-1. What is the same for every
// request of the server is in the worker's base environ.

import { quoted } from '../protocol/http1/errors.ts';
import type { FieldBlock } from '../protocol/http1/field-block.ts';
import type { RequestHead } from '../protocol/http1/request-head.ts';
import type { ProxyHeader } from '../protocol/proxy-protocol/proxy-header.ts';
import type { Peer } from './exchange.ts';
import { type FieldRules, forwardedScheme } from './trust.ts';

/** What is derived from a block of fields; kept with it, since clients send the same block again and again. */
interface FieldPart {
  readonly text: string;
  /** An absolute-form target's authority stands in for the Host field. */
  readonly authority: string | null;
  /** Where a trusted proxy says that the application is mounted; null: it does not say. */
  readonly mount: string | null;
  /** Why it cannot be told to an application without a guess; null: it can. */
  readonly problem: string | null;
  /** Whether it was made for an application that is told when its request arrived. */
  readonly tellsRequestStart: boolean;
  /** It has no X-Request-Start that can be believed: the edge adds its own. */
  readonly needsRequestStart: boolean;
}

/** Bounded: names come from clients. */
const MAX_NAMES = 1000;
const environNames = new Map<string, string | null>();

/**
 * HTTP_NAME, or null for a name with an underscore: it could pass for another field (X_Real_IP for X-Real-IP), which is how clients get
 * around a proxy that sets the real one.
 */
function environName(name: string): string | null {
  const known = environNames.get(name);
  if (known !== undefined) return known;
  const made = name.includes('_') ? null : variableOf(name);
  if (environNames.size >= MAX_NAMES) environNames.clear();
  environNames.set(name, made);
  return made;
}

const variableOf = (name: string): string => `HTTP_${name.toUpperCase().replaceAll('-', '_')}`;

/** What becomes of a field whose name holds an underscore. */
function underscoredFate(name: string, rules: FieldRules): 'forwarded' | 'taken' | 'refused' | 'dropped' {
  // As HTTP_TRANSFER_ENCODING some applications heed it; and the edge alone says how long a body is.
  const isFraming = name === 'transfer_encoding' || name === 'content_length';
  if (!isFraming && (rules.forwarderNames.has(name) || rules.forwarderNames.has('*'))) return 'forwarded';
  if (!isFraming && rules.headerMap === 'dangerous') return 'taken';
  return rules.headerMap === 'refuse' ? 'refused' : 'dropped';
}

const REQUEST_START = 'HTTP_X_REQUEST_START';

function fieldPart(
  fields: FieldBlock,
  peer: Peer,
  authority: string | null,
  tellsRequestStart: boolean,
): FieldPart {
  const values = new Map<string, string>();
  let forwarded: Map<string, string> | null = null;
  let problem: string | null = null;
  for (let index = 0; index < fields.names.length; index += 1) {
    const name = fields.names[index] as string;
    const value = fields.values[index] as string;
    if (name === 'content-type') {
      values.set('CONTENT_TYPE', value);
    } else if (name === 'content-length' || name === 'transfer-encoding') {
      // The edge has removed the framing: the application gets the length of what there is.
    } else {
      let key = environName(name);
      if (key === null) {
        const fate = underscoredFate(name, peer.rules);
        if (fate === 'refused') problem = `A header's name holds an underscore: ${quoted(name)}`;
        if (fate === 'refused' || fate === 'dropped') continue;
        key = variableOf(name);
        if (fate === 'forwarded') {
          forwarded ??= new Map();
          // Joined, a client's would stand beside the proxy's.
          if (forwarded.has(key)) problem = repeatedField(name);
          forwarded.set(key, value);
          continue;
        }
      }
      const before = values.get(key);
      // RFC 9110 5.3 joins with a comma; cookies, which may hold commas, with a semicolon (RFC 9113 8.2.3).
      values.set(key, before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ','}${value}`);
    }
  }
  for (const [key, value] of forwarded ?? []) {
    if (values.has(key)) problem = repeatedField(key.slice('HTTP_'.length));
    values.set(key, value);
  }
  const mount = forwarded?.get('HTTP_SCRIPT_NAME') ?? null;
  if (mount !== null && !isMount(mount)) problem = `SCRIPT_NAME must begin with a slash: ${quoted(mount)}`;
  if (authority !== null) values.set('HTTP_HOST', authority);
  const isStartBelieved = peer.rules.isTrusted && values.get(REQUEST_START) !== '';
  if (tellsRequestStart && !isStartBelieved) values.delete(REQUEST_START);
  const needsRequestStart = tellsRequestStart && !values.has(REQUEST_START);
  const scheme = forwardedScheme(fields, peer.rules, peer.tls === null ? 'http' : 'https');
  if (scheme === 'contradiction') problem = 'The headers that tell the scheme contradict one another';
  let text = `wsgi.url_scheme\0${scheme === 'https' ? 'https' : 'http'}`;
  text += `\0REMOTE_ADDR\0${peer.remoteAddress}`;
  if (peer.remotePort !== '') text += `\0REMOTE_PORT\0${peer.remotePort}`;
  if (peer.proxyHeader !== null) text += proxyVariables(peer.proxyHeader);
  for (const [key, value] of peer.tls ?? []) text += `\0${key}\0${value}`;
  text += serverAddress(peer, authority, scheme === 'https');
  if (mount !== null) text += `\0SCRIPT_NAME\0${withoutSlashAtEnd(mount)}`;
  for (const [key, value] of values) text += `\0${key}\0${value}`;
  return {
    text,
    authority,
    mount: mount === null ? null : withoutSlashAtEnd(mount),
    problem,
    tellsRequestStart,
    needsRequestStart,
  };
}

const repeatedField = (name: string): string =>
  `${quoted(name.toUpperCase())} comes more than once, or also with a dash`;

const isMount = (path: string): boolean => path === '' || path.startsWith('/');

/** The slash belongs to PATH_INFO (PEP 3333). */
const withoutSlashAtEnd = (path: string): string => path.replace(/\/+$/, '');

/** Under Gunicorn's names. */
function proxyVariables({ protocol, destination }: ProxyHeader): string {
  const address =
    destination === null ? '' : `\0PROXY_ADDR\0${destination.address}\0PROXY_PORT\0${destination.port}`;
  return `\0PROXY_PROTOCOL\0${protocol}${address}`;
}

/** SERVER_NAME and SERVER_PORT must not be empty: behind a unix socket they are what the client asked for. */
function serverAddress(peer: Peer, authority: string | null, isSecure: boolean): string {
  let name = peer.serverName;
  let port = peer.serverPort;
  if (name === '') {
    const [, host = '', digits = ''] = /^(.*?)(?::(\d+))?$/.exec(authority ?? '') ?? [];
    name = host === '' ? 'localhost' : host;
    port = digits === '' ? (isSecure ? '443' : '80') : digits;
  }
  return `\0SERVER_NAME\0${name}\0SERVER_PORT\0${port}`;
}

/** Undoes percent-encoding into bytes, as latin-1 text; what is no valid encoding stays as it is. */
export function decodePath(path: string): string {
  if (!path.includes('%')) return path;
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

export type EnvironResult =
  | { readonly ok: true; readonly text: string }
  /** The path is outside SCRIPT_NAME, or the fields can be read in two ways. */
  | { readonly ok: false; readonly status: 400 | 404; readonly reason: string };

/**
 * `scriptName`: where the application is mounted, unless a trusted proxy says so.
 * `contentLength`: of the complete body, or -1 where the request has none.
 * `remoteUser`: who has proved to be that; null: nobody.
 * `arrivedUs`: when the head was there, in microseconds since 1970, or -1: the application is not told.
 */
export function environText(
  head: RequestHead,
  peer: Peer,
  scriptName: string,
  contentLength: number,
  arrivedUs: number,
  remoteUser: string | null = null,
): EnvironResult {
  const fields = head.fields;
  let part = fields.memo as FieldPart | undefined;
  const tellsRequestStart = arrivedUs >= 0;
  if (
    part === undefined ||
    part.authority !== head.authority ||
    part.tellsRequestStart !== tellsRequestStart
  ) {
    part = fieldPart(fields, peer, head.authority, tellsRequestStart);
    fields.memo = part;
  }
  if (part.problem !== null) return { ok: false, status: 400, reason: part.problem };
  const mount = part.mount ?? scriptName;
  // `OPTIONS *` asks about the server as a whole; a PATH_INFO begins with a slash or is empty (PEP 3333).
  let path = head.path === '*' ? '' : decodePath(head.path);
  if (mount !== '' && head.path !== '*') {
    if (path !== mount && !path.startsWith(`${mount}/`)) return { ok: false, status: 404, reason: '' };
    path = path.slice(mount.length);
  }
  const length = contentLength < 0 ? '' : `\0CONTENT_LENGTH\0${contentLength}`;
  const user = remoteUser === null ? '' : `\0REMOTE_USER\0${asBytes(remoteUser)}\0AUTH_TYPE\0Basic`;
  const start = part.needsRequestStart ? `\0${REQUEST_START}\0t=${arrivedUs}` : '';
  return {
    ok: true,
    text: `REQUEST_METHOD\0${head.method}\0PATH_INFO\0${path}\0QUERY_STRING\0${head.query}\0RAW_URI\0${head.target}\0SERVER_PROTOCOL\0${head.protocol}${length}${start}${user}\0${part.text}`,
  };
}

function asBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

// `proxy` of a route: a URL, or a table with one as `to`.

import type { ProxySpec } from '../../protocol/supervision/proxy.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { TableReader, type TomlContext, texts } from '../toml/table-reader.ts';
import type { TomlTable } from '../toml/toml-node.ts';
import { type ProxyTarget, proxyTarget } from './proxy-target.ts';
import { DEFAULT_RETRY, RETRY_SCHEMA, retry } from './retry.ts';
import { STRING, STRINGS } from './schemas.ts';
import { template } from './template.ts';
import { DEFAULT_UPSTREAM_TLS, UPSTREAM_TLS_SCHEMA, upstreamTls } from './upstream-tls.ts';
import { byteCount, truth, waitFrom } from './values.ts';

const WAIT = { type: ['number', 'string'] };

const PROPERTIES = {
  to: {
    ...STRING,
    description: 'http:// or https://, a server or the name of an upstream, and perhaps a path.',
  },
  set_headers: {
    description: 'Fields of the request, with $variables; an empty one is left out.',
    type: 'object',
    additionalProperties: STRING,
  },
  remove_headers: { ...STRINGS, description: 'Fields of the request that are left out.' },
  hide_headers: { ...STRINGS, description: 'Fields of the response that are left out.' },
  redirects: {
    description: 'Whether Location and Refresh are rewritten, or what becomes of what.',
    type: ['boolean', 'object'],
    additionalProperties: STRING,
  },
  buffering: { type: 'boolean', description: 'Whether responses may wait in a file for slow clients.' },
  request_buffering: {
    type: 'boolean',
    description: 'Whether the body of a request is read whole before it is sent on.',
  },
  upgrade: { type: 'boolean', description: 'Whether clients may change the protocol, as WebSocket does.' },
  connect_timeout: WAIT,
  first_byte_timeout: WAIT,
  silence_timeout: WAIT,
  max_head: { type: ['integer', 'string'], description: 'How large the head of a response may be.' },
  retry: RETRY_SCHEMA,
  tls: UPSTREAM_TLS_SCHEMA,
};

export const PROXY_SCHEMA = {
  description: 'Another server that answers: its URL, or a table with that as `to`.',
  type: ['string', 'object'],
  additionalProperties: false,
  properties: PROPERTIES,
};

/** 64 kB: eight times what one field of a request may have. */
const MAX_HEAD_BYTES = 65_536;

const DEFAULTS: Omit<ProxySpec, 'scheme' | 'host' | 'address' | 'path'> = {
  setHeaders: [],
  removeHeaders: [],
  hideHeaders: [],
  redirects: 'own',
  buffering: true,
  requestBuffering: true,
  connectTimeoutMs: 5000,
  firstByteTimeoutMs: 60_000,
  silenceTimeoutMs: 60_000,
  upgrade: true,
  maxHeadBytes: MAX_HEAD_BYTES,
  retry: DEFAULT_RETRY,
  tls: null,
};

/** `within` is the table that it stands in. null: there is none, or nothing right. */
export function proxy(within: TableReader, context: TomlContext): ProxySpec | null {
  const entry = within.entry('proxy');
  if (entry === undefined) return null;
  if (entry.node.kind === 'table') return fromTable(entry.node, context);
  const target = within.read('proxy', proxyTarget(context));
  return target === undefined ? null : { ...DEFAULTS, ...target, tls: tlsOf(target) };
}

function fromTable(table: TomlTable, context: TomlContext): ProxySpec | null {
  const reader = new TableReader(table, 'proxy', Object.keys(PROPERTIES), context);
  if (reader.entry('to') === undefined) {
    reader.note(table.place, 'proxy says nowhere to; give a URL, such as to = "http://127.0.0.1:8000"');
  }
  const target = reader.read('to', proxyTarget(context));
  const spec = {
    setHeaders: reader.read('set_headers', setHeaders) ?? DEFAULTS.setHeaders,
    removeHeaders: reader.read('remove_headers', names) ?? DEFAULTS.removeHeaders,
    hideHeaders: reader.read('hide_headers', names) ?? DEFAULTS.hideHeaders,
    redirects: reader.read('redirects', redirects) ?? DEFAULTS.redirects,
    buffering: reader.read('buffering', truth) ?? DEFAULTS.buffering,
    requestBuffering: reader.read('request_buffering', truth) ?? DEFAULTS.requestBuffering,
    upgrade: reader.read('upgrade', truth) ?? DEFAULTS.upgrade,
    connectTimeoutMs: reader.read('connect_timeout', wait) ?? DEFAULTS.connectTimeoutMs,
    firstByteTimeoutMs: reader.read('first_byte_timeout', wait) ?? DEFAULTS.firstByteTimeoutMs,
    silenceTimeoutMs: reader.read('silence_timeout', wait) ?? DEFAULTS.silenceTimeoutMs,
    maxHeadBytes: reader.read('max_head', headSize) ?? DEFAULTS.maxHeadBytes,
    retry: retry(reader, context),
  };
  const tls = upstreamTls(reader, context);
  if (target === undefined) return null;
  const given = reader.entry('tls');
  if (given !== undefined && target.scheme === 'http') {
    reader.note(given.place, 'tls is for an upstream that is spoken to by https://');
  }
  return { ...DEFAULTS, ...target, ...spec, tls: tlsOf(target, tls) };
}

function tlsOf({ scheme }: ProxyTarget, tls = DEFAULT_UPSTREAM_TLS): ProxySpec['tls'] {
  return scheme === 'https' ? tls : null;
}

const wait = waitFrom(1);
const LEAST_HEAD_BYTES = 1024;
const MOST_HEAD_BYTES = 1 << 20;

function headSize(value: FileValue): number {
  const bytes = byteCount(value);
  if (bytes >= LEAST_HEAD_BYTES && bytes <= MOST_HEAD_BYTES) return bytes;
  throw new ValueProblem('not from "1k" to "1m"');
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** These say where a message ends, and how the connection goes on. */
const FRAMING = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const CONTROL = /[\x00-\x1f\x7f]/;

function setHeaders(value: FileValue): ProxySpec['setHeaders'] {
  return pairs(value, 'a table such as { X-Real-IP = "$remote_addr" }').map(([name, given]) => {
    const written = template(given);
    if (CONTROL.test(written)) throw new ValueProblem(`the value of ${name} holds a control character`);
    return [fieldName(name), written];
  });
}

function names(value: FileValue): readonly string[] {
  return texts(value).map((name) => fieldName(name).toLowerCase());
}

function fieldName(name: string): string {
  if (!TOKEN.test(name)) throw new ValueProblem(`'${name}' is no name of a field`);
  if (!FRAMING.has(name.toLowerCase())) return name;
  throw new ValueProblem(`${name} is about one connection: Kirin says it for itself, to each side`);
}

function redirects(value: FileValue): ProxySpec['redirects'] {
  if (typeof value === 'boolean') return value ? 'own' : 'off';
  return pairs(value, 'true, false or a table such as { "http://app:8000/" = "/" }').map(([from, to]) => {
    if (!from.startsWith('~')) return [template(from), template(to)];
    try {
      new RegExp(from.replace(/^~\*?/, ''), 'u');
    } catch (error) {
      throw new ValueProblem((error as Error).message);
    }
    return [from, template(to)];
  });
}

function pairs(value: FileValue, example: string): readonly (readonly [string, FileValue])[] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value as Readonly<Record<string, FileValue>>);
  }
  throw new ValueProblem(`not ${example}`);
}

// `cache` of a site or a route: the name of one, or a table.

import { nearest } from '../../base/edit-distance.ts';
import type { CacheUse } from '../../protocol/supervision/cache.ts';
import { addressList } from '../request-kinds.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { integerFrom, namesBelow, TableReader, type TomlContext, texts } from '../toml/table-reader.ts';
import { STRING, STRINGS } from './schemas.ts';
import { template } from './template.ts';
import { byteCount, seconds, truth, waitFrom } from './values.ts';

const TIME = { type: ['integer', 'string'] };
const PROPERTIES = {
  in: { ...STRING, description: 'The name of a cache: [caches.NAME].' },
  key: { ...STRING, description: 'What tells responses apart; with $variables.' },
  valid: {
    description:
      'For how long responses are fresh that do not say: of all with 200, 301 and 302, or by status, and any.',
    anyOf: [
      { type: ['integer', 'string'] },
      { type: 'object', additionalProperties: { type: ['integer', 'string'] } },
    ],
  },
  max_entry: { ...TIME, description: 'Larger bodies are not stored: 1m.' },
  stale_while_revalidate: { ...TIME, description: 'For how long what is stale answers while it is renewed.' },
  stale_if_error: { ...TIME, description: 'For how long what is stale answers while there are errors.' },
  bypass: { ...STRINGS, description: 'With $variables: unless all are empty or 0, the cache is not asked.' },
  no_store: { ...STRINGS, description: 'With $variables: unless all are empty or 0, nothing is stored.' },
  lock: { type: 'boolean', description: 'Whether one request at a time fetches what is not there.' },
  lock_timeout: { ...TIME, description: 'For how long others wait for that.' },
  min_uses: { type: 'integer', minimum: 1, description: 'Requests after which a response is stored.' },
  client_directives: { type: 'boolean', description: 'Whether the Cache-Control of requests is heeded.' },
  ignore: {
    type: ['string', 'array'],
    items: { enum: ['Cache-Control', 'Expires', 'Set-Cookie', 'Vary', 'X-Accel-Expires'] },
    description: 'Fields of responses that are not heeded.',
  },
  purge: { ...STRINGS, description: 'Networks that may remove responses by PURGE.' },
  cache_status: { type: 'boolean', description: 'Whether responses get a Cache-Status field.' },
};

export const CACHE_SCHEMA = {
  description: 'The name of a cache, a table that begins with one, or false.',
  anyOf: [STRING, { enum: [false] }, { type: 'object', additionalProperties: false, properties: PROPERTIES }],
};

/** As in nginx, where no statuses are given. */
const USUAL_STATUSES = [200, 301, 302];
/** Nginx's. */
const DEFAULT_LOCK_TIMEOUT_MS = 5000;
const IGNORABLE = ['cache-control', 'expires', 'set-cookie', 'vary', 'x-accel-expires'];

const aCount = integerFrom(1, 1_000_000);

export function cache(reader: TableReader, context: TomlContext): CacheUse | null | undefined {
  const node = reader.entry('cache')?.node;
  if (node?.kind !== 'table') {
    return reader.read('cache', (value) =>
      value === false ? null : { ...USUAL, cache: name(value, context) },
    );
  }
  const inner = new TableReader(node, 'cache', Object.keys(PROPERTIES), context);
  if (inner.present('in').length === 0) inner.note(node.place, 'it needs the name of a cache: in = "pages"');
  const named = inner.read('in', (value) => name(value, context));
  const use: CacheUse = {
    cache: named ?? '',
    key: inner.read('key', template) ?? null,
    valid: inner.read('valid', valid) ?? [],
    maxEntryBytes: inner.read('max_entry', byteCount) ?? USUAL.maxEntryBytes,
    staleWhileRevalidate: inner.read('stale_while_revalidate', seconds) ?? 0,
    staleIfError: inner.read('stale_if_error', seconds) ?? 0,
    bypass: inner.read('bypass', templates) ?? [],
    noStore: inner.read('no_store', templates) ?? [],
    lock: inner.read('lock', truth) ?? true,
    lockTimeoutMs: inner.read('lock_timeout', waitFrom(1)) ?? DEFAULT_LOCK_TIMEOUT_MS,
    minUses: inner.read('min_uses', aCount) ?? 1,
    obeysClients: inner.read('client_directives', truth) ?? true,
    ignored: inner.read('ignore', ignorable) ?? [],
    purge: inner.read('purge', networks) ?? [],
    tells: inner.read('cache_status', truth) ?? true,
  };
  return named === undefined ? undefined : use;
}

const USUAL: Omit<CacheUse, 'cache'> = {
  key: null,
  valid: [],
  maxEntryBytes: null,
  staleWhileRevalidate: 0,
  staleIfError: 0,
  bypass: [],
  noStore: [],
  lock: true,
  lockTimeoutMs: DEFAULT_LOCK_TIMEOUT_MS,
  minUses: 1,
  obeysClients: true,
  ignored: [],
  purge: [],
  tells: true,
};

function name(value: FileValue, context: TomlContext): string {
  if (typeof value !== 'string') {
    throw new ValueProblem('give the name of a cache, a table that begins with in = "NAME", or false');
  }
  const known = namesBelow(context, 'caches');
  if (known.includes(value)) return value;
  const meant = nearest(value, known);
  throw new ValueProblem(
    `there is no [caches.${value}]; ${meant === null ? 'add it at the top of the file' : `did you mean ${meant}?`}`,
  );
}

function valid(value: FileValue): CacheUse['valid'] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const given = seconds(value);
    return USUAL_STATUSES.map((status) => [status, given]);
  }
  return Object.entries(value as Readonly<Record<string, FileValue>>).flatMap(([keys, time]) => {
    const given = seconds(time);
    return keys.split(',').map((key) => {
      const status = key.trim();
      if (status === 'any') return ['any', given] as const;
      if (/^[2-5]\d\d$/.test(status)) return [Number(status), given] as const;
      throw new ValueProblem(`'${status}' is no status of a response, nor any`);
    });
  });
}

function templates(value: FileValue): readonly string[] {
  return texts(value).map(template);
}

function ignorable(value: FileValue): readonly string[] {
  return texts(value).map((field) => {
    const lower = field.toLowerCase();
    if (IGNORABLE.includes(lower)) return lower;
    throw new ValueProblem(
      `'${field}' is none of Cache-Control, Expires, Set-Cookie, Vary and X-Accel-Expires`,
    );
  });
}

function networks(value: FileValue): readonly string[] {
  return addressList.fromFile?.(texts(value)) ?? [];
}

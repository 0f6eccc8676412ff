// What may be said for a site, and for a route: see RouteOptions.

import { resolve } from 'node:path';
import type { RouteOptions } from '../../protocol/supervision/site.ts';
import { addressList } from '../request-kinds.ts';
import type { FileValue } from '../setting.ts';
import { type TableReader, type TomlContext, texts } from '../toml/table-reader.ts';
import { ACCESS_LOG_SCHEMA, accessLog } from './access-log.ts';
import { BASIC_AUTH_SCHEMA, basicAuth, satisfy } from './basic-auth.ts';
import { CACHE_SCHEMA, cache } from './cache.ts';
import { COMPRESS_SCHEMA, compression } from './compress.ts';
import { ERROR_PAGES_SCHEMA, errorPages } from './error-pages.ts';
import { ADD_HEADERS_SCHEMA, addHeaders, removeHeaders } from './headers.ts';
import { HSTS_SCHEMA, HTTPS_ONLY_SCHEMA, hsts, httpsOnly } from './https.ts';
import { CONNECTION_LIMIT_SCHEMA, connectionLimits, RATE_LIMIT_SCHEMA, rateLimits } from './limits.ts';
import type { Part } from './part.ts';
import { STRINGS } from './schemas.ts';
import { byteCount, truth } from './values.ts';

/** `fallback` holds where neither the site nor the route says anything. */
interface RouteOption<T> extends Part<T> {
  readonly fallback: T;
}

const OPTIONS: { readonly [Name in keyof RouteOptions]: RouteOption<RouteOptions[Name]> } = {
  allow: {
    key: 'allow',
    schema: { ...STRINGS, description: 'Addresses and networks that may; all others get 403.' },
    fallback: null,
    read: (reader) => reader.read('allow', networks),
  },
  deny: {
    key: 'deny',
    schema: { ...STRINGS, description: 'Addresses and networks that get 403.' },
    fallback: [],
    read: (reader) => reader.read('deny', networks),
  },
  addHeaders: {
    key: 'add_headers',
    schema: ADD_HEADERS_SCHEMA,
    fallback: [],
    read: (reader) => reader.read('add_headers', addHeaders),
  },
  removeHeaders: {
    key: 'remove_headers',
    schema: { ...STRINGS, description: 'Fields that responses lose.' },
    fallback: [],
    read: (reader) => reader.read('remove_headers', removeHeaders),
  },
  compress: {
    key: 'compress',
    schema: COMPRESS_SCHEMA,
    fallback: null,
    read: compression,
  },
  errorPages: {
    key: 'error_pages',
    schema: ERROR_PAGES_SCHEMA,
    fallback: null,
    read: (reader) => reader.read('error_pages', errorPages),
  },
  maxBody: {
    key: 'max_body',
    schema: {
      type: ['integer', 'string'],
      minimum: 0,
      description: 'Largest body of a request: 10m; 0 is unlimited.',
    },
    fallback: null,
    read: (reader) => reader.read('max_body', byteCount),
  },
  sendfileFrom: {
    key: 'sendfile_from',
    schema: {
      ...STRINGS,
      description: 'Folders of which the application may have files sent, by X-Sendfile.',
    },
    fallback: [],
    read: (reader, { folder }) =>
      reader.read('sendfile_from', (value) => texts(value).map((name) => resolve(folder, name))),
  },
  requestId: {
    key: 'request_id',
    schema: { type: 'boolean', description: 'Whether requests and responses get an X-Request-ID.' },
    fallback: false,
    read: (reader) => reader.read('request_id', truth),
  },
  accessLog: { key: 'access_log', schema: ACCESS_LOG_SCHEMA, fallback: null, read: accessLog },
  basicAuth: { key: 'basic_auth', schema: BASIC_AUTH_SCHEMA, fallback: null, read: basicAuth },
  satisfy: {
    key: 'satisfy',
    schema: { enum: ['any', 'all'], description: 'Whether address and password are needed, or either.' },
    fallback: 'all',
    read: (reader) => reader.read('satisfy', satisfy),
  },
  cache: { key: 'cache', schema: CACHE_SCHEMA, fallback: null, read: cache },
  rateLimits: { key: 'rate_limit', schema: RATE_LIMIT_SCHEMA, fallback: [], read: rateLimits },
  connectionLimits: {
    key: 'connection_limit',
    schema: CONNECTION_LIMIT_SCHEMA,
    fallback: [],
    read: connectionLimits,
  },
  httpsOnly: {
    key: 'https_only',
    schema: HTTPS_ONLY_SCHEMA,
    fallback: null,
    read: (reader) => reader.read('https_only', httpsOnly),
  },
  hsts: {
    key: 'hsts',
    schema: HSTS_SCHEMA,
    fallback: null,
    read: (reader) => reader.read('hsts', hsts),
  },
};

export const ROUTE_OPTIONS: readonly Part<unknown>[] = Object.values(OPTIONS);

export const NO_OPTIONS = Object.fromEntries(
  Object.entries(OPTIONS).map(([name, { fallback }]) => [name, fallback]),
) as unknown as RouteOptions;

/** `inherited`: what holds where the table says nothing. */
export function readOptions(
  reader: TableReader,
  inherited: RouteOptions,
  context: TomlContext,
): RouteOptions {
  const own = Object.entries(OPTIONS).map(([name, option]) => [name, option.read(reader, context)]);
  return { ...inherited, ...Object.fromEntries(own.filter(([, value]) => value !== undefined)) };
}

function networks(value: FileValue): readonly string[] {
  const list = texts(value);
  return addressList.fromFile?.(list) ?? [];
}

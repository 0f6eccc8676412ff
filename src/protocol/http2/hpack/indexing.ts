// What of which fields goes into the table. Values that hardly repeat would only push out what does (nghttp2, h2o: much the same list).
// Secrets do not, since whoever can make the server send other fields on the same connection could guess them by the block's length (RFC 7541 7.1).

import { STATIC_FIELDS } from './static-table.ts';

type Indexing = 'indexed' | 'not-indexed' | 'never-indexed';

const HARDLY_REPEATED = [
  ':path',
  'age',
  'cf-ray',
  'content-digest',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'digest',
  'etag',
  'expires',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'range',
  'repr-digest',
  'server-timing',
  'traceparent',
  'tracestate',
  'x-amz-cf-id',
  'x-amz-request-id',
  'x-amzn-requestid',
  'x-amzn-trace-id',
  'x-correlation-id',
  'x-request-id',
  'x-response-time',
  'x-runtime',
  'x-trace-id',
];

const SECRET = [
  'authentication-info',
  'authorization',
  'cookie',
  'proxy-authentication-info',
  'proxy-authorization',
  'set-cookie',
  'x-csrf-token',
  'x-csrftoken',
];

export interface KnownName {
  readonly indexing: Indexing;
  /** In the static table; 0: it is not there. */
  readonly index: number;
  /** Indices of its values in the static table; null: it has none there. */
  readonly values: ReadonlyMap<string, number> | null;
}

export const OTHER_NAME: KnownName = { indexing: 'indexed', index: 0, values: null };

export const KNOWN_NAMES: ReadonlyMap<string, KnownName> = new Map(
  [...new Set([...STATIC_FIELDS.slice(1).map(({ name }) => name), ...HARDLY_REPEATED, ...SECRET])].map(
    (name) => [name, knownName(name)],
  ),
);

function knownName(name: string): KnownName {
  const index = STATIC_FIELDS.findIndex((field) => field.name === name);
  const values = STATIC_FIELDS.flatMap((field, at): [string, number][] =>
    field.name === name && field.value !== '' ? [[field.value, at]] : [],
  );
  return {
    indexing: SECRET.includes(name)
      ? 'never-indexed'
      : HARDLY_REPEATED.includes(name)
        ? 'not-indexed'
        : 'indexed',
    index: Math.max(0, index),
    values: values.length > 0 ? new Map(values) : null,
  };
}

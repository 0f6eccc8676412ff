// RFC 9110 and 9111 clause by clause, as far as a shared cache can be seen from outside.

import type { ScriptedAnswer } from './scripted-origin.ts';

export interface Step {
  readonly method?: string;
  /** Of the request. */
  readonly fields?: readonly string[];
  readonly status?: number;
  /** The number of the origin's answer that is the body; or the body. */
  readonly body?: number | string;
  /** How many requests the origin has seen by now. */
  readonly asked?: number;
  /** Of the response. */
  readonly has?: Readonly<Record<string, string | RegExp | null>>;
  /** Instead of the path of the case. */
  readonly target?: string;
}

export interface Clause {
  readonly clause: string;
  readonly it: string;
  readonly origin: readonly ScriptedAnswer[];
  readonly steps: readonly Step[];
}

const LONG_AGO = 'Sun, 06 Nov 1994 08:49:37 GMT';
const FAR_AHEAD = 'Thu, 06 Nov 2098 08:49:37 GMT';
const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toUTCString();

const THREE_DAYS_AGO = daysAgo(3);

const answer = (...fields: readonly string[]): ScriptedAnswer => ({ fields });
const FRESH = answer('Cache-Control: max-age=600');
const from = (body: number | string, asked: number, more: Partial<Step> = {}): Step => ({
  body,
  asked,
  ...more,
});

/** Asked twice, the second is answered from what is stored. */
const isStored = (clause: string, it: string, ...fields: readonly string[]): Clause => ({
  clause,
  it,
  origin: [answer(...fields)],
  steps: [from(1, 1), from(1, 1)],
});

/** Asked twice, the origin is asked twice. */
const isNotUsed = (clause: string, it: string, ...fields: readonly string[]): Clause => ({
  clause,
  it,
  origin: [answer(...fields)],
  steps: [from(1, 1), from(2, 2)],
});

const STALE_TAGGED: ScriptedAnswer = { fields: ['Cache-Control: max-age=60', 'Age: 100', 'ETag: "a"'] };

export const CLAUSES: readonly Clause[] = [
  // --- RFC 9111 2 and 3: what is stored
  isStored('9111 3', 'stores a response with max-age', 'Cache-Control: max-age=600'),
  isStored('9111 3', 'stores a response with Expires', `Expires: ${FAR_AHEAD}`),
  isStored('9111 3', 'stores a response with s-maxage', 'Cache-Control: s-maxage=600'),
  isNotUsed(
    '9111 3',
    'stores no response that does not say for how long',
    'Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT',
  ),
  isNotUsed('9111 5.2.2.5', 'stores no response with no-store', 'Cache-Control: max-age=600, no-store'),
  isNotUsed('9111 5.2.2.7', 'stores no response with private', 'Cache-Control: max-age=600, private'),
  isNotUsed(
    '9111 5.2.2.7',
    'stores no response with private for some of its fields',
    'Cache-Control: max-age=600, private="x-a"',
  ),
  isNotUsed(
    '9111 5.2.2.5',
    'finds no-store in another line',
    'Cache-Control: max-age=600',
    'Cache-Control: No-Store',
  ),
  isNotUsed(
    '9111 5.2.2.5',
    'finds no-store behind a text with commas',
    'Cache-Control: ext="a, b", no-store, max-age=600',
  ),
  isStored(
    '9111 5.2',
    'finds no directive within a text',
    'Cache-Control: ext="no-store, private", max-age=600',
  ),
  isStored(
    '9111 5.2.3',
    'ignores directives that it does not know',
    'Cache-Control: max-age=600, community="UCI", nothing',
  ),
  isStored(
    '9111 5.2.2.3',
    'ignores no-store beside must-understand, where it knows the status',
    'Cache-Control: max-age=600, no-store, must-understand',
  ),
  {
    clause: '9111 5.2.2.3',
    it: 'stores no response with must-understand whose status it does not know',
    origin: [{ status: 299, fields: ['Cache-Control: max-age=600, must-understand'] }],
    steps: [from(1, 1, { status: 299 }), from(2, 2, { status: 299 })],
  },
  {
    clause: '9111 3.3',
    it: 'stores no part that an origin sends unasked',
    origin: [{ status: 206, fields: ['Cache-Control: max-age=600', 'Content-Range: bytes 0-0/10'] }],
    steps: [from(1, 1, { status: 206 }), from(2, 2, { status: 206 })],
  },
  ...[203, 204, 300, 301, 404, 405, 410, 414, 501].map(
    (status): Clause => ({
      clause: '9110 15.1',
      it: `stores ${status}`,
      origin: [{ status, fields: ['Cache-Control: max-age=600'], body: status === 204 ? '' : 'same' }],
      steps: [
        from(status === 204 ? '' : 'same', 1, { status }),
        from(status === 204 ? '' : 'same', 1, { status }),
      ],
    }),
  ),
  isNotUsed(
    '9111 7.3',
    'stores no response with Set-Cookie',
    'Cache-Control: max-age=600',
    'Set-Cookie: a=b',
  ),
  {
    clause: '9111 3.5',
    it: 'stores no response to a request with Authorization',
    origin: [FRESH],
    steps: [from(1, 1, { fields: ['Authorization: Basic YTpi'] }), from(2, 2), from(2, 2)],
  },
  {
    clause: '9111 3.5',
    it: 'uses for a request with Authorization nothing that is not for everybody',
    origin: [FRESH],
    steps: [from(1, 1), from(2, 2, { fields: ['Authorization: Basic YTpi'] })],
  },
  ...['public', 'must-revalidate', 's-maxage=600'].map(
    (directive): Clause => ({
      clause: '9111 3.5',
      it: `stores a response to a request with Authorization that has ${directive}`,
      origin: [answer(`Cache-Control: max-age=600, ${directive}`)],
      steps: [from(1, 1, { fields: ['Authorization: Basic YTpi'] }), from(1, 1)],
    }),
  ),
  {
    clause: '9111 3.1',
    it: 'stores no fields about the connection',
    origin: [
      answer(
        'Cache-Control: max-age=600',
        'Connection: X-Hop',
        'X-Hop: 1',
        'X-Kept: 1',
        'Keep-Alive: timeout=5',
      ),
    ],
    steps: [from(1, 1), from(1, 1, { has: { 'x-hop': null, 'x-kept': '1', 'keep-alive': null } })],
  },
  {
    clause: '9111 3.3',
    it: 'stores nothing that has broken off',
    origin: [{ ...FRESH, body: 'x'.repeat(1000), breaksOffAfter: 500 }, FRESH],
    steps: [{ asked: 1, status: 0 }, from(2, 2), from(2, 2)],
  },

  // --- 9111 4.1: Vary
  {
    clause: '9111 4.1',
    it: 'keeps responses apart by the fields that Vary names',
    origin: [answer('Cache-Control: max-age=600', 'Vary: Accept-Language')],
    steps: [
      from(1, 1, { fields: ['Accept-Language: de'] }),
      from(2, 2, { fields: ['Accept-Language: fr'] }),
      from(1, 1 + 1, { fields: ['Accept-Language: de'] }),
      from(3, 3),
      from(3, 3),
      from(2, 3, { fields: ['Accept-Language: fr'] }),
    ],
  },
  {
    clause: '9111 4.1',
    it: 'takes several lines of a field for one list, and blanks around commas for none',
    origin: [answer('Cache-Control: max-age=600', 'Vary: Accept, accept-language')],
    steps: [
      from(1, 1, { fields: ['Accept-Language: de, fr'] }),
      from(1, 1, { fields: ['Accept-Language: de,fr'] }),
      from(1, 1, { fields: ['Accept-Language: de', 'Accept-Language: fr'] }),
      from(2, 2, { fields: ['Accept-Language: fr, de'] }),
    ],
  },
  isNotUsed('9111 4.1', 'never uses a response with Vary: *', 'Cache-Control: max-age=600', 'Vary: *'),
  isNotUsed('9111 4.1', 'finds a star among names', 'Cache-Control: max-age=600', 'Vary: Accept, *'),
  {
    clause: '9111 4.1',
    it: 'keeps no more of one URI than its number of variants',
    origin: [answer('Cache-Control: max-age=600', 'Vary: X-Number')],
    steps: [
      ...Array.from({ length: 5 }, (_, index) =>
        from(index + 1, index + 1, { fields: [`X-Number: ${index}`] }),
      ),
      from(5, 5, { fields: ['X-Number: 4'] }),
      from(6, 6, { fields: ['X-Number: 0'] }),
    ],
  },

  // --- 9111 4.2: freshness and age
  isNotUsed('9111 4.2.1', 'takes s-maxage before max-age', 'Cache-Control: max-age=600, s-maxage=0'),
  isStored(
    '9111 4.2.1',
    'takes max-age before Expires',
    'Cache-Control: max-age=600',
    `Expires: ${LONG_AGO}`,
  ),
  isNotUsed(
    '9111 4.2.1',
    'takes max-age=0 before Expires',
    'Cache-Control: max-age=0',
    `Expires: ${FAR_AHEAD}`,
  ),
  isNotUsed('9111 5.3', 'takes an Expires in the past for stale', `Expires: ${LONG_AGO}`),
  isNotUsed('9111 5.3', 'takes an Expires that is no date for stale', 'Expires: 0'),
  isNotUsed('9111 5.3', 'counts Expires from the Date', `Expires: ${daysAgo(1)}`, `Date: ${daysAgo(1)}`),
  isNotUsed('9111 4.2.1', 'takes a max-age that is no number for stale', 'Cache-Control: max-age=much'),
  isNotUsed('9111 4.2.1', 'takes a negative max-age for stale', 'Cache-Control: max-age=-5'),
  isStored('9111 5.2.2.1', 'reads max-age in quotes', 'Cache-Control: max-age="600"'),
  isStored('9111 1.2.2', 'reads numbers that are too large', 'Cache-Control: max-age=99999999999999999999'),
  isStored(
    '9111 4.2.1',
    'takes the first of two values',
    'Cache-Control: max-age=600',
    'Cache-Control: max-age=0',
  ),
  isNotUsed(
    '9111 4.2.3',
    'counts the Age that a response comes with',
    'Cache-Control: max-age=600',
    'Age: 601',
  ),
  isNotUsed(
    '9111 4.2.3',
    'counts the time since its Date',
    'Cache-Control: max-age=600',
    `Date: ${daysAgo(1)}`,
  ),
  isStored(
    '9111 4.2.3',
    'does not mind a Date in the future',
    'Cache-Control: max-age=600',
    `Date: ${FAR_AHEAD}`,
  ),
  isStored('9111 5.1', 'ignores an Age that is no number', 'Cache-Control: max-age=600', 'Age: old'),
  {
    clause: '9111 5.1',
    it: 'tells the age of what it has stored',
    origin: [answer('Cache-Control: max-age=600', 'Age: 30')],
    steps: [from(1, 1, { has: { age: '30' } }), from(1, 1, { has: { age: /^3\d$/ } })],
  },
  {
    clause: '9110 6.6.1',
    it: 'keeps the Date of the origin',
    origin: [answer('Cache-Control: max-age=99999999', `Date: ${THREE_DAYS_AGO}`)],
    steps: [
      from(1, 1),
      from(1, 1, {
        has: { date: THREE_DAYS_AGO, age: /^2592\d\d$/ },
      }),
    ],
  },

  // --- 9111 4.3: validation
  {
    clause: '9111 4.3.1',
    it: 'asks with the entity tag, and uses what it has on 304',
    origin: [
      STALE_TAGGED,
      { fields: ['Cache-Control: max-age=600', 'ETag: "a"', 'X-New: 1'], notModifiedFor: '"a"' },
    ],
    steps: [
      from(1, 1),
      from(1, 2, { has: { 'x-new': '1', 'cache-status': /fwd=stale; fwd-status=304/ } }),
      from(1, 2, { has: { 'x-new': '1', age: /^\d$/ } }),
    ],
  },
  {
    clause: '9111 4.3.1',
    it: 'asks with the date, where there is no tag',
    origin: [
      answer('Cache-Control: max-age=0', `Last-Modified: ${LONG_AGO}`),
      { fields: ['Cache-Control: max-age=600'], notModifiedFor: LONG_AGO },
    ],
    steps: [from(1, 1), from(1, 2), from(1, 2)],
  },
  {
    clause: '9111 4.3.3',
    it: 'uses what comes instead, where it has changed',
    origin: [STALE_TAGGED, answer('Cache-Control: max-age=600', 'ETag: "b"')],
    steps: [from(1, 1), from(2, 2, { has: { etag: '"b"' } }), from(2, 2)],
  },
  {
    clause: '9111 4.3.3',
    it: 'passes an error on',
    origin: [STALE_TAGGED, { status: 503 }, { status: 200 }],
    steps: [from(1, 1), from(2, 2, { status: 503 }), from(3, 3)],
  },
  {
    clause: '9111 3.2',
    it: 'leaves what a 304 says of its content alone',
    origin: [
      { fields: [...(STALE_TAGGED.fields ?? []), 'Content-Type: text/plain'], body: 'hello' },
      {
        fields: ['Cache-Control: max-age=600', 'Content-Type: text/html', 'Content-Length: 99'],
        notModifiedFor: '"a"',
      },
    ],
    steps: [
      from('hello', 1),
      from('hello', 2, { has: { 'content-type': 'text/plain', 'content-length': '5' } }),
      from('hello', 2, { has: { 'content-type': 'text/plain', 'content-length': '5' } }),
    ],
  },
  {
    clause: '9111 4.3.4',
    it: 'keeps nothing that a 304 says must not be kept',
    origin: [STALE_TAGGED, { fields: ['Cache-Control: no-store'], notModifiedFor: '"a"' }, FRESH],
    steps: [from(1, 1), from(1, 2), from(3, 3)],
  },
  {
    clause: '9111 4.3.5',
    it: 'answers HEAD from what GET has brought, and asks for the whole where it has nothing',
    origin: [FRESH],
    steps: [
      { method: 'HEAD', body: '', asked: 1, has: { 'content-length': '1' } },
      from(1, 1),
      { method: 'HEAD', body: '', asked: 1, has: { 'content-length': '1', age: /\d/ } },
    ],
  },

  // --- 9111 4.4: invalidation
  ...['POST', 'PUT', 'DELETE', 'PATCH', 'LOCK'].map(
    (method): Clause => ({
      clause: '9111 4.4',
      it: `forgets what is stored after ${method}`,
      origin: [FRESH],
      steps: [from(1, 1), from(1, 1), from(2, 2, { method }), from(3, 3), from(3, 3)],
    }),
  ),
  {
    clause: '9111 4.4',
    it: 'does not forget it after a method that failed, or a safe one',
    origin: [FRESH, { status: 500 }, { status: 404 }, { status: 200 }],
    steps: [
      from(1, 1),
      from(2, 2, { method: 'POST', status: 500 }),
      from(3, 3, { method: 'DELETE', status: 404 }),
      from(4, 4, { method: 'OPTIONS' }),
      from(1, 4),
    ],
  },

  // --- 9111 5.2.1: directives of requests
  {
    clause: '9111 5.2.1.4',
    it: 'asks the origin for a request with no-cache',
    origin: [FRESH],
    steps: [from(1, 1), from(2, 2, { fields: ['Cache-Control: no-cache'] }), from(2, 2)],
  },
  {
    clause: '9111 5.4',
    it: 'takes Pragma: no-cache for that, unless there is a Cache-Control',
    origin: [FRESH],
    steps: [
      from(1, 1),
      from(2, 2, { fields: ['Pragma: no-cache'] }),
      from(2, 2, { fields: ['Pragma: no-cache', 'Cache-Control: max-age=99'] }),
    ],
  },
  {
    clause: '9111 5.2.1.5',
    it: 'stores nothing of a request with no-store',
    origin: [FRESH],
    steps: [from(1, 1, { fields: ['Cache-Control: no-store'] }), from(2, 2), from(2, 2)],
  },
  {
    clause: '9111 5.2.1.1',
    it: 'uses nothing older than a request wants',
    origin: [answer('Cache-Control: max-age=600', 'Age: 100')],
    steps: [
      from(1, 1),
      from(1, 1, { fields: ['Cache-Control: max-age=200'] }),
      from(2, 2, { fields: ['Cache-Control: max-age=50'] }),
      from(3, 3, { fields: ['Cache-Control: max-age=0'] }),
    ],
  },
  {
    clause: '9111 5.2.1.3',
    it: 'uses nothing that is not fresh for as long as a request wants',
    origin: [answer('Cache-Control: max-age=600', 'Age: 100')],
    steps: [
      from(1, 1),
      from(1, 1, { fields: ['Cache-Control: min-fresh=300'] }),
      from(2, 2, { fields: ['Cache-Control: min-fresh=550'] }),
    ],
  },
  {
    clause: '9111 5.2.1.2',
    it: 'uses what is stale where a request takes it',
    origin: [STALE_TAGGED],
    steps: [
      from(1, 1),
      from(1, 1, { fields: ['Cache-Control: max-stale=60'] }),
      from(1, 1, { fields: ['Cache-Control: max-stale'] }),
      from(2, 2, { fields: ['Cache-Control: max-stale=10'] }),
    ],
  },
  ...['must-revalidate', 'proxy-revalidate', 's-maxage=60'].map(
    (directive): Clause => ({
      clause: '9111 4.2.4',
      it: `uses nothing stale that has ${directive}, whatever the request takes`,
      origin: [answer(`Cache-Control: max-age=60, ${directive}`, 'Age: 100', 'ETag: "a"')],
      steps: [from(1, 1), from(2, 2, { fields: ['Cache-Control: max-stale'] })],
    }),
  ),
  {
    clause: '9111 5.2.1.7',
    it: 'answers 504 where only what is stored is wanted, and nothing is',
    origin: [FRESH],
    steps: [
      { status: 504, asked: 0, fields: ['Cache-Control: only-if-cached'] },
      from(1, 1),
      from(1, 1, { fields: ['Cache-Control: only-if-cached'] }),
    ],
  },
  {
    clause: '9111 5.2.2.4',
    it: 'asks each time whether a response with no-cache is still right',
    origin: [
      answer('Cache-Control: no-cache', 'ETag: "a"'),
      { fields: ['Cache-Control: no-cache', 'ETag: "a"'], notModifiedFor: '"a"' },
    ],
    steps: [from(1, 1), from(1, 2), from(1, 3), from(1, 4, { fields: ['Cache-Control: max-stale'] })],
  },

  // --- RFC 5861
  {
    clause: '5861 4',
    it: 'uses what is stale while the origin fails',
    origin: [
      answer('Cache-Control: max-age=60, stale-if-error=600', 'Age: 100', 'ETag: "a"'),
      { status: 503 },
      { status: 500 },
      { status: 404 },
    ],
    steps: [from(1, 1), from(1, 2, { has: { age: /^10\d$/ } }), from(1, 3), from(4, 4, { status: 404 })],
  },
  {
    clause: '5861 4',
    it: 'does not, once it is stale for too long, or must be asked for',
    origin: [
      answer('Cache-Control: max-age=60, stale-if-error=10', 'Age: 100', 'ETag: "a"'),
      { status: 503 },
    ],
    steps: [from(1, 1), from(2, 2, { status: 503 })],
  },
  {
    clause: '5861 4',
    it: 'hears it from the request, too',
    origin: [STALE_TAGGED, { status: 502 }],
    steps: [from(1, 1), from(1, 2, { fields: ['Cache-Control: stale-if-error=600'] })],
  },

  // --- RFC 9110 13 and 14, of what is stored
  {
    clause: '9110 13.1.2',
    it: 'answers If-None-Match by itself',
    origin: [answer('Cache-Control: max-age=600', 'ETag: "a"', 'Content-Type: text/plain', 'Vary: X')],
    steps: [
      from(1, 1),
      {
        status: 304,
        asked: 1,
        body: '',
        fields: ['If-None-Match: "b", W/"a"'],
        has: { etag: '"a"', vary: 'X', 'cache-control': 'max-age=600', 'content-type': null },
      },
      from(1, 1, { fields: ['If-None-Match: "b"'] }),
      { status: 304, asked: 1, body: '', fields: ['If-None-Match: *'] },
      { status: 304, asked: 1, body: '', method: 'HEAD', fields: ['If-None-Match: "a"'] },
    ],
  },
  {
    clause: '9111 4.3.2',
    it: 'asks for the whole where it has nothing, and answers the condition itself',
    origin: [answer('Cache-Control: max-age=600', 'ETag: "a"')],
    steps: [{ status: 304, asked: 1, body: '', fields: ['If-None-Match: "a"'] }, from(1, 1)],
  },
  {
    clause: '9110 13.1.3',
    it: 'answers If-Modified-Since by itself, unless there is If-None-Match',
    origin: [answer('Cache-Control: max-age=600', `Last-Modified: ${LONG_AGO}`, 'ETag: "a"')],
    steps: [
      from(1, 1),
      { status: 304, asked: 1, body: '', fields: [`If-Modified-Since: ${LONG_AGO}`] },
      from(1, 1, { fields: ['If-Modified-Since: Sat, 05 Nov 1994 08:49:37 GMT'] }),
      from(1, 1, { fields: [`If-Modified-Since: ${LONG_AGO}`, 'If-None-Match: "b"'] }),
      from(1, 1, { fields: ['If-Modified-Since: yesterday'] }),
    ],
  },
  {
    clause: '9110 13.1.1',
    it: 'answers 412 where If-Match or If-Unmodified-Since fail',
    origin: [answer('Cache-Control: max-age=600', `Last-Modified: ${daysAgo(3)}`, 'ETag: "a"')],
    steps: [
      from(1, 1),
      { status: 412, asked: 1, fields: ['If-Match: "b"'] },
      from(1, 1, { fields: ['If-Match: "a"'] }),
      { status: 412, asked: 1, fields: [`If-Unmodified-Since: ${LONG_AGO}`] },
    ],
  },
  {
    clause: '9110 13.2.1',
    it: 'ignores conditions where the answer is no success',
    origin: [{ status: 404, fields: ['Cache-Control: max-age=600', 'ETag: "a"'] }],
    steps: [from(1, 1, { status: 404 }), from(1, 1, { status: 404, fields: ['If-None-Match: "a"'] })],
  },
  {
    clause: '9110 14.2',
    it: 'cuts ranges out of what is stored',
    origin: [{ fields: ['Cache-Control: max-age=600', 'ETag: "a"'], body: '0123456789' }],
    steps: [
      from('0123456789', 1),
      {
        status: 206,
        body: '0123',
        asked: 1,
        fields: ['Range: bytes=0-3'],
        has: { 'content-range': 'bytes 0-3/10', 'content-length': '4' },
      },
      {
        status: 206,
        body: '89',
        asked: 1,
        fields: ['Range: bytes=-2'],
        has: { 'content-range': 'bytes 8-9/10' },
      },
      { status: 206, body: '56789', asked: 1, fields: ['Range: bytes=5-'], has: { etag: '"a"' } },
      {
        status: 206,
        asked: 1,
        fields: ['Range: bytes=0-0,9-9'],
        has: { 'content-type': /^multipart\/byteranges; boundary=/ },
      },
      { status: 416, asked: 1, fields: ['Range: bytes=10-'], has: { 'content-range': 'bytes */10' } },
      from('0123456789', 1, { fields: ['Range: lines=1-2'] }),
      from('0123456789', 1, { fields: ['Range: bytes=5-2'] }),
      { method: 'HEAD', body: '', asked: 1, fields: ['Range: bytes=0-3'], status: 200 },
    ],
  },
  {
    clause: '9110 14.2',
    it: 'asks for the whole of what a range is wanted of, and stores that',
    origin: [{ fields: ['Cache-Control: max-age=600'], body: '0123456789' }],
    steps: [{ status: 206, body: '23', asked: 1, fields: ['Range: bytes=2-3'] }, from('0123456789', 1)],
  },
  {
    clause: '9110 13.1.5',
    it: 'heeds If-Range',
    origin: [
      {
        fields: ['Cache-Control: max-age=600', 'ETag: "a"', `Last-Modified: ${LONG_AGO}`],
        body: '0123456789',
      },
    ],
    steps: [
      { status: 206, body: '23', asked: 1, fields: ['Range: bytes=2-3', 'If-Range: "a"'] },
      { status: 206, body: '23', asked: 1, fields: ['Range: bytes=2-3', `If-Range: ${LONG_AGO}`] },
      from('0123456789', 1, { fields: ['Range: bytes=2-3', 'If-Range: "b"'] }),
      from('0123456789', 1, { fields: ['Range: bytes=2-3', 'If-Range: W/"a"'] }),
    ],
  },
  {
    clause: '9110 14.2',
    it: 'sends the whole to who wants a part of what is not stored',
    origin: [{ fields: ['Cache-Control: no-store'], body: '0123456789' }],
    steps: [from('0123456789', 1, { fields: ['Range: bytes=2-3'] })],
  },

  // --- RFC 9111 7.1: poisoning
  ...[
    'X-Forwarded-Host',
    'X-Forwarded-Scheme',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-HTTP-Method-Override',
    'X-Host',
    'Forwarded',
  ].map(
    (name): Clause => ({
      clause: '9111 7.1',
      it: `does not give to others what ${name} may have brought about`,
      origin: [FRESH],
      steps: [
        from(1, 1, { fields: [`${name}: evil.example`] }),
        from(2, 2),
        from(2, 2),
        from(1, 2, { fields: [`${name}: evil.example`] }),
      ],
    }),
  ),
  {
    clause: '9111 7.1',
    it: 'asks and stores nothing for a GET with a body',
    origin: [FRESH],
    steps: [from(1, 1, { fields: ['Content-Length: 0'] }), from(1, 1)],
  },
  {
    clause: '9110 4.2.3',
    it: 'takes hosts alike in either case, and paths not',
    origin: [FRESH],
    steps: [from(1, 1), from(1, 1, { target: 'absolute' }), from(1, 1, { target: 'upper-host' })],
  },
  {
    clause: '9211 2',
    it: 'tells what has become of a request',
    origin: [FRESH],
    steps: [
      from(1, 1, { has: { 'cache-status': 'kirin; fwd=uri-miss; stored' } }),
      from(1, 1, { has: { 'cache-status': /^kirin; hit; ttl=\d+$/ } }),
      from(2, 2, {
        fields: ['Cache-Control: no-cache'],
        has: { 'cache-status': 'kirin; fwd=request; fwd-status=200; stored' },
      }),
      from(3, 3, { method: 'POST', has: { 'cache-status': 'kirin; fwd=method' } }),
    ],
  },
];

// Nanoseconds per request of the HTTP/1 request parser. Run: npm run build:tests && node .build/benchmarks/micro/http1-parser.js

import type { HttpLimits } from '../../src/protocol/http1/limits.ts';
import { RequestParser } from '../../src/protocol/http1/request-parser.ts';

const LIMITS: HttpLimits = {
  maxRequestLineBytes: 4094,
  maxFields: 100,
  maxFieldBytes: 8190,
  maxBodyBytes: 0,
};
const ROUNDS = 5;
const ROUND_MS = 300;
/** Variants of a head, so many that neither the previous block nor a processor's cache helps. */
const VARIANTS = 1024;

const wrk = head('GET /hello?name=world HTTP/1.1', [
  'Host: localhost:8000',
  'User-Agent: wrk/4.2.0',
  'Accept: */*',
]);

const apiClient = (n: number) =>
  head(`GET /api/v1/items/${n}?page=2 HTTP/1.1`, [
    'Host: api.example.com',
    'User-Agent: python-requests/2.32.3',
    'Accept-Encoding: gzip, deflate',
    'Accept: application/json',
    'Connection: keep-alive',
    `Authorization: Bearer 0123456789abcdef${n}`,
    `X-Request-ID: 7f3c1d5e-0000-4000-8000-${String(n).padStart(12, '0')}`,
  ]);

const browser = (n: number) =>
  head(`GET /articles/${n} HTTP/1.1`, [
    'Host: www.example.com',
    'Connection: keep-alive',
    'Cache-Control: max-age=0',
    'sec-ch-ua: "Chromium";v="130", "Google Chrome";v="130", "Not?A_Brand";v="99"',
    'sec-ch-ua-mobile: ?0',
    'sec-ch-ua-platform: "Linux"',
    'Upgrade-Insecure-Requests: 1',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
    'Sec-Fetch-Site: same-origin',
    'Sec-Fetch-Mode: navigate',
    'Sec-Fetch-Dest: document',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
    `Cookie: csrftoken=a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6; sessionid=${String(n).padStart(32, '0')}`,
  ]);

const upload = Buffer.concat([
  head('POST /upload HTTP/1.1', [
    'Host: api.example.com',
    'Content-Length: 65536',
    'Content-Type: text/plain',
  ]),
  Buffer.alloc(65536, 'x'),
]);

const chunked = Buffer.from(
  'POST /upload HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: chunked\r\n\r\n' +
    `${'400\r\n'}${'x'.repeat(1024)}\r\n`.repeat(16) +
    '0\r\n\r\n',
);

interface Scenario {
  readonly name: string;
  /** One request each, in the pieces in which it comes. */
  readonly requests: readonly (readonly Buffer[])[];
  /** Every request on a connection of its own. */
  readonly isFresh?: boolean;
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'wrk, 3 fields, repeated', requests: [[wrk]] },
  { name: 'wrk, 3 fields, new connection', requests: [[wrk]], isFresh: true },
  { name: 'API client, 7 fields, repeated', requests: [[apiClient(1)]] },
  { name: 'API client, 7 fields, fresh', requests: variants((n) => [apiClient(n)]) },
  { name: 'browser, 15 fields, repeated', requests: [[browser(1)]] },
  { name: 'browser, 15 fields, fresh', requests: variants((n) => [browser(n)]) },
  { name: 'API client, cut in two', requests: variants((n) => halves(apiClient(n))) },
  { name: 'API client, byte by byte', requests: [bytesOf(apiClient(1))] },
  { name: 'upload of 64 KiB in one piece', requests: [[upload]] },
  { name: 'upload of 16 chunks of 1 KiB', requests: [[chunked]] },
];

function head(requestLine: string, fieldLines: readonly string[]): Buffer {
  return Buffer.from([requestLine, ...fieldLines, '', ''].join('\r\n'), 'latin1');
}

function variants(make: (n: number) => readonly Buffer[]): readonly (readonly Buffer[])[] {
  return Array.from({ length: VARIANTS }, (_, n) => make(n));
}

function halves(bytes: Buffer): readonly Buffer[] {
  const middle = bytes.length >> 1;
  return [bytes.subarray(0, middle), bytes.subarray(middle)];
}

function bytesOf(bytes: Buffer): readonly Buffer[] {
  return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
}

/** Nanoseconds per request: the best of several rounds, which is the one least disturbed. */
function measure({ requests, isFresh }: Scenario): number {
  let best = Number.POSITIVE_INFINITY;
  let parser = new RequestParser(LIMITS);
  for (let round = 0; round < ROUNDS; round++) {
    let count = 0;
    const start = process.hrtime.bigint();
    let elapsedNs = 0;
    while (elapsedNs < ROUND_MS * 1e6) {
      for (let repeat = 0; repeat < Math.ceil(1000 / requests.length); repeat++) {
        for (const pieces of requests) {
          if (isFresh) parser = new RequestParser(LIMITS);
          replay(parser, pieces);
          count++;
        }
      }
      elapsedNs = Number(process.hrtime.bigint() - start);
    }
    best = Math.min(best, elapsedNs / count);
  }
  return best;
}

function replay(parser: RequestParser, pieces: readonly Buffer[]): void {
  for (const piece of pieces) {
    parser.push(piece);
    for (let event = parser.next(); event !== null; event = parser.next()) {
      if (event.type === 'error') throw new Error(event.error.message);
    }
  }
  if (parser.isMidMessage) throw new Error('the request was not read to its end');
}

for (const scenario of SCENARIOS) {
  console.log(`${scenario.name.padEnd(36)} ${measure(scenario).toFixed(0).padStart(7)} ns`);
}

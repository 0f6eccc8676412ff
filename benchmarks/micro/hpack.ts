// Nanoseconds per field block of HPACK. Run: npm run build:tests && node .build/benchmarks/micro/hpack.js

import { HpackDecoder } from '../../src/protocol/http2/hpack/decoder.ts';
import { HpackEncoder, maxEncodedBytes } from '../../src/protocol/http2/hpack/encoder.ts';

const ROUNDS = 5;
const ROUND_MS = 300;
const BATCH = 1024;
const TABLE_BYTES = 4096;
const MAX_LIST_BYTES = 65_536;

const h2load = [
  ...[':path', '/hello', ':scheme', 'https', ':authority', '127.0.0.1:8443', ':method', 'GET'],
  ...['user-agent', 'h2load nghttp2/1.64.0'],
];

const browser = (n: number) => [
  ...[
    ':method',
    'GET',
    ':authority',
    'www.example.com',
    ':scheme',
    'https',
    ':path',
    `/articles/${n}?page=2`,
  ],
  ...['sec-ch-ua', '"Chromium";v="130", "Google Chrome";v="130", "Not?A_Brand";v="99"'],
  ...['sec-ch-ua-mobile', '?0', 'sec-ch-ua-platform', '"Linux"', 'upgrade-insecure-requests', '1'],
  'user-agent',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  'accept',
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
  ...['sec-fetch-site', 'same-origin', 'sec-fetch-mode', 'navigate', 'sec-fetch-dest', 'document'],
  ...['accept-encoding', 'gzip, deflate, br, zstd', 'accept-language', 'en-GB,en;q=0.9,de;q=0.8'],
  ...['priority', 'u=0, i'],
];

const response = (n: number) => [
  ...[':status', '200', 'content-type', 'text/html; charset=utf-8', 'content-length', String(1000 + n)],
  ...['vary', 'Accept-Encoding', 'x-frame-options', 'DENY', 'x-content-type-options', 'nosniff'],
  ...['date', 'Sat, 01 Mar 2025 10:00:00 GMT', 'server', 'kirin'],
];

const file = (n: number) => [
  ...[':status', '200', 'content-type', 'text/css', 'content-length', '12345', 'etag', `"67c2d0a0-${n}"`],
  ...[
    'last-modified',
    'Sat, 01 Mar 2025 09:00:00 GMT',
    'cache-control',
    'max-age=600',
    'accept-ranges',
    'bytes',
  ],
  ...['date', 'Sat, 01 Mar 2025 10:00:00 GMT', 'server', 'kirin'],
];

interface Scenario {
  readonly name: string;
  /** Each in turn. */
  readonly lists: readonly (readonly string[])[];
  /** Every block on a connection of its own. */
  readonly isFresh?: boolean;
}

const variants = (make: (n: number) => readonly string[]) => Array.from({ length: BATCH }, (_, n) => make(n));

const REQUESTS: readonly Scenario[] = [
  { name: 'h2load, 5 fields, the same block', lists: [h2load] },
  { name: 'h2load, 5 fields, new connection', lists: [h2load], isFresh: true },
  { name: 'browser, 15 fields, the same block', lists: [browser(1)] },
  { name: 'browser, 15 fields, another :path', lists: variants(browser) },
  { name: 'browser, 15 fields, new connection', lists: [browser(1)], isFresh: true },
];

const RESPONSES: readonly Scenario[] = [
  { name: 'page, 8 fields, the same', lists: [response(1)] },
  { name: 'page, 8 fields, another length', lists: variants(response) },
  { name: 'page, 8 fields, new connection', lists: [response(1)], isFresh: true },
  { name: 'file, 9 fields, another etag', lists: variants(file) },
];

/** As a client's encoder sends them when its table has what fits. */
function blocksOf({ lists, isFresh }: Scenario): {
  readonly primer: Buffer;
  readonly blocks: readonly Buffer[];
} {
  const encoder = new HpackEncoder();
  const encode = (fields: readonly string[]) => {
    const to = Buffer.alloc(maxEncodedBytes(fields));
    return to.subarray(0, encoder.encode(fields, to, 0));
  };
  const primer = encode(lists[0] as readonly string[]);
  return { primer, blocks: isFresh === true ? [primer] : lists.map(encode) };
}

function decodes(scenario: Scenario): () => void {
  const { primer, blocks } = blocksOf(scenario);
  const decode = (decoder: HpackDecoder, block: Buffer) => {
    const fields = decoder.decode(block, 0, block.length, MAX_LIST_BYTES);
    if (typeof fields === 'string') throw new Error(fields);
  };
  const primed = new HpackDecoder(TABLE_BYTES);
  decode(primed, primer);
  return () => {
    for (let count = 0; count < BATCH; count++) {
      const decoder = scenario.isFresh === true ? new HpackDecoder(TABLE_BYTES) : primed;
      decode(decoder, blocks[count % blocks.length] as Buffer);
    }
  };
}

function encodes({ lists, isFresh }: Scenario): () => void {
  const to = Buffer.alloc(4096);
  const used = new HpackEncoder();
  return () => {
    for (let count = 0; count < BATCH; count++) {
      const encoder = isFresh === true ? new HpackEncoder() : used;
      encoder.encode(lists[count % lists.length] as readonly string[], to, 0);
    }
  };
}

/** Nanoseconds each: the best of several rounds, which is the one least disturbed. */
function measure(batch: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    let count = 0;
    let elapsedNs = 0;
    const start = process.hrtime.bigint();
    while (elapsedNs < ROUND_MS * 1e6) {
      batch();
      count += BATCH;
      elapsedNs = Number(process.hrtime.bigint() - start);
    }
    best = Math.min(best, elapsedNs / count);
  }
  return best;
}

function report(what: string, name: string, batch: () => void): void {
  console.log(`${what} ${name.padEnd(36)} ${measure(batch).toFixed(0).padStart(6)} ns`);
}

for (const scenario of REQUESTS) report('decode', scenario.name, decodes(scenario));
for (const scenario of RESPONSES) report('encode', scenario.name, encodes(scenario));

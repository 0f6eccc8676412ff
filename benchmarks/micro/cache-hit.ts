// How long the cache of a route takes to answer from memory, without the connection: `node .build/benchmarks/micro/cache-hit.js`.

import { CacheHandler } from '../../src/handlers/cache/cache-handler.ts';
import { MemoryStore } from '../../src/handlers/cache/memory-store.ts';
import { SharedCache } from '../../src/handlers/cache/shared-cache.ts';
import type { Exchange } from '../../src/handlers/exchange.ts';
import { RESPONSE_FLAG } from '../../src/protocol/lane/frames.ts';
import type { CacheUse } from '../../src/protocol/supervision/cache.ts';
import { FakeExchange, get } from '../../tests/unit/handlers/fake-exchange.ts';

const USE: CacheUse = {
  cache: 'pages',
  key: null,
  valid: [],
  maxEntryBytes: null,
  staleWhileRevalidate: 0,
  staleIfError: 0,
  bypass: [],
  noStore: [],
  lock: true,
  lockTimeoutMs: 5000,
  minUses: 1,
  obeysClients: true,
  ignored: [],
  purge: [],
  tells: true,
};
const REQUESTS = 1_000_000;

class SilentExchange extends FakeExchange {
  override respond(): void {}
}

const limits = { maxBytes: 1 << 26, maxEntries: 20_000, maxVariants: 16, inactiveMs: 600_000 };
const cache = new SharedCache(new MemoryStore(limits));
const body = 'x'.repeat(4096);
const made = `200 OK\r\nContent-Type: text/html\r\nCache-Control: max-age=600\r\nContent-Length: ${body.length}\r\n`;
const origin = { handle: (exchange: Exchange) => exchange.respond(made, RESPONSE_FLAG.length, body) };
const handler = new CacheHandler(USE, cache, origin, 'a route');
const exchange = new SilentExchange(
  get(
    '/articles/1?page=2',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'Accept-Language: en-US,en;q=0.5',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Cookie: a=b',
  ),
);

for (let round = 0; round < 3; round += 1) {
  const begunMs = performance.now();
  for (let request = 0; request < REQUESTS; request += 1) handler.handle(exchange);
  const us = ((performance.now() - begunMs) * 1000) / REQUESTS;
  console.log(`${us.toFixed(3)} µs for a hit`);
}
cache.store.close();

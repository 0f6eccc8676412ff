import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CompressFilter } from '../../../src/handlers/compress/filter.ts';
import { readyBodies } from '../../../src/handlers/compress/ready-bodies.ts';
import { CompressionRules } from '../../../src/handlers/compress/rules.ts';
import type { Exchange } from '../../../src/handlers/exchange.ts';
import { ExchangeFilter } from '../../../src/handlers/exchange-filter.ts';
import { HeadFilter } from '../../../src/handlers/head-filter.ts';
import { TakeoverFilter } from '../../../src/handlers/takeover-filter.ts';
import { FakeExchange, get } from './fake-exchange.ts';

const rules = new CompressionRules({
  encodings: ['gzip'],
  types: ['text/*'],
  minBytes: 10,
  levels: { zstd: 3, br: 4, gzip: 5 },
});

class Plain extends ExchangeFilter {}

class OfHeads extends HeadFilter {
  protected override edit(): void {}
}

class Takeover extends TakeoverFilter {
  protected override insteadOf(): null {
    return null;
  }
}

describe('a layer between a compressed response and whoever makes it', () => {
  for (const Layer of [Plain, OfHeads, Takeover]) {
    it(`tells what the body belongs to, which is compressed once: ${Layer.name}`, (t) => {
      const source = {};
      const respond = (): string => {
        const client = new FakeExchange(get('/', 'Accept-Encoding: gzip'));
        const exchange: Exchange = new Layer(new CompressFilter(client, rules));
        exchange.respond('200 OK\r\nContent-Type: text/plain\r\n', 0, 'text, '.repeat(1000), source);
        return client.events.join();
      };
      const keep = t.mock.method(readyBodies, 'keep');
      const first = respond();
      assert.match(first, /Content-Encoding: gzip/);
      assert.equal(respond(), first);
      assert.equal(keep.mock.callCount(), 1);
    });
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_OPTIONS } from '../../../../src/config/sites/options.ts';
import type { Exchange } from '../../../../src/handlers/exchange.ts';
import { connectionLimit } from '../../../../src/handlers/limits/connection-limit.ts';
import { LimitZones } from '../../../../src/handlers/limits/limit-zones.ts';
import { rateLimit } from '../../../../src/handlers/limits/rate-limit.ts';
import type { ConnectionLimitSpec, RateLimitSpec } from '../../../../src/protocol/supervision/guards.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { FakeExchange, get } from '../fake-exchange.ts';

const RATE: RateLimitSpec = {
  perSecond: 0.001,
  key: '$http_x_key',
  burst: 1,
  undelayed: null,
  status: 429,
  zone: 'a',
  keys: 100,
};
const CONNECTIONS: ConnectionLimitSpec = { limit: 2, key: '$http_x_key', status: 503, zone: 'a' };

const ask = (key: string) => new FakeExchange(get('/', `X-Key: ${key}`));

function limited(rates: readonly RateLimitSpec[], zones = new LimitZones(() => {})) {
  const reached: Exchange[] = [];
  const handler = rateLimit(
    { ...NO_OPTIONS, rateLimits: rates },
    { handle: (exchange) => reached.push(exchange) },
    { limits: zones },
  );
  return { handler, reached };
}

describe('a rate limit', () => {
  it('answers what is too much with its status and when to come again, and says so', () => {
    const lines: string[] = [];
    const zones = new LimitZones((line) => lines.push(line));
    const { handler, reached } = limited([RATE], zones);
    const asked = [ask('k'), ask('k'), ask('k'), ask('other'), ask('')];
    for (const exchange of asked) handler.handle(exchange);
    assert.deepEqual(reached, [asked[0], asked[1], asked[3], asked[4]]);
    assert.deepEqual(asked[2]?.events, ['refuse 429 Retry-After: 1000']);
    assert.match(lines.join(), /Too many requests of k: answered GET \/ \(from 192\.0\.2\.7\) with 429/);
  });

  it('does not count for one limit what another refuses', () => {
    const strict = { ...RATE, burst: 0, zone: 'strict', key: 'all' };
    const { handler, reached } = limited([RATE, strict]);
    for (const key of ['a', 'b', 'b', 'b']) handler.handle(ask(key));
    assert.equal(reached.length, 1);
    const own = limited([RATE]);
    own.handler.handle(ask('b'));
    assert.equal(own.reached.length, 1);
  });

  it('holds up what comes too early, and drops it when its client leaves', async () => {
    const { handler, reached } = limited([{ ...RATE, perSecond: 50, undelayed: 0, burst: 2 }]);
    const [first, second, third] = [ask('k'), ask('k'), ask('k')];
    for (const exchange of [first, second, third]) handler.handle(exchange);
    assert.deepEqual(reached, [first]);
    assert.equal(second.producer?.isWaiting, true);
    second.producer?.cancel();
    await waitFor(() => reached.length === 2, { what: 'the one that waits' });
    assert.deepEqual(reached, [first, third]);
  });

  it('goes on counting after a reload that leaves it as it is', () => {
    const zones = new LimitZones(() => {});
    for (let reload = 0; reload < 3; reload += 1) {
      zones.reset();
      const { handler, reached } = limited([RATE], zones);
      handler.handle(ask('k'));
      assert.equal(reached.length, reload < 2 ? 1 : 0);
    }
    zones.reset();
    const { handler, reached } = limited([{ ...RATE, perSecond: 2 }], zones);
    handler.handle(ask('k'));
    assert.equal(reached.length, 1);
  });
});

describe('a limit of connections', () => {
  it('lets in no more at once, and others when one is over', () => {
    const zones = new LimitZones(() => {});
    const reached: Exchange[] = [];
    const handler = connectionLimit(
      { ...NO_OPTIONS, connectionLimits: [CONNECTIONS] },
      { handle: (exchange) => reached.push(exchange) },
      { limits: zones },
    );
    const asked = [ask('k'), ask('k'), ask('k'), ask('other')];
    for (const exchange of asked) handler.handle(exchange);
    assert.deepEqual(reached, [asked[0], asked[1], asked[3]]);
    assert.deepEqual(asked[2]?.events, ['refuse 503 Retry-After: 1']);
    asked[0]?.finish();
    handler.handle(ask('k'));
    assert.equal(reached.length, 4);
    for (const exchange of asked) exchange.finish();
    for (const exchange of reached) (exchange as FakeExchange).finish();
    assert.equal(zones.counters(CONNECTIONS).size, 0);
  });
});

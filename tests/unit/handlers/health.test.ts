import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HealthHandler } from '../../../src/handlers/health.ts';
import { FakeExchange, get } from './fake-exchange.ts';

function ask(path: string, whyNotReady: string | null = null): string {
  const exchange = new FakeExchange(get(path));
  new HealthHandler(
    '/healthz',
    () => whyNotReady,
    () => '{}\n',
  ).handle(exchange);
  assert.equal(exchange.events.length, 1);
  return (exchange.events[0] ?? '').replace(/\r\nContent-Type[^|]*/, ' ').trim();
}

describe('the health pages', () => {
  it('say that the edge lives, whatever its workers do', () => {
    assert.equal(ask('/healthz/live'), 'respond 200 OK | live');
    assert.equal(ask('/healthz/live', 'stopping'), 'respond 200 OK | live');
  });

  it('say whether it should be given traffic, and if not why', () => {
    for (const path of ['/healthz/ready', '/healthz']) {
      assert.equal(ask(path), 'respond 200 OK | ready');
      assert.equal(ask(path, 'no worker is ready'), 'respond 503 Service Unavailable | no worker is ready');
    }
  });

  it('have the numbers of the running server, as JSON', () => {
    assert.equal(ask('/healthz/metrics', 'stopping'), 'respond 200 OK | {}');
    const exchange = new FakeExchange(get('/healthz/metrics'));
    const never = () => assert.fail('nobody asked');
    new HealthHandler('/healthz', never, () => '{}\n').handle(exchange);
    assert.match(exchange.events[0] ?? '', /\r\nContent-Type: application\/json\r\n/);
  });

  it('are no others', () => {
    assert.equal(ask('/healthz/other'), 'refuse 404');
    assert.equal(ask('/healthz/'), 'refuse 404');
  });

  it('are not kept by caches, and have their length', () => {
    const exchange = new FakeExchange(get('/healthz/live'));
    const never = () => assert.fail('nobody asked');
    new HealthHandler('/healthz', never, never).handle(exchange);
    assert.match(exchange.events[0] ?? '', /Cache-Control: no-store\r\nContent-Length: 5 \| live\n$/);
  });
});

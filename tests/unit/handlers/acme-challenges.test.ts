import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { challengeRule } from '../../../src/handlers/acme-challenges.ts';
import { Router } from '../../../src/handlers/router.ts';
import { FakeExchange, get, headOf } from './fake-exchange.ts';

const TLS_CHALLENGE = { type: 'tls-alpn-01', host: 'shop.test', certificate: '', key: '' } as const;
const rule = challengeRule([{ type: 'http-01', token: 'abc', keyAuthorization: 'abc.key' }, TLS_CHALLENGE]);

describe('a challenge by HTTP', () => {
  it('is answered with what the authority expects, before every other rule', () => {
    assert.ok(rule);
    const everything = { matches: () => true, handler: { handle: () => assert.fail() } };
    const exchange = new FakeExchange(get('/.well-known/acme-challenge/abc'));
    new Router([everything], everything.handler).behind(rule).route(exchange.head).handle(exchange);
    assert.equal(exchange.events.length, 1);
    assert.match(exchange.events[0] ?? '', /^respond 200 OK\r\n(?:.*\r\n)*Content-Length: 7 \| abc\.key$/);
  });

  it('that is not ours is somebody else’s, as is everything but to read it', () => {
    const other = headOf(
      'POST /.well-known/acme-challenge/abc HTTP/1.1',
      'Host: shop.test',
      'Content-Length: 0',
    );
    for (const head of [
      get('/.well-known/acme-challenge/x'),
      get('/.well-known/acme-challenge/'),
      get('/abc'),
      other,
    ])
      assert.equal(rule?.matches(head), false);
  });

  it('costs nothing where there is none', () => {
    assert.equal(challengeRule([]), null);
    assert.equal(challengeRule([TLS_CHALLENGE]), null);
  });
});

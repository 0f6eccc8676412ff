import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cacheKey, relatedKey } from '../../../../src/handlers/cache/cache-key.ts';
import { requestFacts } from '../../../../src/handlers/cache/request-facts.ts';
import { FakeExchange, get, headOf, PEER, TRUSTED_RULES } from '../fake-exchange.ts';

const exchangeOf = (target: string, host = 'Shop.Example', ...fields: readonly string[]) =>
  new FakeExchange(headOf(`GET ${target} HTTP/1.1`, `Host: ${host}`, ...fields));

describe('the key of a response', () => {
  it('is its URI, as it was written but for the case of the host', () => {
    const key = cacheKey(null);
    assert.equal(key(exchangeOf('/A?b=C&')), 'http://shop.example/A?b=C&');
    assert.equal(key(exchangeOf('/a?')), 'http://shop.example/a?');
    assert.equal(key(exchangeOf('/%61')), 'http://shop.example/%61');
    assert.equal(key(exchangeOf('http://Other.Example/a?b')), 'http://other.example/a?b');
    const secured = new FakeExchange(get('/', 'X-Forwarded-Proto: https'), { ...PEER, rules: TRUSTED_RULES });
    assert.equal(key(secured), 'https://example.com/');
    assert.equal(key(exchangeOf('/', 'a', 'X-Forwarded-Proto: https')), 'http://a/');
  });

  it('is that of the listener, where the client names no host, and of nobody who names one', () => {
    const [key, head] = [cacheKey(null), headOf('GET /a HTTP/1.0')];
    const exchange = new FakeExchange(head);
    assert.equal(key(exchange), 'http://@127.0.0.1:8000/a');
    assert.equal(key(new FakeExchange(head, { ...PEER, serverPort: '81' })), 'http://@127.0.0.1:81/a');
    assert.equal(relatedKey(exchange, 'b?c'), 'http://@127.0.0.1:8000/b?c');
    assert.throws(() => headOf('GET /a HTTP/1.1', 'Host: @127.0.0.1:8000'));
    const local = new FakeExchange(head, { ...PEER, serverName: '', serverPort: '' });
    assert.deepEqual([key(local), relatedKey(local, '/b')], ['http://@:/a', null]);
  });

  it('of what a response names is one of the same origin', () => {
    const exchange = exchangeOf('/a/b?c');
    assert.equal(relatedKey(exchange, '/d'), 'http://shop.example/d');
    assert.equal(relatedKey(exchange, 'd?e'), 'http://shop.example/a/d?e');
    assert.equal(relatedKey(exchange, 'http://SHOP.example/d'), 'http://shop.example/d');
    for (const other of [
      'http://evil.example/d',
      'https://shop.example/d',
      'http://shop.example:81/',
      'http://[',
    ]) {
      assert.equal(relatedKey(exchange, other), null, other);
    }
  });
});

describe('what a cache reads of a request', () => {
  it('are its directives, conditions, and the fields that nobody speaks of', () => {
    const plain = requestFacts(new FakeExchange(get('/', 'Accept: a')), true, '');
    assert.deepEqual([plain.directives.size, plain.isConditional, plain.unspoken], [0, false, '']);
    const full = requestFacts(
      new FakeExchange(
        get('/', 'Cache-Control: no-cache', 'If-None-Match: "a"', 'X-Forwarded-Host: b', 'Forwarded: host=c'),
      ),
      true,
      '',
    );
    assert.deepEqual(
      [full.directives.has('no-cache'), full.isConditional, full.unspoken],
      [true, true, 'x-forwarded-host: b\nforwarded: host=c\n'],
    );
  });

  it('are names of fields in Connection, which an upstream does not get', () => {
    const unspoken = (...fields: readonly string[]) =>
      requestFacts(new FakeExchange(get('/', ...fields)), true, '').unspoken;
    assert.equal(unspoken('Connection: keep-alive, TE,, Upgrade'), '');
    assert.equal(unspoken('Connection: close, X-Api-Key'), 'connection: close, X-Api-Key\n');
  });

  it('is no Forwarded of a trusted proxy, which names each client, nor what is not to be heeded', () => {
    const exchange = new FakeExchange(get('/', 'Forwarded: for=1.2.3.4', 'Cache-Control: no-cache'), {
      ...PEER,
      rules: TRUSTED_RULES,
    });
    const facts = requestFacts(exchange, false, '');
    assert.deepEqual([facts.unspoken, facts.directives.size], ['', 0]);
  });

  it('are values of fields, several lines as one list', () => {
    const facts = requestFacts(new FakeExchange(get('/', 'Accept: a', 'X: y', 'accept: b')), true, '');
    assert.deepEqual([facts.valueOf('accept'), facts.valueOf('x'), facts.valueOf('z')], ['a, b', 'y', '']);
  });
});

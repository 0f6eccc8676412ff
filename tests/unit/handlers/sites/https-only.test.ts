import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Handler, Peer } from '../../../../src/handlers/exchange.ts';
import { hsts } from '../../../../src/handlers/sites/hsts.ts';
import { httpsOnly } from '../../../../src/handlers/sites/https-only.ts';
import { FakeExchange, get, headOf, PEER, TRUSTED_RULES } from '../fake-exchange.ts';

const SECURED: Peer = { ...PEER, tls: new Map() };
const PROXY: Peer = { ...PEER, rules: TRUSTED_RULES };
const answer: Handler = { handle: (exchange) => exchange.respond('200 OK\r\n', 0, 'hello') };

function events(handler: Handler, head = get('/a%20b?c=d'), peer = PEER): readonly string[] {
  const exchange = new FakeExchange(head, peer);
  handler.handle(exchange);
  return exchange.events;
}

describe('a route for HTTPS only', () => {
  const layer = (port: number | null, httpsPort: number | null) =>
    httpsOnly({ httpsOnly: { port } }, answer, { httpsPort });
  const sentTo = (location: string) => [
    `respond 308 Permanent Redirect\r\nLocation: ${location}\r\nContent-Length: 0 | `,
  ];

  it('sends plain requests there, with what they ask for', () => {
    assert.deepEqual(events(layer(null, null)), sentTo('https://example.com/a%20b?c=d'));
  });

  it('names the port where it is not the usual one', () => {
    assert.deepEqual(events(layer(null, 8443)), sentTo('https://example.com:8443/a%20b?c=d'));
    assert.deepEqual(events(layer(443, 8443)), sentTo('https://example.com/a%20b?c=d'));
    assert.deepEqual(events(layer(9443, 8443)), sentTo('https://example.com:9443/a%20b?c=d'));
    const head = headOf('GET / HTTP/1.1', 'Host: Example.com:8080');
    assert.deepEqual(events(layer(null, 8443), head), sentTo('https://example.com:8443/'));
  });

  it('goes to the root with what has no path', () => {
    const head = headOf('OPTIONS * HTTP/1.1', 'Host: a');
    assert.deepEqual(events(layer(null, null), head), sentTo('https://a/'));
  });

  it('lets encrypted requests through, also those that a trusted proxy says are', () => {
    assert.deepEqual(events(layer(null, null), get('/'), SECURED), ['respond 200 OK | hello']);
    const forwarded = get('/', 'X-Forwarded-Proto: https');
    assert.deepEqual(events(layer(null, null), forwarded, PROXY), ['respond 200 OK | hello']);
    assert.deepEqual(events(layer(null, null), forwarded), sentTo('https://example.com/'));
    const plain = get('/', 'X-Forwarded-Proto: http');
    assert.deepEqual(events(layer(null, null), plain, PROXY), sentTo('https://example.com/'));
  });

  it('is no layer where it is not asked for', () => {
    assert.equal(httpsOnly({ httpsOnly: null }, answer, { httpsPort: null }), answer);
  });
});

describe('Strict-Transport-Security', () => {
  const LINE = 'Strict-Transport-Security: max-age=60';
  const around = (next: Handler) => hsts({ hsts: 'max-age=60' }, next);

  it('is in every response over HTTPS, and in none over HTTP', () => {
    assert.deepEqual(events(around(answer), get('/'), SECURED), [`respond 200 OK\r\n${LINE} | hello`]);
    assert.deepEqual(events(around(answer), get('/')), ['respond 200 OK | hello']);
    const refusal: Handler = { handle: (exchange) => exchange.refuse(404, 'Gone', 'A: b\r\n') };
    assert.deepEqual(events(around(refusal), get('/'), SECURED), [`refuse 404 Gone A: b\r\n${LINE}`]);
    const stream: Handler = {
      handle: (exchange) => {
        exchange.begin('200 OK\r\n', 0, Buffer.alloc(1), false);
        exchange.write(Buffer.alloc(2), true);
      },
    };
    assert.deepEqual(events(around(stream), get('/'), SECURED), [
      `begin 200 OK\r\n${LINE} | 1 bytes`,
      'write 2 bytes, the last',
    ]);
    const file: Handler = {
      handle: (exchange) => exchange.respondFile('200 OK\r\n', 0, { file: '/a', segments: [], length: 0 }),
    };
    assert.deepEqual(events(around(file), get('/'), SECURED), [`file 200 OK\r\n${LINE} | /a `]);
  });

  it('is the application’s, where that says it', () => {
    const own = '200 OK\r\nstrict-transport-security: max-age=1\r\n';
    const handler: Handler = { handle: (exchange) => exchange.respond(own, 0, '') };
    assert.deepEqual(events(around(handler), get('/'), SECURED), [`respond ${own.trim()} | `]);
  });

  it('is no layer where it is not asked for', () => {
    assert.equal(hsts({ hsts: null }, answer), answer);
  });
});

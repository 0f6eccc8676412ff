import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Peer } from '../../../../src/handlers/exchange.ts';
import { hasForbiddenField, RequestWriter } from '../../../../src/handlers/proxy/request-text.ts';
import { FakeExchange, get, headOf, PEER, parserOf, TRUSTED_RULES } from '../fake-exchange.ts';
import { proxySpec } from './proxy-spec.ts';

const ANY = { kind: 'any' } as const;
const DEFAULTS = [
  'Host: example.com',
  'X-Forwarded-For: 192.0.2.7',
  'X-Forwarded-Host: example.com',
  'X-Forwarded-Proto: http',
];
const TRUSTED: Peer = { ...PEER, rules: TRUSTED_RULES };

function lines(writer: RequestWriter, exchange: FakeExchange, upgrade = ''): string[] {
  const text = writer.write(exchange, 'none', upgrade);
  assert.ok(text.endsWith('\r\n\r\n'));
  return text.slice(0, -4).split('\r\n');
}

describe('the head of a proxied request', () => {
  const plain = new RequestWriter(proxySpec(), ANY);

  it('has the fields of the client, and who that is', () => {
    const exchange = new FakeExchange(get('/a?b', 'Accept: */*', 'x-CUSTOM: \x80', 'ETag: x'));
    assert.deepEqual(lines(plain, exchange), [
      'GET /a?b HTTP/1.1',
      ...DEFAULTS,
      'Accept: */*',
      'X-Custom: \x80',
      'ETag: x',
    ]);
  });

  it('says how long the body is', () => {
    const exchange = new FakeExchange(headOf('POST / HTTP/1.1', 'Host: example.com', 'Content-Length: 3'));
    assert.match(plain.write(exchange, 3, ''), /\r\nContent-Length: 3\r\n\r\n$/);
    assert.match(plain.write(exchange, 'chunked', ''), /\r\nTransfer-Encoding: chunked\r\n\r\n$/);
    assert.doesNotMatch(plain.write(exchange, 'none', ''), /Content-Length|Transfer-Encoding/);
  });

  it('says what to change to', () => {
    const exchange = new FakeExchange(get('/', 'Connection: Upgrade', 'Upgrade: websocket'));
    assert.deepEqual(lines(plain, exchange, 'websocket').slice(-2), [
      'Connection: Upgrade',
      'Upgrade: websocket',
    ]);
    assert.deepEqual(lines(plain, exchange), ['GET / HTTP/1.1', ...DEFAULTS]);
  });

  it('leaves out what is about one connection, and what that names', () => {
    const fields = [
      'Connection: X-A, , close',
      'Connection: Keep-Alive, Host, x-forwarded-for',
      'X-A: 1',
      'TE: trailers',
    ];
    const exchange = new FakeExchange(get('/', ...fields, 'Trailer: a', 'Proxy-Connection: b', 'X-B: 2'));
    assert.deepEqual(lines(plain, exchange), ['GET / HTTP/1.1', ...DEFAULTS, 'X-B: 2']);
  });

  it('asks for the path of an absolute target', () => {
    const exchange = new FakeExchange(headOf('GET http://example.com?x HTTP/1.1', 'Host: other'));
    assert.deepEqual(lines(plain, exchange).slice(0, 2), ['GET /?x HTTP/1.1', 'Host: example.com']);
  });

  it('has a Host also for clients without one', () => {
    const exchange = new FakeExchange(headOf('GET / HTTP/1.0'));
    assert.equal(lines(plain, exchange)[1], 'Host: app:8000');
  });

  it('believes a trusted proxy about host and scheme', () => {
    const fields = ['X-Forwarded-For: 198.51.100.1', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: outer'];
    assert.deepEqual(lines(plain, new FakeExchange(get('/', ...fields), TRUSTED)).slice(2), [
      'X-Forwarded-For: 198.51.100.1, 192.0.2.7',
      'X-Forwarded-Host: outer',
      'X-Forwarded-Proto: https',
    ]);
    assert.deepEqual(lines(plain, new FakeExchange(get('/', ...fields))).slice(2), [
      'X-Forwarded-For: 198.51.100.1, 192.0.2.7',
      'X-Forwarded-Host: example.com',
      'X-Forwarded-Proto: http',
    ]);
  });

  it('sets fields in place of the client’s, and leaves out what is empty', () => {
    const writer = new RequestWriter(
      proxySpec({
        setHeaders: [
          ['host', 'fixed'],
          ['X-Path', '$path'],
          ['X-Forwarded-For', ''],
          ['X-Agent', '$http_user_agent'],
        ],
        removeHeaders: ['x-forwarded-host', 'cookie'],
      }),
      ANY,
    );
    const exchange = new FakeExchange(get('/a', 'X-Path: forged', 'Cookie: a', 'X-Forwarded-Host: forged'));
    assert.deepEqual(lines(writer, exchange), [
      'GET /a HTTP/1.1',
      'X-Forwarded-Proto: http',
      'host: fixed',
      'X-Path: /a',
    ]);
  });

  it('is made anew where fields are the same and the target is not', () => {
    const writer = new RequestWriter(proxySpec({ setHeaders: [['X-Path', '$path']] }), ANY);
    const parser = parserOf('GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n');
    for (const path of ['/a', '/b']) {
      const event = parser.next();
      assert.ok(event?.type === 'head');
      const text = lines(writer, new FakeExchange(event.head));
      assert.equal(text[0], `GET ${path} HTTP/1.1`);
      assert.ok(text.includes(`X-Path: ${path}`));
    }
  });

  it('is another for another route, and for another client, with the same fields', () => {
    const head = get('/', 'Accept: */*');
    const other = new RequestWriter(proxySpec({ setHeaders: [['X-A', 'b']] }), ANY);
    assert.ok(!lines(plain, new FakeExchange(head)).includes('X-A: b'));
    assert.ok(lines(other, new FakeExchange(head)).includes('X-A: b'));
    const elsewhere = { ...PEER, remoteAddress: '192.0.2.8' };
    assert.ok(lines(plain, new FakeExchange(head, elsewhere)).includes('X-Forwarded-For: 192.0.2.8'));
  });

  it('has no field whose name could pass for another', () => {
    const exchange = new FakeExchange(get('/', 'X_Real_IP: 1', 'REMOTE_USER: root'));
    assert.deepEqual(lines(plain, exchange), ['GET / HTTP/1.1', ...DEFAULTS]);
    const trusted = lines(plain, new FakeExchange(get('/', 'X_Real_IP: 1', 'REMOTE_USER: root'), TRUSTED));
    assert.ok(trusted.some((line) => line.toLowerCase() === 'remote_user: root'));
  });

  it('is not made where such names are to be refused', () => {
    const refusing = { ...PEER, rules: { ...PEER.rules, headerMap: 'refuse' as const } };
    assert.equal(hasForbiddenField(new FakeExchange(get('/', 'X_A: 1'), refusing)), true);
    assert.equal(hasForbiddenField(new FakeExchange(get('/', 'X-A: 1'), refusing)), false);
    assert.equal(hasForbiddenField(new FakeExchange(get('/', 'X_A: 1'))), false);
  });
});

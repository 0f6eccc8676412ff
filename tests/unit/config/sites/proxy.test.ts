import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { readToml } from '../../../../src/config/toml/toml-document.ts';
import { tomlSettings } from '../../../../src/config/toml/toml-settings.ts';
import type { ProxySpec } from '../../../../src/protocol/supervision/proxy.ts';
import { CertificateFolder, opensslIsMissing } from '../../../support/certificates.ts';

function read(route: string) {
  const document = readToml(`[[sites]]\n[[sites.routes]]\n${route}`);
  assert.ok(!('fault' in document), JSON.stringify(document));
  const { front, problems } = tomlSettings('kirin.toml', '/srv', document);
  const action = front.sites[0]?.routes[0]?.action;
  return { spec: action?.do === 'proxy' ? action : null, problems };
}

function specOf(route: string): ProxySpec {
  const { spec, problems } = read(route);
  assert.deepEqual(problems, []);
  assert.ok(spec);
  return spec;
}

function problemOf(route: string): string {
  const { problems } = read(route);
  assert.equal(problems.length, 1, JSON.stringify(problems));
  return problems[0]?.message ?? '';
}

describe('proxy in a kirin.toml', () => {
  const tcp = (host: string, port: number) => ({ kind: 'tcp', host, port });
  const TARGETS = [
    ['http://127.0.0.1:8000', 'http', '127.0.0.1:8000', tcp('127.0.0.1', 8000), null],
    ['http://app', 'http', 'app', tcp('app', 80), null],
    ['https://app', 'https', 'app', tcp('app', 443), null],
    ['https://[::1]:8443/', 'https', '[::1]:8443', tcp('::1', 8443), '/'],
    ['http://app/a%20b', 'http', 'app', tcp('app', 80), '/a%20b'],
    ['http://app/$1?$args', 'http', 'app', tcp('app', 80), '/$1?$args'],
    ['http://unix:/run/a.sock', 'http', 'unix:/run/a.sock', { kind: 'unix', path: '/run/a.sock' }, null],
    ['http://unix:a.sock:/b', 'http', 'unix:/srv/a.sock', { kind: 'unix', path: '/srv/a.sock' }, '/b'],
  ] as const;
  for (const [url, scheme, host, address, path] of TARGETS) {
    it(`may be ${url}`, () => {
      const spec = specOf(`proxy = "${url}"`);
      assert.deepEqual([spec.scheme, spec.host, spec.address, spec.path], [scheme, host, address, path]);
      assert.equal(spec.tls !== null, scheme === 'https');
    });
  }

  const WRONG_TARGETS = [
    ['app:8000', /not a URL such as http/],
    ['ftp://app', /not a URL/],
    ['http://', /names no server/],
    ['http://$host', /the server has no variables/],
    ['http://app:99999', /no port/],
    ['http://app/a b', /percent-encoded/],
    ['http://app/a#b', /no fragment/],
    ['http://app/a?b=c', /the query is the request/],
    ['http://app/$nothing', /there is no \$nothing/],
  ] as const;
  for (const [url, message] of WRONG_TARGETS) {
    it(`may not be ${url}`, () => assert.match(problemOf(`proxy = "${url}"`), message));
  }

  it('has all that may be said as a table', () => {
    const spec = specOf(`
[sites.routes.proxy]
to = "http://app"
set_headers = { X-A = "$host", X-B = "" }
remove_headers = "Cookie"
hide_headers = ["X-Powered-By", "Server"]
redirects = { "http://a/" = "/", "~^http://(.*)$" = "/$1" }
buffering = false
request_buffering = false
upgrade = false
connect_timeout = "500ms"
first_byte_timeout = 5
silence_timeout = "2m"
max_head = "8k"
retry = { on = ["error", 503], tries = 2, within = "10s", unsafe = true }
`);
    assert.deepEqual(spec.setHeaders, [
      ['X-A', '$host'],
      ['X-B', ''],
    ]);
    assert.deepEqual(spec.removeHeaders, ['cookie']);
    assert.deepEqual(spec.hideHeaders, ['x-powered-by', 'server']);
    assert.deepEqual(spec.redirects, [
      ['http://a/', '/'],
      ['~^http://(.*)$', '/$1'],
    ]);
    assert.deepEqual([spec.buffering, spec.requestBuffering, spec.upgrade], [false, false, false]);
    assert.deepEqual(
      [spec.connectTimeoutMs, spec.firstByteTimeoutMs, spec.silenceTimeoutMs, spec.maxHeadBytes],
      [500, 5000, 120_000, 8192],
    );
    assert.deepEqual(spec.retry, { on: ['error', 503], tries: 2, withinMs: 10_000, unsafe: true });
  });

  it('has defaults', () => {
    const spec = specOf(`
[sites.routes.proxy]
to = "http://app"
set_headers = { X-A = "$host", X-B = "" }
remove_headers = "Cookie"
hide_headers = ["X-Powered-By", "Server"]
redirects = { "http://a/" = "/", "~^http://(.*)$" = "/$1" }
buffering = false
request_buffering = false
upgrade = false
connect_timeout = "500ms"
first_byte_timeout = 5
silence_timeout = "2m"
max_head = "8k"
retry = { on = ["error", 503], tries = 2, within = "10s", unsafe = true }
`);
    assert.deepEqual(spec.setHeaders, [
      ['X-A', '$host'],
      ['X-B', ''],
    ]);
    assert.deepEqual(spec.removeHeaders, ['cookie']);
    assert.deepEqual(spec.hideHeaders, ['x-powered-by', 'server']);
    assert.deepEqual(spec.redirects, [
      ['http://a/', '/'],
      ['~^http://(.*)$', '/$1'],
    ]);
    assert.deepEqual([spec.buffering, spec.requestBuffering, spec.upgrade], [false, false, false]);
    assert.deepEqual(
      [spec.connectTimeoutMs, spec.firstByteTimeoutMs, spec.silenceTimeoutMs, spec.maxHeadBytes],
      [500, 5000, 120_000, 8192],
    );
    assert.deepEqual(spec.retry, { on: ['error', 503], tries: 2, withinMs: 10_000, unsafe: true });
  });

  it('has defaults', () => {
    const spec = specOf('proxy = { to = "http://app" }');
    assert.deepEqual(spec, specOf('proxy = "http://app"'));
    assert.deepEqual(spec.retry, { on: ['error', 'timeout'], tries: 0, withinMs: 0, unsafe: false });
    assert.deepEqual(
      [spec.connectTimeoutMs, spec.firstByteTimeoutMs, spec.silenceTimeoutMs, spec.maxHeadBytes],
      [5000, 60_000, 60_000, 65_536],
    );
    assert.deepEqual([spec.buffering, spec.requestBuffering, spec.upgrade], [true, true, true]);
    assert.equal(spec.redirects, 'own');
  });

  it('may be told not to do what it does', () => {
    const spec = specOf('proxy = { to = "http://app", redirects = false, retry = false }');
    assert.deepEqual([spec.redirects, spec.retry.on], ['off', []]);
    assert.equal(specOf('proxy = { to = "http://app", redirects = true }').redirects, 'own');
  });

  const WRONG = [
    ['proxy = { buffering = false }', /:3:\d+: proxy says nowhere to/],
    ['proxy = { to = "http://app", sethead = 1 }', /sethead is nothing that proxy has/],
    ['proxy = { to = "http://app", set_headers = { "X A" = "b" } }', /'X A' is no name of a field/],
    ['proxy = { to = "http://app", set_headers = { Connection = "b" } }', /about one connection/],
    ['proxy = { to = "http://app", set_headers = { X = "$nope" } }', /there is no \$nope/],
    ['proxy = { to = "http://app", set_headers = { X = "a\\r\\nb" } }', /control character/],
    ['proxy = { to = "http://app", redirects = { "~(" = "/" } }', /regular expression|Unterminated/],
    ['proxy = { to = "http://app", connect_timeout = 0 }', /not a time such as/],
    ['proxy = { to = "http://app", max_head = "1023" }', /not a number of bytes|from "1k"/],
    ['proxy = { to = "http://app", max_head = 1048577 }', /not from "1k" to "1m"/],
    ['proxy = { to = "http://app", retry = { on = ["fire"] } }', /not among "error", "timeout"/],
    ['proxy = { to = "http://app", retry = { on = [200] } }', /not among/],
    ['proxy = { to = "http://app", tls = { verify = false } }', /spoken to by https/],
    ['proxy = { to = "https://app", tls = { ca = "/nowhere.pem" } }', /cannot be read/],
    ['proxy = { to = "https://app", tls = { ca = "/dev/null" } }', /holds no certificate/],
    ['proxy = "http://app"\nredirect = "/"', /does one thing/],
  ] as const;
  for (const [route, message] of WRONG) {
    it(`says what is wrong with ${route}`, () => assert.match(problemOf(route), message));
  }

  it('says which files of tls no connection could be made with', { skip: opensslIsMissing }, () => {
    const folder = new CertificateFolder();
    try {
      const one = folder.certificate('one');
      const other = folder.certificate('other');
      const encrypted = folder.file('encrypted.key');
      folder.openssl('pkey', '-in', one.key, '-out', encrypted, '-aes256', '-passout', 'pass:secret');
      const chain = folder.file('chain.pem');
      const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
      writeFileSync(chain, readFileSync(one.cert, 'utf8') + broken);
      const withFiles = (certificate: string, key: string) =>
        `proxy = { to = "https://app", tls = { certificate = "${certificate}", key = "${key}" } }`;
      specOf(withFiles(one.cert, one.key));
      assert.match(problemOf(withFiles(one.cert, other.key)), /:3:\d+: the key does not belong to the cert/);
      assert.match(problemOf(withFiles(one.cert, encrypted)), /no key in PEM that is not encrypted/);
      assert.match(problemOf(withFiles(chain, one.key)), /its files cannot be used: /);
    } finally {
      folder.remove();
    }
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { migrated, said } from '../migrated.ts';

const linesOf = (source: string) => migrated(source).lines;
const answer = (body: string) => `respond = { status = 200, body = "${body}", type = "text/plain" }`;

describe("nginx's servers", () => {
  it('are one site for every host, where there is one', () => {
    assert.deepEqual(linesOf('server { listen 8080; server_name a.example; return 200 a; }'), [
      'bind = ["0.0.0.0:8080"]',
      '[[sites]]',
      '[[sites.routes]]',
      answer('a'),
    ]);
  });

  it('are sites of their hosts, and the first or the default one is that of all others', () => {
    const source =
      'server { server_name a.example; return 200 a; } server { listen 80 default_server; server_name b.example .c.example; return 200 b; }';
    assert.deepEqual(linesOf(source), [
      'bind = ["0.0.0.0:80"]',
      '[[sites]]',
      'hosts = ["a.example"]',
      '[[sites.routes]]',
      answer('a'),
      '[[sites]]',
      '[[sites.routes]]',
      answer('b'),
    ]);
  });

  it('keep a name that a wildcard of another would take', () => {
    const source =
      'server { server_name www.a.example; return 200 a; } server { server_name *.a.example; return 200 b; }';
    assert.deepEqual(
      linesOf(source).filter((line) => line.startsWith('hosts')),
      ['hosts = ["www.a.example"]', 'hosts = ["*.a.example"]'],
    );
  });

  it('of one host at two schemes are one site', () => {
    const source = `server { listen 80; server_name a.example; return 301 https://$host$request_uri; }
      server { listen 443 ssl; server_name a.example; ssl_certificate /a.pem; ssl_certificate_key /a.key; return 200 a; }`;
    assert.deepEqual(linesOf(source), [
      'bind = ["http://0.0.0.0:80", "https://0.0.0.0:443"]',
      'certfile = "/a.pem"',
      'keyfile = "/a.key"',
      '[[sites]]',
      '[[sites.routes]]',
      'scheme = "http"',
      'redirect = "https://$host$request_uri"',
      'status = 301',
      '[[sites.routes]]',
      answer('a'),
    ]);
  });

  it('ask clients for certificates, each for its hosts', () => {
    const tls = 'ssl_certificate /a.pem; ssl_certificate_key /a.key; return 204;';
    const lines = linesOf(`server { listen 443 ssl; ${tls} }
      server { listen 443 ssl; server_name a.example; ssl_client_certificate /ca.pem; ssl_verify_client on; ${tls} }`);
    assert.ok(
      lines.includes(
        'tls = { certificate = "/a.pem", key = "/a.key", client_ca = "/ca.pem", client_certificates = "required" }',
      ),
    );
    assert.ok(!lines.some((line) => line.startsWith('cert_reqs')));
    const alone = linesOf(
      `server { listen 443 ssl; ssl_client_certificate /ca.pem; ssl_verify_client optional; ${tls} }`,
    );
    assert.ok(alone.includes('ca_certs = "/ca.pem"') && alone.includes('cert_reqs = 1'));
  });

  it('of one host at two ports are one site', () => {
    const source = 'server { listen 80; return 200 a; } server { listen 8080; return 200 b; }';
    assert.deepEqual(linesOf(source).slice(1), [
      '[[sites]]',
      '[[sites.routes]]',
      'port = 80',
      answer('a'),
      '[[sites.routes]]',
      answer('b'),
    ]);
  });

  it('of which another has the same host on the same port are reported', () => {
    const source =
      'server { server_name a.example; return 200 a; } server { server_name a.example; return 200 b; }';
    const { lines, entries } = migrated(source);
    assert.ok(!lines.includes(answer('b')));
    assert.match(said(entries).join('\n'), /missing server \{ … \}: another server has the same host/);
  });

  it('have conditions on hosts decided for each', () => {
    const source = `server { server_name a.example www.a.example; if ($host = www.a.example) { return 301 http://a.example$request_uri; } return 200 a; }`;
    assert.deepEqual(linesOf(source).slice(1), [
      '[[sites]]',
      'hosts = ["www.a.example"]',
      '[[sites.routes]]',
      'redirect = "http://a.example$request_uri"',
      'status = 301',
      '[[sites]]',
      '[[sites.routes]]',
      answer('a'),
    ]);
  });

  it('listen on what is said, once', () => {
    const source =
      'server { listen 127.0.0.1:80; listen 80; listen [::]:80; listen unix:/run/a.sock; return 204; }';
    assert.equal(linesOf(source)[0], 'bind = ["0.0.0.0:80", "[::]:80", "unix:/run/a.sock"]');
  });

  it('have names by regular expressions that are lists or wildcards, and no others', () => {
    const hosts = (name: string) =>
      linesOf(
        `server { listen 80 default_server; return 204; } server { server_name ${name}; return 404; }`,
      ).find((line) => line.startsWith('hosts'));
    assert.equal(hosts('"~^(www\\.)?a\\.example$"'), 'hosts = ["a.example", "www.a.example"]');
    assert.equal(hosts('"~^.+\\.a\\.example$"'), 'hosts = ["*.a.example"]');
    assert.equal(hosts('"~^(a|b)\\.example$"'), 'hosts = ["a.example", "b.example"]');
    assert.equal(hosts('"~^a\\d+\\.example$"'), undefined);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readToml } from '../../../../src/config/toml/toml-document.ts';
import { tomlSettings } from '../../../../src/config/toml/toml-settings.ts';

function read(tls: string, hosts = 'hosts = "a.example"') {
  const document = readToml(`[[sites]]\n${hosts}\ntls = ${tls}\n`);
  assert.ok(!('fault' in document), JSON.stringify(document));
  const { front, problems } = tomlSettings('kirin.toml', '/srv', document);
  return { tls: front.sites[0]?.tls, problems: problems.map(({ message }) => message) };
}

describe('tls of a site', () => {
  it('names files that are relative to the kirin.toml', () => {
    assert.deepEqual(read('{ certificate = "a.pem", key = "/etc/a.key", password = "secret" }').tls, {
      place: 'kirin.toml:3:7',
      source: { kind: 'files', certificate: '/srv/a.pem', key: '/etc/a.key', password: 'secret', ocsp: null },
      clients: null,
    });
  });

  it('may be one file, and ask clients for certificates', () => {
    const clientsOf = (more: string) => read(`{ certificate = "a", ${more} }`).tls?.clients;
    assert.deepEqual(read('{ certificate = "a" }').tls?.source, {
      kind: 'files',
      certificate: '/srv/a',
      key: null,
      password: null,
      ocsp: null,
    });
    assert.deepEqual(clientsOf('client_ca = "b"'), { authorities: '/srv/b', certificates: 'required' });
    assert.deepEqual(clientsOf('client_ca = "b", client_certificates = "optional"'), {
      authorities: '/srv/b',
      certificates: 'optional',
    });
    assert.deepEqual(clientsOf('client_certificates = "ignored"'), {
      authorities: null,
      certificates: 'ignored',
    });
  });

  it('may be obtained, or made for this machine', () => {
    assert.deepEqual(read('"automatic"').tls, {
      place: 'kirin.toml:3:1',
      source: { kind: 'automatic' },
      clients: null,
    });
    assert.deepEqual(read('"local"', 'hosts = "*.shop.test"').tls?.source, { kind: 'local' });
  });

  it('can be obtained for names alone that an authority can come to', () => {
    const problemWith = (hosts: string) => {
      const { tls, problems } = read('"automatic"', hosts);
      assert.equal(tls, null);
      return problems.join('\n');
    };
    assert.match(problemWith(''), /:3:1: tls = "automatic": the site has no hosts; name those/);
    assert.match(
      problemWith('hosts = ["a.test", "*.a.test"]'),
      /no certificate for \*\.a\.test is given in this way/,
    );
    assert.match(
      problemWith('hosts = "127.0.0.1"'),
      /127\.0\.0\.1 is an address; certificates are given for names/,
    );
    assert.match(problemWith('hosts = "[::1]"'), /\[::1\] is an address/);
    const hosts = Array.from({ length: 101 }, (_, index) => `a${index}.test`);
    assert.match(problemWith(`hosts = ${JSON.stringify(hosts)}`), /101 hosts; a certificate has at most 100/);
    assert.equal(read('"automatic"', `hosts = ${JSON.stringify(hosts.slice(1))}`).problems.length, 0);
  });

  const wrong: readonly (readonly [tls: string, problem: RegExp])[] = [
    ['true', /3:1: tls = true: not "automatic", "local" or a table such as \{ certificate = "a\.pem"/],
    ['"automatc"', /3:1: tls = "automatc": did you mean "automatic"\?/],
    ['{ key = "a" }', /tls needs a certificate/],
    ['{ certificat = "a" }', /certificat is nothing that tls has; did you mean certificate\?/],
    ['{ certificate = 1 }', /certificate = 1: not a string/],
    ['{ certificate = "a", client_certificates = "required" }', /client_certificates needs client_ca/],
    [
      '{ certificate = "a", client_ca = "b", client_certificates = 2 }',
      /not "required", "optional" or "ignored"/,
    ],
  ];
  for (const [tls, problem] of wrong) {
    it(`is not ${tls}`, () => assert.match(read(tls).problems.join('\n'), problem));
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readToml } from '../../../../src/config/toml/toml-document.ts';
import { tomlSettings } from '../../../../src/config/toml/toml-settings.ts';
import { upstreamOf } from '../../../../src/protocol/supervision/upstream.ts';

function read(source: string) {
  const document = readToml(source);
  assert.ok(!('fault' in document), JSON.stringify(document));
  const { front, problems } = tomlSettings('kirin.toml', '/srv', document);
  return { front, problems: problems.map(({ message }) => message) };
}

function frontOf(source: string) {
  const { front, problems } = read(source);
  assert.deepEqual(problems, []);
  return front;
}

/** Of an upstream with these lines. */
function upstreamWith(lines: string) {
  return frontOf(`[upstreams.shop]\n${lines}\n`).upstreams[0];
}

const tcp = (host: string, port: number) => ({ kind: 'tcp', host, port });

describe('the upstreams of a kirin.toml', () => {
  it('need nothing but servers', () => {
    assert.deepEqual(upstreamWith('servers = ["10.0.0.1:8000"]'), {
      ...upstreamOf({ kind: 'tcp', host: '10.0.0.1', port: 8000 }, []),
      name: 'shop',
    });
  });

  const addresses: readonly (readonly [text: string, address: object])[] = [
    ['10.0.0.1:8000', tcp('10.0.0.1', 8000)],
    ['10.0.0.1', tcp('10.0.0.1', 80)],
    ['[::1]:8000', tcp('::1', 8000)],
    ['[FE80::1]', tcp('fe80::1', 80)],
    ['app:8000', tcp('app', 8000)],
    ['App_1.internal', tcp('app_1.internal', 80)],
    ['unix:/run/a.sock', { kind: 'unix', path: '/run/a.sock' }],
    ['unix:///run/a.sock', { kind: 'unix', path: '/run/a.sock' }],
    ['unix:a.sock', { kind: 'unix', path: '/srv/a.sock' }],
  ];
  for (const [text, address] of addresses) {
    it(`have a server at ${text}`, () => {
      assert.deepEqual(upstreamWith(`servers = ["${text}"]`)?.servers[0]?.address, address);
    });
  }

  it('say of each server how it is used', () => {
    const upstream = upstreamWith(`servers = ["a:1",
  { address = "b:2", weight = 2, max_fails = 3, fail_timeout = 0, slow_start = "30s", backup = true, down = true, max_connections = 7 }]`);
    assert.deepEqual(upstream?.servers[1], {
      address: tcp('b', 2),
      weight: 2,
      maxFails: 3,
      failTimeoutMs: 0,
      slowStartMs: 30_000,
      isBackup: true,
      isDown: true,
      maxConnections: 7,
    });
  });

  const balances: readonly (readonly [text: string, balance: object])[] = [
    ['"round-robin"', { by: 'round-robin' }],
    ['"least-connections"', { by: 'least-connections' }],
    ['"two-choices"', { by: 'two-choices' }],
    ['{ hash = "$remote_addr" }', { by: 'hash', key: '$remote_addr' }],
    ['{ hash = "$cookie_user$arg_a", consistent = true }', { by: 'hash', key: '$cookie_user$arg_a' }],
  ];
  for (const [text, balance] of balances) {
    it(`balance by ${text}`, () => {
      assert.deepEqual(upstreamWith(`servers = ["a"]\nbalance = ${text}`)?.balance, balance);
    });
  }

  it('check the health of their servers', () => {
    const usual = {
      path: '/health',
      host: null,
      port: null,
      everyMs: 5000,
      timeoutMs: 2000,
      statuses: [[200, 399]],
      tls: null,
      rises: 2,
      falls: 3,
    };
    const healthBy = (text: string) => upstreamWith(`servers = ["a"]\nhealth = ${text}`)?.health;
    assert.equal(upstreamWith('servers = ["a"]')?.health, null);
    assert.deepEqual(healthBy('"/health"'), usual);
    assert.deepEqual(healthBy('{ path = "/health", every = "500ms", status = [204, "3xx"], host = "a.b" }'), {
      ...usual,
      everyMs: 500,
      host: 'a.b',
      statuses: [
        [204, 204],
        [300, 399],
      ],
    });
    assert.deepEqual(healthBy('{ path = "/health", port = 81, timeout = 1, rises = 1, falls = 2 }'), {
      ...usual,
      port: 81,
      timeoutMs: 1000,
      rises: 1,
      falls: 2,
    });
  });

  it('check it by TLS', () => {
    const tlsBy = (text: string) =>
      upstreamWith(`servers = ["a"]\nhealth = { path = "/", tls = ${text} }`)?.health?.tls;
    const usual = { verify: true, name: null, ca: null, certificate: null, key: null };
    assert.deepEqual(tlsBy('true'), usual);
    assert.equal(tlsBy('false'), null);
    assert.deepEqual(tlsBy('{ verify = false, name = "shop.example" }'), {
      ...usual,
      verify: false,
      name: 'shop.example',
    });
  });

  it('ask the name servers of the file, unless they name others', () => {
    const { upstreams, resolvers } = frontOf(`
resolver = ["127.0.0.11", "::1", "[::1]:5353"]
[upstreams.a]
servers = ["a"]
[upstreams.b]
servers = ["b"]
resolver = "10.0.0.2:5353"
resolve_every = "2s"
`);
    assert.deepEqual(resolvers, ['127.0.0.11:53', '[::1]:53', '[::1]:5353']);
    assert.deepEqual(
      upstreams.map(({ names }) => names),
      [
        { resolvers, everyMs: null },
        { resolvers: ['10.0.0.2:5353'], everyMs: 2000 },
      ],
    );
  });

  it('keep connections, unless it is for no time', () => {
    const kept = (lines: string) => {
      const { keepalive, keepaliveTimeoutMs } = upstreamWith(`servers = ["a"]\n${lines}`) ?? {};
      return [keepalive, keepaliveTimeoutMs];
    };
    assert.deepEqual(kept('keepalive = 4\nkeepalive_timeout = "5s"'), [4, 5000]);
    assert.deepEqual(kept('keepalive = 0'), [0, 60_000]);
    assert.deepEqual(kept('keepalive = 4\nkeepalive_timeout = 0'), [0, 0]);
  });

  const mistakes: readonly (readonly [lines: string, complaint: RegExp])[] = [
    ['', /^kirin\.toml:1:1: an upstream needs servers = /],
    ['servers = []', /^kirin\.toml:2:1: servers = \[\]: not an array of addresses/],
    ['servers = "a:1"', /^kirin\.toml:2:1: servers = "a:1": not an array of addresses/],
    ['servers = ["a:1", 5]', /^kirin\.toml:2:19: 5: not an address, or a table with one/],
    ['servers = ["a:0"]', /^kirin\.toml:2:12: 'a:0': '0' is no port; give a number from 1 to 65535/],
    ['servers = ["a:65536"]', /'65536' is no port/],
    ['servers = ["http://a:1"]', /a server has no scheme; write "a:1", and http:\/\/ where it is proxied to/],
    ['servers = ["10.0.0:1"]', /'10\.0\.0:1' is no address of a server; give one such as/],
    ['servers = ["a:1/path"]', /'1\/path' is no port/],
    ['servers = ["a b"]', /'a b' is no address/],
    ['servers = ["::1"]', /an IPv6 address needs brackets: \[::1\]:8000/],
    ['servers = ["[a]:1"]', /'\[a\]:1' is no address/],
    ['servers = ["unix:"]', /has no path; give one such as unix:\/run\/app\.sock/],
    [`servers = ["unix:/${'a'.repeat(120)}"]`, /the socket's path has 121 bytes/],
    ['servers = ["a:1", "A:1"]', /^kirin\.toml:2:19: a:1 stands at kirin\.toml:2:12 already; a weight/],
    ['servers = [{ address = "a", backup = true }]', /all servers are backups/],
    ['servers = [{ weight = 2 }]', /^kirin\.toml:2:12: a server needs an address/],
    [
      'servers = [{ address = "a", wieght = 2 }]',
      /^kirin\.toml:2:29: wieght is nothing .* did you mean weight\?/,
    ],
    ['servers = [{ address = "a", weight = 0 }]', /weight = 0: not a whole number from 1 to 65535/],
    ['servers = [{ address = "a", fail_timeout = "1x" }]', /fail_timeout = "1x": not a time such as "10s"/],
    ['servers = ["a"]\nbalance = "random"', /balance = "random": not one of round-robin, least-conn/],
    [
      'servers = ["a"]\nbalance = { hash = "$remote_adr" }',
      /there is no \$remote_adr; did you mean \$remote_addr\?/,
    ],
    ['servers = ["a"]\nbalance = { hash = "a" }', /'a' is the same for every request; use a \$variable/],
    ['servers = ["a"]\nbalance = { consistent = true }', /there is no hash/],
    ['servers = ["a"]\nbalance = { hash = "$host", consistent = false }', /a hash is always consistent here/],
    ['servers = ["a"]\nhealth = "health"', /health = "health": give a path such as \/health/],
    ['servers = ["a"]\nhealth = { every = "1s" }', /health needs a path, such as "\/health"/],
    ['servers = ["a"]\nhealth = { path = "/", every = "50ms" }', /at least "100ms"/],
    ['servers = ["a"]\nhealth = { path = "/", status = "6xx" }', /not a status such as 200, "2xx"/],
    ['servers = ["a"]\nhealth = { path = "/", tls = 1 }', /tls = 1: not true or false/],
    ['servers = ["a"]\nresolver = "ns.example"', /'ns\.example' is no name server; give an IP address/],
    [
      'servers = ["a"]\nkeep_alive = 1',
      /keep_alive is nothing that an upstream has; did you mean keepalive\?/,
    ],
  ];
  for (const [lines, complaint] of mistakes) {
    it(`name what is wrong with ${lines || 'nothing at all'}`, () => {
      const { problems } = read(`[upstreams.shop]\n${lines}\n`);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] as string, complaint);
    });
  }

  it('are tables, by names without spaces', () => {
    assert.match(read('upstreams = 1').problems.join(), /not tables; each begins with \[upstreams\.NAME\]/);
    assert.match(
      read('[upstreams]\nshop = ["a"]').problems.join(),
      /shop = .*: not a table; write \[upstreams\.shop\]/,
    );
    assert.match(
      read('[upstreams."a b"]\nservers = ["a"]').problems.join(),
      /'a b' is no name of an upstream/,
    );
  });

  const route = (url: string) =>
    `[upstreams.shop]\nservers = ["a"]\n[[sites]]\nroutes = [{ proxy = "${url}" }]\n`;

  it('are told from hosts where requests are proxied to them', () => {
    for (const url of [
      'http://shop',
      'https://shop/a',
      'http://other',
      'http://shpo:80',
      'http://shop.example',
    ]) {
      assert.deepEqual(read(route(url)).problems, [], url);
    }
    assert.match(
      read(route('http://shpo')).problems.join(),
      /there is no upstream shpo; did you mean shop\?/,
    );
    assert.match(
      read(route('http://shop:80/')).problems.join(),
      /the servers of the upstream shop have ports of their own; leave :80 out/,
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readToml } from '../../../../src/config/toml/toml-document.ts';
import { tomlSettings } from '../../../../src/config/toml/toml-settings.ts';

function read(source: string) {
  const document = readToml(source);
  assert.ok(!('fault' in document), JSON.stringify(document));
  const { front, problems } = tomlSettings('kirin.toml', '/srv', document);
  return { site: front.sites[0], problems: problems.map(({ message }) => message) };
}

const RATE = { perSecond: 10, key: '$remote_addr', burst: 0, undelayed: 0, status: 429, keys: 100_000 };

describe('rate_limit in a kirin.toml', () => {
  it('is a rate, a table, or several', () => {
    const { site, problems } = read(`
[[sites]]
rate_limit = "10/s"
[[sites.routes]]
path = "/a"
rate_limit = { rate = "30/m", key = "$http_x_key", burst = 5, delay = 3, status = 503, zone = "z", keys = 7 }
[[sites.routes]]
path = "/b"
rate_limit = [{ rate = "10/s", delay = false }, { rate = "100/h", delay = true }]
[[sites.routes]]
path = "/c"
rate_limit = false
`);
    assert.deepEqual(problems, []);
    const [a, b, c, rest] = site?.routes.map(({ rateLimits }) => rateLimits) ?? [];
    assert.deepEqual(a, [
      { perSecond: 0.5, key: '$http_x_key', burst: 5, undelayed: 3, status: 503, zone: 'z', keys: 7 },
    ]);
    assert.deepEqual(b, [
      { ...RATE, undelayed: null, zone: '#2' },
      { ...RATE, perSecond: 100 / 3600, zone: '#3' },
    ]);
    assert.deepEqual(c, []);
    assert.deepEqual(rest, [{ ...RATE, zone: '#1' }]);
  });

  const wrong: readonly (readonly [line: string, message: RegExp])[] = [
    ['rate_limit = "fast"', /not a rate such as "10\/s"/],
    ['rate_limit = "0/s"', /not a rate/],
    ['rate_limit = { burst = 3 }', /kirin\.toml:3:\d+: a rate_limit needs a rate/],
    ['rate_limit = { rate = "1/s", bust = 3 }', /bust is nothing that rate_limit has; did you mean burst\?/],
    ['rate_limit = { rate = "1/s", burst = -1 }', /not a whole number from 0/],
    ['rate_limit = { rate = "1/s", delay = "x" }', /not true/],
    ['rate_limit = { rate = "1/s", key = "$nothing" }', /there is no \$nothing/],
    ['rate_limit = { rate = "1/s", status = 200 }', /from 400 to 599/],
    [
      'rate_limit = [{ rate = "1/s", zone = "a" }, { rate = "2/s", zone = "a" }]',
      /zone "a" has another rate or key at kirin\.toml:3:\d+/,
    ],
    ['connection_limit = 0', /from 1 to/],
    ['connection_limit = { key = "x" }', /a connection_limit needs a limit/],
    ['connection_limit = "many"', /not a whole number/],
  ];
  for (const [line, message] of wrong) {
    it(`refuses ${line}`, () => {
      const { problems } = read(`[[sites]]\n[[sites.routes]]\n${line}\n`);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] as string, message);
    });
  }
});

describe('connection_limit in a kirin.toml', () => {
  it('is a number, a table, or several', () => {
    const { site, problems } = read(`
[[sites]]
connection_limit = 10
[[sites.routes]]
path = "/a"
connection_limit = [{ limit = 1, zone = "z" }, { limit = 100, key = "all", status = 503 }]
`);
    assert.deepEqual(problems, []);
    const [a, rest] = site?.routes.map(({ connectionLimits }) => connectionLimits) ?? [];
    assert.deepEqual(a, [
      { limit: 1, key: '$remote_addr', status: 429, zone: 'z' },
      { limit: 100, key: 'all', status: 503, zone: '#2' },
    ]);
    assert.deepEqual(rest, [{ limit: 10, key: '$remote_addr', status: 429, zone: '#1' }]);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  forwardedAddress,
  forwardedScheme,
  type TrustConfig,
  TrustedProxies,
  TrustPolicy,
} from '../../../src/handlers/trust.ts';
import { get } from './fake-exchange.ts';

describe('the trusted proxies', () => {
  const trusts = (entries: readonly string[], address: string) =>
    new TrustedProxies(entries).includes(address);

  it('are addresses', () => {
    assert.equal(trusts(['192.0.2.1', '2001:db8::1'], '192.0.2.1'), true);
    assert.equal(trusts(['192.0.2.1', '2001:db8::1'], '2001:db8::1'), true);
    assert.equal(trusts(['192.0.2.1'], '192.0.2.2'), false);
    assert.equal(trusts(['192.0.2.1'], '2001:db8::1'), false);
  });

  it('are networks', () => {
    assert.equal(trusts(['10.0.0.0/8'], '10.255.1.2'), true);
    assert.equal(trusts(['10.0.0.0/8'], '11.0.0.0'), false);
    assert.equal(trusts(['2001:db8::/32'], '2001:db8:1::9'), true);
    assert.equal(trusts(['2001:db8::/32'], '2001:db9::1'), false);
  });

  it('are everyone for *', () => {
    assert.equal(trusts(['*'], '203.0.113.9'), true);
  });

  it('are nobody without entries, but for peers on a unix socket', () => {
    assert.equal(trusts([], '127.0.0.1'), false);
    assert.equal(trusts([], ''), true);
  });

  it('are known by their IPv4 address also where the entry maps it', () => {
    assert.equal(trusts(['::ffff:192.0.2.1'], '192.0.2.1'), true);
  });

  it('survive addresses with a zone, and what is none', () => {
    assert.equal(trusts(['fe80::/10'], 'fe80::1%eth0'), true);
    assert.equal(trusts(['127.0.0.1'], 'fe80::1%eth0'), false);
    assert.equal(trusts(['127.0.0.1'], 'nonsense'), false);
  });
});

const CONFIG: TrustConfig = {
  forwardedAllowIps: ['192.0.2.0/24'],
  proxyAllowIps: ['198.51.100.0/24'],
  realIpHeader: null,
  secureSchemeHeaders: [
    ['X-FORWARDED-PROTO', 'https'],
    ['X-FORWARDED-SSL', 'On'],
  ],
  forwarderHeaders: ['SCRIPT_NAME'],
  headerMap: 'refuse',
};

describe('what a peer’s fields mean', () => {
  const policy = new TrustPolicy(CONFIG);

  it('is as it was set for trusted peers, in lower case', () => {
    const rules = policy.rulesFor('192.0.2.7');
    assert.equal(rules.isTrusted, true);
    assert.equal(rules.secureSchemes.get('x-forwarded-ssl'), 'on');
    assert.deepEqual([...rules.forwarderNames], ['script_name']);
    assert.equal(policy.rulesFor(''), rules, 'a unix socket is trusted');
  });

  it('is nothing special for all others, but for names with underscores', () => {
    const rules = policy.rulesFor('198.51.100.1');
    assert.equal(rules.isTrusted, false);
    assert.equal(rules.secureSchemes.size, 0);
    assert.equal(rules.forwarderNames.size, 0);
    assert.equal(rules.headerMap, 'refuse');
  });
});

describe('the PROXY protocol', () => {
  it('may be spoken by peers that were named for it, and on unix sockets', () => {
    const policy = new TrustPolicy(CONFIG);
    assert.equal(policy.takesProxyHeaderFrom('198.51.100.1'), true);
    assert.equal(policy.takesProxyHeaderFrom(''), true);
    assert.equal(policy.takesProxyHeaderFrom('192.0.2.7'), false, 'who is believed in headers need not be');
  });
});

describe('the address of a proxy’s client', () => {
  const policy = new TrustPolicy({ ...CONFIG, realIpHeader: 'X-Forwarded-For' });
  const addressFrom = (peer: string, ...fields: readonly string[]) =>
    forwardedAddress(get('/', ...fields).fields, policy.rulesFor(peer));
  const address = (value: string) => addressFrom('192.0.2.1', `X-Forwarded-For: ${value}`);

  const values: readonly (readonly [value: string, address: string | null])[] = [
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:40000', '203.0.113.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['[2001:db8::7]:40000', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    // What a client has claimed stands before what the proxies add.
    ['127.0.0.1, 203.0.113.7', '203.0.113.7'],
    ['127.0.0.1, 203.0.113.7, 192.0.2.9', '203.0.113.7'],
    ['127.0.0.1, nonsense, 192.0.2.9', '192.0.2.9'],
    ['192.0.2.8, 192.0.2.9', '192.0.2.8'],
    ['unknown', null],
    ['203.0.113.7, ', null],
    ['', null],
  ];
  for (const [value, expected] of values) {
    it(`is ${expected ?? 'not told'} by ${JSON.stringify(value)}`, () =>
      assert.equal(address(value), expected));
  }

  it('is read from several fields as from one', () => {
    const fields = [
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-For: 203.0.113.7',
      'X-Forwarded-For: 192.0.2.9',
    ];
    assert.equal(addressFrom('192.0.2.1', ...fields), '203.0.113.7');
    assert.equal(addressFrom('', ...fields), '203.0.113.7', 'a unix socket is trusted');
  });

  it('is told by nobody else, and by no other field', () => {
    assert.equal(addressFrom('198.51.100.1', 'X-Forwarded-For: 203.0.113.7'), null);
    assert.equal(addressFrom('192.0.2.1', 'X-Real-IP: 203.0.113.7'), null);
  });

  it('is the last where everybody is trusted: whoever connects, the rest is what he claims', () => {
    const everybody = new TrustPolicy({
      ...CONFIG,
      forwardedAllowIps: ['*'],
      realIpHeader: 'X-Forwarded-For',
    });
    const { fields } = get('/', 'X-Forwarded-For: 127.0.0.1, 203.0.113.7');
    assert.equal(forwardedAddress(fields, everybody.rulesFor('198.51.100.1')), '203.0.113.7');
  });
});

describe('the scheme of a proxy’s client', () => {
  const policy = new TrustPolicy({
    ...CONFIG,
    secureSchemeHeaders: [
      ['X-Forwarded-Protocol', 'ssl'],
      ['X-Forwarded-Proto', 'https'],
      ['X-Forwarded-Ssl', 'on'],
    ],
  });
  const schemeFrom = (address: string, ...fields: readonly string[]) =>
    forwardedScheme(get('/', ...fields).fields, policy.rulesFor(address), 'http');
  const scheme = (...fields: readonly string[]) => schemeFrom('192.0.2.1', ...fields);

  it('is https where one of the fields says so', () => {
    assert.equal(scheme('X-Forwarded-Proto: https'), 'https');
    assert.equal(scheme('X-Forwarded-Proto: HTTPS'), 'https');
    assert.equal(scheme('X-Forwarded-Protocol: ssl'), 'https');
    assert.equal(scheme('X-Forwarded-Ssl: on'), 'https');
  });

  it('is http otherwise', () => {
    assert.equal(scheme(), 'http');
    assert.equal(scheme('X-Forwarded-Proto: http'), 'http');
    assert.equal(scheme('X-Forwarded-Proto: https, http'), 'http');
    assert.equal(scheme('X-Forwarded-Ssl: off'), 'http');
  });

  it('is a contradiction where they do not agree', () => {
    assert.equal(scheme('X-Forwarded-Proto: https', 'X-Forwarded-Ssl: off'), 'contradiction');
    assert.equal(scheme('X-Forwarded-Proto: http', 'X-Forwarded-Proto: https'), 'contradiction');
    assert.equal(scheme('X-Forwarded-Proto: https', 'X-Forwarded-Ssl: on'), 'https');
  });

  it('is http for who is not trusted, whatever he says', () => {
    assert.equal(schemeFrom('198.51.100.1', 'X-Forwarded-Proto: https'), 'http');
    assert.equal(schemeFrom('198.51.100.1', 'X-Forwarded-Proto: https', 'X-Forwarded-Ssl: off'), 'http');
  });

  it('is that of the connection where no field tells it', () => {
    const fields = (...lines: readonly string[]) => get('/', ...lines).fields;
    const trusted = policy.rulesFor('192.0.2.1');
    assert.equal(forwardedScheme(fields(), trusted, 'https'), 'https');
    assert.equal(forwardedScheme(fields('X-Forwarded-Proto: http'), trusted, 'https'), 'http');
    const other = policy.rulesFor('198.51.100.1');
    assert.equal(forwardedScheme(fields('X-Forwarded-Proto: http'), other, 'https'), 'https');
  });

  it('is told by the fields that were set, and no others', () => {
    const set = new TrustPolicy({ ...CONFIG, secureSchemeHeaders: [['X-Scheme', 'TLS']] }).rulesFor('');
    assert.equal(forwardedScheme(get('/', 'X-Scheme: tls').fields, set, 'http'), 'https');
    assert.equal(forwardedScheme(get('/', 'X-Forwarded-Proto: https').fields, set, 'http'), 'http');
    const none = new TrustPolicy({ ...CONFIG, secureSchemeHeaders: [] }).rulesFor('');
    assert.equal(forwardedScheme(get('/', 'X-Forwarded-Proto: https').fields, none, 'http'), 'http');
  });
});

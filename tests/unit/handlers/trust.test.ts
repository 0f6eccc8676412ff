import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { forwardedScheme, TrustedProxies } from '../../../src/handlers/trust.ts';
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

describe('the scheme of a proxy’s client', () => {
  const scheme = (...fields: readonly string[]) => forwardedScheme(get('/', ...fields).fields);

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
});

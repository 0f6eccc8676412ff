import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClientRuleGuard, ClientRules, needsGuard } from '../../../src/handlers/client-rules.ts';
import type { Peer } from '../../../src/handlers/exchange.ts';
import type { TlsConfig, TlsIdentity } from '../../../src/protocol/supervision/tls-config.ts';
import { clientRule } from '../../../src/tls/client-rule.ts';
import { FakeExchange, headOf, PEER, TRUSTED_RULES } from './fake-exchange.ts';

function identity(
  clientCertificates: TlsIdentity['clientCertificates'],
  clientAuthorities = '',
): TlsIdentity {
  return { certificates: '', privateKey: '', clientCertificates, clientAuthorities, ocsp: null };
}

const OPEN = identity('ignored');
const STAFF = identity('required', 'staff');
const PARTNERS = identity('required', 'partners');
const MAYBE = identity('optional', 'staff');
const TERMS = {
  ticketSecret: '',
  ciphers: null,
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  protocols: [],
} as const;
const tls: TlsConfig = {
  ...OPEN,
  ...TERMS,
  sites: [
    { hosts: ['staff.example', '*.staff.example'], ...STAFF },
    { hosts: ['partners.example'], ...PARTNERS },
    { hosts: ['maybe.example'], ...MAYBE },
  ],
};
const PLAIN: Peer = PEER;
const by = (rule: TlsIdentity): Peer => ({ ...PEER, tls: new Map(), clientRule: clientRule(rule) });

describe('rules for certificates of clients', () => {
  function answerTo(host: string, peer: Peer, ...fields: string[]): string | undefined {
    const exchange = new FakeExchange(headOf('GET /a HTTP/1.1', `Host: ${host}`, ...fields), peer);
    const answer = { handle: (asked: FakeExchange) => asked.respond('200 OK\r\n', 0, '') };
    new ClientRuleGuard(new ClientRules(tls), answer as never, 8443).handle(exchange);
    return exchange.events[0];
  }
  const OK = 'respond 200 OK | ';

  it('let in who came by the one of the site that is asked', () => {
    assert.equal(answerTo('other.example', by(OPEN)), OK);
    assert.equal(answerTo('staff.example:443', by(STAFF)), OK);
    assert.equal(answerTo('a.staff.example', by(STAFF)), OK);
    assert.equal(answerTo('maybe.example', by(MAYBE)), OK);
  });

  it('cannot be got around by a Host other than the name in the handshake', () => {
    const misdirected = /^refuse 421 The handshake was for another name/;
    for (const rule of [OPEN, PARTNERS, MAYBE])
      assert.match(answerTo('staff.example', by(rule)) ?? '', misdirected);
    assert.match(answerTo('STAFF.example.', by(OPEN)) ?? '', misdirected);
    assert.match(answerTo('other.example', by(STAFF)) ?? '', misdirected);
  });

  it('cannot be got around by plain HTTP', () => {
    assert.match(
      answerTo('staff.example', PLAIN) ?? '',
      /^respond 308 .*Location: https:\/\/staff\.example:8443\/a/s,
    );
    const proxy = { ...PLAIN, rules: TRUSTED_RULES };
    assert.match(answerTo('staff.example', proxy, 'X-Forwarded-Proto: https') ?? '', /^refuse 403/);
    assert.equal(answerTo('maybe.example', PLAIN), OK);
    assert.equal(answerTo('other.example', PLAIN), OK);
  });

  it('are looked at only where there is something to get around', () => {
    assert.equal(needsGuard({ ...OPEN, ...TERMS, sites: [] }, true), false);
    assert.equal(needsGuard({ ...OPEN, ...TERMS, sites: [{ hosts: ['a'], ...OPEN }] }, true), false);
    assert.equal(needsGuard({ ...STAFF, ...TERMS, sites: [] }, false), false);
    assert.equal(needsGuard({ ...STAFF, ...TERMS, sites: [] }, true), true);
    assert.equal(needsGuard(tls, false), true);
  });
});

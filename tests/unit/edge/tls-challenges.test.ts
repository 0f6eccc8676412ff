import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TlsChallenges } from '../../../src/edge/tls/tls-challenges.ts';

test('a handshake is an authority’s when it names a host that is asked for, and speaks acme-tls/1', () => {
  const challenge = { type: 'tls-alpn-01', host: 'shop.test', certificate: 'c', key: 'k' } as const;
  const challenges = TlsChallenges.of([challenge]);
  assert.equal(challenges?.find({ serverName: 'shop.test', protocols: ['acme-tls/1'] }), challenge);
  for (const hello of [
    { serverName: 'blog.test', protocols: ['acme-tls/1'] },
    { serverName: null, protocols: ['acme-tls/1'] },
    { serverName: 'shop.test', protocols: ['h2', 'http/1.1'] },
    { serverName: 'shop.test', protocols: [] },
  ])
    assert.equal(challenges?.find(hello), null);
  assert.equal(TlsChallenges.of([{ type: 'http-01', token: 'a', keyAuthorization: 'b' }]), null);
});

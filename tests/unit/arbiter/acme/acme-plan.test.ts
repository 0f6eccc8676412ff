import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { possibleChallenges } from '../../../../src/arbiter/acme/acme-plan.ts';

describe('the challenges that may be used', () => {
  it('are those that the addresses allow, by HTTP first', () => {
    assert.deepEqual(possibleChallenges('auto', [{ scheme: 'https' }, { scheme: 'http' }]), [
      'http-01',
      'tls-alpn-01',
    ]);
    assert.deepEqual(possibleChallenges('auto', [{ scheme: 'http' }]), ['http-01']);
    assert.deepEqual(possibleChallenges('auto', [{}]), ['tls-alpn-01']);
  });

  it('are the one that is set, whatever the addresses are: others may stand in front', () => {
    assert.deepEqual(possibleChallenges('http-01', [{ scheme: 'https' }]), ['http-01']);
  });
});

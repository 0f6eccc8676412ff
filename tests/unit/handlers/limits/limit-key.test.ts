import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limitKey, networkOf } from '../../../../src/handlers/limits/limit-key.ts';
import { FakeExchange, get, PEER } from '../fake-exchange.ts';

const from = (remoteAddress: string, ...fields: readonly string[]) =>
  new FakeExchange(get('/', ...fields), { ...PEER, remoteAddress });

describe('the key of a limit', () => {
  it('is an IPv4 address whole, and the first half of an IPv6 address', () => {
    const key = limitKey('$remote_addr');
    assert.equal(key(from('192.0.2.7')), '192.0.2.7');
    assert.equal(key(from('2001:db8:1:2:3:4:5:6')), '2001:db8:1:2::/64');
    assert.equal(key(from('')), 'unix:');
    assert.equal(limitKey('$' + '{remote_addr}')(from('2001:db8::1')), '2001:db8:0:0::/64');
  });

  it('is what somebody asks for, and no more than some hundred characters', () => {
    assert.equal(limitKey('$http_x_key')(from('192.0.2.7', 'X-Key: a')), 'a');
    assert.equal(limitKey('$http_x_key')(from('192.0.2.7')), '');
    assert.equal(limitKey('whole $remote_addr')(from('2001:db8::1')), 'whole 2001:db8::1');
    const [long, other] = ['a', 'b'].map((end) =>
      limitKey('$http_x_key')(from('::1', `X-Key: ${'x'.repeat(1000)}${end}`)),
    );
    assert.ok((long ?? '').length < 100);
    assert.notEqual(long, other);
  });

  it('of addresses of one network is the same, however they are written', () => {
    const networks: readonly (readonly [address: string, network: string])[] = [
      ['::1', '0:0:0:0::/64'],
      ['::', '0:0:0:0::/64'],
      ['2001:db8::', '2001:db8:0:0::/64'],
      ['2001:DB8:0:0:ffff::1', '2001:db8:0:0::/64'],
      ['2001:db8:0001:0002::3', '2001:db8:1:2::/64'],
      ['2001:db8:1:2:3::', '2001:db8:1:2::/64'],
      ['fe80::1%eth0', 'fe80:0:0:0::/64'],
      ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ];
    for (const [address, network] of networks) assert.equal(networkOf(address), network, address);
  });
});

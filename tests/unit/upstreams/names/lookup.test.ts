import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { lookupBy } from '../../../../src/upstreams/names/lookup.ts';
import { type DnsServer, startDnsServer } from '../../../support/dns-server.ts';

describe('a look-up by name servers', () => {
  let dns: DnsServer;
  before(async () => {
    dns = await startDnsServer();
  });
  after(() => dns.close());
  const ask = (name: string) => lookupBy([dns.address])(name);

  it('finds addresses of both kinds, and how long they hold', async () => {
    dns.set('app', ['10.0.0.1', '2001:db8::1', '10.0.0.2'], 30);
    const { addresses, ttlMs } = await ask('app');
    assert.deepEqual(addresses.toSorted(), ['10.0.0.1', '10.0.0.2', '2001:db8::1']);
    assert.equal(ttlMs, 30_000);
  });

  it('needs addresses of one kind only', async () => {
    dns.set('four', ['10.0.0.1']);
    dns.set('six', ['2001:db8::1']);
    assert.deepEqual((await ask('four')).addresses, ['10.0.0.1']);
    assert.deepEqual((await ask('six')).addresses, ['2001:db8::1']);
  });

  it('sees each change: nothing on the way keeps answers', async () => {
    dns.set('moving', ['10.0.0.1'], 3600);
    const lookup = lookupBy([dns.address]);
    assert.deepEqual((await lookup('moving')).addresses, ['10.0.0.1']);
    dns.set('moving', ['10.0.0.2'], 3600);
    assert.deepEqual((await lookup('moving')).addresses, ['10.0.0.2']);
  });

  it('fails by name where there is no address', async () => {
    dns.fail('failing');
    dns.set('empty', []);
    await assert.rejects(ask('unknown'), { code: 'ENOTFOUND' });
    await assert.rejects(ask('failing'), { code: 'ESERVFAIL' });
    await assert.rejects(ask('empty'), { code: 'ENODATA' });
  });
});

describe('a look-up by the system', () => {
  it('knows /etc/hosts, and does not say how long it holds', async () => {
    const { addresses, ttlMs } = await lookupBy([])('localhost');
    assert.ok(addresses.includes('127.0.0.1') || addresses.includes('::1'), `${addresses}`);
    assert.equal(ttlMs, null);
  });

  it('fails where there is no such name', async () => {
    await assert.rejects(lookupBy([])('nothing.invalid'), /ENOTFOUND|EAI_AGAIN/);
  });
});

// Two Kirins with one folder for certificates: one obtains them by HTTP-01, the other by TLS-ALPN-01, since Pebble asks each at one port.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { AutomaticSites } from '../support/automatic-sites.ts';
import { spawnLockHolder } from '../support/lock-holder.ts';
import { Pebble, pebbleIsMissing } from '../support/pebble.ts';
import { waitFor } from '../support/wait-for.ts';

const SITE = ['hosts = "blog.test"', 'tls = "automatic"', 'routes = [{ respond = "blog" }]'];
const WAITS = /Another Kirin obtains certificates for \S+: this one waits, and uses what is obtained/g;

describe('two Kirins with one acme_folder', { skip: pebbleIsMissing }, () => {
  let pebble: Pebble;
  let one: AutomaticSites;
  let other: AutomaticSites;

  before(async () => {
    pebble = await Pebble.start();
  });
  after(() => pebble?.stop());

  beforeEach(() => {
    one = new AutomaticSites(pebble, { sites: [SITE], speaks: ['http'] });
    other = new AutomaticSites(pebble, { sites: [SITE], speaks: ['https'] });
    mkdirSync(one.acmeFolder, { mode: 0o700 });
    symlinkSync(one.acmeFolder, other.acmeFolder);
  });

  afterEach(() => {
    one.remove();
    other.remove();
  });

  const isObtained = async () => (await other.certificate('blog.test')).issuer.includes('Pebble');

  it('obtain each certificate once, by one account, and both use it', async () => {
    const orders = pebble.orders;
    const [first, second] = await Promise.all([one.start(), other.start()]);
    await waitFor(isObtained, { timeoutMs: 30_000, what: 'the certificate' });
    for (const kirin of [first, second]) await kirin.waitForLog(/The certificate for blog\.test holds until/);
    assert.equal(pebble.orders, orders + 1);
    const obtained = `${first.log()}${second.log()}`.match(/Obtaining a certificate/g);
    assert.equal(obtained?.length, 1);
    const [folder = ''] = readdirSync(one.acmeFolder);
    assert.deepEqual(readdirSync(join(one.acmeFolder, folder)).sort(), [
      'account.json',
      'account.key',
      'blog.test.pem',
    ]);
    for (const kirin of [first, second]) await kirin.stop();
  });

  it('wait for one another, say so once, and go on when the other has ended without any', async () => {
    const { host, pathname } = new URL(pebble.directory);
    const folder = join(one.acmeFolder, `${host}${pathname}`.replace(/[^A-Za-z0-9.-]+/g, '-'));
    const holder = await spawnLockHolder(folder);
    assert.equal(holder.hasIt, true);
    const orders = pebble.orders;
    const kirin = await other.start();
    try {
      await kirin.waitForLog(WAITS);
      assert.doesNotMatch(kirin.log(), /Obtaining/);
      assert.equal(pebble.orders, orders);
      assert.match((await other.certificate('blog.test')).issuer, /Kirin: temporary/);
    } finally {
      await holder.kill();
    }
    await kirin.waitForLog(/Obtaining a certificate for blog\.test/);
    await waitFor(isObtained, { timeoutMs: 30_000, what: 'the certificate' });
    assert.equal(kirin.log().match(WAITS)?.length, 1);
    await kirin.stop();
  });
});

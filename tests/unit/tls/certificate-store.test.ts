import assert from 'node:assert/strict';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { makeAuthority, makeCertificate } from '../../../src/tls/certificate-maker.ts';
import { CertificateStore, isFor, TEMPORARY_ISSUER } from '../../../src/tls/certificate-store.ts';
import { makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';

const DIRECTORY = 'https://acme.test:14000/dir/';
const FROM = new Date(Date.UTC(2026, 0, 1));
const UNTIL = new Date(Date.UTC(2026, 3, 1));

describe('the store of certificates', () => {
  const root = makeTemporaryFolder();
  after(() => removeFolder(root));
  let folders = 0;
  const newStore = () => new CertificateStore(join(root, `${++folders}`, 'acme'), DIRECTORY);

  const authority = makeAuthority('A', { from: FROM, until: UNTIL });
  const certificate = async (...hosts: string[]) =>
    makeCertificate(hosts, { from: FROM, until: UNTIL }, await authority);

  it('gives back what it keeps, for whoever asks by the first host', async () => {
    const store = newStore();
    assert.equal(store.find(['shop.test']), null);
    const made = await certificate('shop.test', 'www.shop.test');
    const chain = made.certificate + (await authority).certificate;
    store.keep(['shop.test', 'www.shop.test'], { ...made, certificate: chain });
    const found = store.find(['shop.test']);
    assert.ok(found);
    assert.deepEqual(found.hosts, ['shop.test', 'www.shop.test']);
    assert.deepEqual([found.fromMs, found.untilMs], [FROM.getTime(), UNTIL.getTime()]);
    assert.deepEqual(
      [isFor(found, ['shop.test']), isFor(found, ['www.shop.test', 'shop.test'])],
      [false, true],
    );
    assert.equal(found.certificate.match(/BEGIN CERTIFICATE/g)?.length, 2);
    assert.ok(found.dice >= 0 && found.dice < 1);
    assert.deepEqual(new CertificateStore(join(store.folder, '..'), DIRECTORY).find(['shop.test']), found);
  });

  it('lets nobody else look into its files, and leaves no unfinished ones', async () => {
    const store = newStore();
    store.keep(['shop.test'], await certificate('shop.test'));
    store.write('account.key', 'secret');
    store.keepFailures(['other.test'], { count: 1, nextMs: 2, notBeforeMs: 0, reason: 'x' });
    assert.deepEqual(readdirSync(store.folder).sort(), ['account.key', 'other.test.json', 'shop.test.pem']);
    for (const name of readdirSync(store.folder))
      assert.equal(statSync(join(store.folder, name)).mode & 0o777, 0o600, name);
    for (const folder of [store.folder, join(store.folder, '..')])
      assert.equal(statSync(folder).mode & 0o777, 0o700);
  });

  it('has a folder for each authority', () => {
    assert.match(newStore().folder, /\/acme\.test-14000-dir$/);
    const other = new CertificateStore('/x', 'https://acme-v02.api.letsencrypt.org/directory');
    assert.equal(other.folder, '/x/acme-v02.api.letsencrypt.org-directory');
  });

  it('keeps no key that is another certificate’s, and takes a file that is broken for none', async () => {
    const store = newStore();
    const [one, other] = [await certificate('shop.test'), await certificate('shop.test')];
    assert.throws(() => store.keep(['shop.test'], { ...one, key: other.key }), /another certificate/);
    assert.equal(store.find(['shop.test']), null);
    store.keep(['shop.test'], one);
    writeFileSync(join(store.folder, 'shop.test.pem'), one.certificate);
    assert.equal(store.find(['shop.test']), null);
  });

  it('has a temporary one in the place of what is missing, and knows it from a real one', async () => {
    const store = newStore();
    const issuer = makeAuthority(TEMPORARY_ISSUER, { from: FROM, until: UNTIL });
    const temporary = await makeCertificate(['shop.test'], { from: FROM, until: UNTIL }, await issuer);
    const [before, after] = [FROM.getTime() + 1, UNTIL.getTime() + 1];
    assert.equal(store.canShow(['shop.test'], before), false);
    store.keepTemporary(['shop.test'], temporary);
    assert.equal(store.find(['shop.test']), null);
    assert.deepEqual(
      [store.canShow(['shop.test'], before), store.canShow(['shop.test'], after)],
      [true, false],
    );
    assert.equal(store.canShow(['shop.test', 'www.shop.test'], before), false);
    store.keep(['shop.test'], await certificate('shop.test'));
    assert.equal(store.find(['shop.test'])?.path, store.path(['shop.test']));
    assert.equal(store.canShow(['shop.test', 'www.shop.test'], after), true);
  });

  it('remembers failures until there is a certificate', async () => {
    const store = newStore();
    assert.equal(store.failures(['shop.test']).count, 0);
    const failures = { count: 3, nextMs: 1234, notBeforeMs: 99, reason: 'no' };
    store.keepFailures(['shop.test'], failures);
    assert.deepEqual(store.failures(['shop.test']), failures);
    store.keep(['shop.test'], await certificate('shop.test'));
    assert.equal(store.failures(['shop.test']).count, 0);
    writeFileSync(join(store.folder, 'shop.test.json'), '{');
    assert.equal(store.failures(['shop.test']).count, 0);
  });
});

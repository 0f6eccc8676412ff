import assert from 'node:assert/strict';
import { copyFileSync, renameSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Certificates } from '../../../src/arbiter/certificates.ts';
import { TicketSecret } from '../../../src/arbiter/ticket-secret.ts';
import { KirinError } from '../../../src/base/errors.ts';
import type { ResolvedConfig } from '../../../src/config/resolved-config.ts';
import { readToml } from '../../../src/config/toml/toml-document.ts';
import { tomlSettings } from '../../../src/config/toml/toml-settings.ts';
import { type Certificate, CertificateFolder, opensslIsMissing } from '../../support/certificates.ts';

describe('the certificates of a configuration', { skip: opensslIsMissing }, () => {
  const tickets = new TicketSecret();
  let folder: CertificateFolder;
  beforeEach(() => {
    folder = new CertificateFolder();
    install('shop', folder.certificate('first'));
    install('office', folder.certificate('other'));
  });
  afterEach(() => folder.remove());

  function install(name: string, { cert, key }: Certificate): void {
    copyFileSync(cert, folder.file(`${name}-live.pem`));
    copyFileSync(key, folder.file(`${name}-live.key`));
  }

  function read(more = ''): Certificates {
    const toml = readToml(`
[[sites]]
hosts = "shop.example"
tls = { certificate = "shop-live.pem", key = "shop-live.key" }
[[sites]]
hosts = "office.example"
tls = { certificate = "office-live.pem", key = "office-live.key" ${more} }
`);
    assert.ok(!('fault' in toml));
    const { front } = tomlSettings('kirin.toml', folder.path, toml);
    const settings = { certfile: null, keyfile: null, ca_certs: null, cert_reqs: 0, ciphers: null };
    return new Certificates(
      {
        settings: { ...settings, http_protocols: ['h1'], chdir: folder.path },
        sources: { http_protocols: 'default', cert_reqs: 'default', ciphers: 'default' },
        front,
        sslContext: null,
      } as unknown as ResolvedConfig,
      tickets,
      Date.now(),
    );
  }
  const [usualOf, officeOf] = [
    ({ tls }: Certificates) => tls.certificates,
    ({ tls }: Certificates) => tls.sites[1]?.certificates,
  ];
  const look = (certificates: Certificates, nowMs = Date.now()) => certificates.look(nowMs);
  const NO_NEWS = { isNew: false, notices: [] };

  it('are the sites’, and the first one’s is that of all others', () => {
    const certificates = read();
    const { tls } = certificates;
    assert.equal(tls.certificates, tls.sites[0]?.certificates);
    assert.deepEqual(
      tls.sites.map(({ hosts }) => hosts),
      [['shop.example'], ['office.example']],
    );
    assert.deepEqual(tls.protocols, ['h2', 'http/1.1']);
    assert.notEqual(usualOf(certificates), officeOf(certificates));
  });

  it('are no news as long as nothing has changed, or only a file’s time', async () => {
    const certificates = read();
    assert.deepEqual(await look(certificates), NO_NEWS);
    utimesSync(folder.file('shop-live.pem'), 1, 1);
    assert.deepEqual(await look(certificates), NO_NEWS);
  });

  it('are read when they have changed, and told of', async () => {
    const certificates = read();
    const [shop, office] = [usualOf(certificates), officeOf(certificates)];
    install('shop', folder.certificate('second'));
    const { isNew, notices } = await look(certificates);
    assert.equal(isNew, true);
    assert.match(
      notices[0]?.message ?? '',
      /^New: certificate \S+shop-live\.pem \(of the site shop\.example.* holds until /,
    );
    assert.notEqual(usualOf(certificates), shop);
    assert.equal(officeOf(certificates), office);
    assert.deepEqual(await look(certificates), NO_NEWS);
  });

  it('may be links that are replaced', async () => {
    const { cert, key } = folder.certificate('second');
    for (const [file, link] of [
      [cert, 'shop-live.pem'],
      [key, 'shop-live.key'],
    ] as const) {
      symlinkSync(file, folder.file('link'));
      renameSync(folder.file('link'), folder.file(link));
    }
    const certificates = read();
    const third = folder.certificate('third');
    renameSync(third.cert, cert);
    renameSync(third.key, key);
    assert.equal((await look(certificates)).isNew, true);
  });

  it('are not told of while a pair is half written', async () => {
    const certificates = read();
    const before = usualOf(certificates);
    const second = folder.certificate('second');
    copyFileSync(second.cert, folder.file('shop-live.pem'));
    assert.deepEqual(await look(certificates), NO_NEWS);
    assert.equal(usualOf(certificates), before);
    copyFileSync(second.key, folder.file('shop-live.key'));
    assert.equal((await look(certificates)).isNew, true);
    assert.notEqual(usualOf(certificates), before);
  });

  it('stay in use when the new one is broken, which is told once, and others are read', async () => {
    const certificates = read();
    const before = usualOf(certificates);
    rmSync(folder.file('shop-live.key'));
    install('office', folder.certificate('newer'));
    assert.equal((await look(certificates)).isNew, true);
    const { isNew, notices } = await look(certificates);
    assert.equal(isNew, false);
    assert.equal(notices.length, 1);
    assert.equal(notices[0]?.level, 'error');
    assert.match(
      notices[0]?.message ?? '',
      /not taken, the one in use goes on: key .*shop-live\.key .* there is no such file/,
    );
    assert.deepEqual(await look(certificates), NO_NEWS);
    assert.equal(usualOf(certificates), before);
    install('shop', folder.certificate('third'));
    assert.equal((await look(certificates)).isNew, true);
  });

  it('are not replaced by one that has expired, unless they have, too', async () => {
    const certificates = read();
    const before = usualOf(certificates);
    install('shop', folder.certificate('old', { days: -1 }));
    assert.deepEqual(await look(certificates), NO_NEWS);
    assert.match((await look(certificates)).notices[0]?.message ?? '', /shop-live\.pem .* has expired on/);
    assert.equal(usualOf(certificates), before);
    const inAYear = Date.now() + 366 * 86_400_000;
    install('shop', folder.certificate('older', { days: -1 }));
    const { isNew, notices } = await look(certificates, inAYear);
    assert.equal(isNew, true);
    assert.deepEqual(
      notices.map(({ level }) => level),
      ['info', 'warning'],
    );
  });

  it('come with those who sign clients’ certificates, which are read again, too', async () => {
    const staff = folder.certificate('staff');
    const certificates = read(`, client_ca = "staff.pem"`);
    const authorities = () => certificates.tls.sites[1]?.clientAuthorities;
    assert.equal(authorities()?.trim(), folder.read(staff.cert).trim());
    const other = folder.certificate('other-staff');
    copyFileSync(other.cert, staff.cert);
    assert.equal((await look(certificates)).isNew, true);
    assert.equal(authorities()?.trim(), folder.read(other.cert).trim());
  });

  it('come with a secret for session tickets, the same for a day', async () => {
    const certificates = read();
    const { ticketSecret } = certificates.tls;
    assert.equal(Buffer.from(ticketSecret, 'base64').length, 32);
    assert.equal(read().tls.ticketSecret, ticketSecret);
    assert.deepEqual(await look(certificates), NO_NEWS);
    const tomorrow = Date.now() + 86_400_001;
    assert.deepEqual(await look(certificates, tomorrow), { isNew: true, notices: [] });
    assert.notEqual(certificates.tls.ticketSecret, ticketSecret);
    assert.deepEqual(await look(certificates, tomorrow), NO_NEWS);
  });

  it('are an error when they cannot be read at the start', () => {
    rmSync(folder.file('office-live.pem'));
    assert.throws(read, (error: unknown) => {
      return (
        error instanceof KirinError && /of the site office\.example, kirin\.toml:7:7/.test(error.message)
      );
    });
  });
});

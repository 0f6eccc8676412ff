import assert from 'node:assert/strict';
import { copyFileSync, existsSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { type Certificate, CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { type KirinProcess, withKirin } from '../support/kirin.ts';
import { fixture } from '../support/project.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { waitFor } from '../support/wait-for.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('without a signal the certificate', { skip: opensslIsMissing }, () => {
  const folder = new CertificateFolder();
  const shop = folder.certificate('shop', { hosts: ['shop.example'] });
  const office = folder.certificate('office', { hosts: ['office.example'] });
  const live = (name: string) => folder.file(`live-${name}`);
  after(() => folder.remove());

  /** As certbot does: links are put in the place of links. */
  function link(file: string, name: string): void {
    symlinkSync(file, `${live(name)}.new`);
    renameSync(`${live(name)}.new`, live(name));
  }
  link(shop.cert, 'shop.pem');
  link(shop.key, 'shop.key');
  copyFileSync(office.cert, live('office.pem'));
  copyFileSync(office.key, live('office.key'));
  folder.write(
    'kirin.toml',
    `
app = "dangerous:app"
chdir = "${fixture('apps')}"
bind = "https://127.0.0.1:0"
sites = [
  { hosts = "shop.example", tls = { certificate = "live-shop.pem", key = "live-shop.key" } },
  { hosts = "office.example", tls = { certificate = "live-office.pem", key = "live-office.key" } },
]
`,
  );

  it('is read when it has changed, by the edge alone, and another that is broken changes nothing', async () => {
    await withKirin({ args: ['-c', folder.file('kirin.toml')], bind: [] }, async (kirin) => {
      const numberSeen = async (servername: string) => {
        const tls = { rejectUnauthorized: false, servername };
        const client = await RawConnection.open({ port: kirin.port, tls });
        const { serialNumber } = client.secured.getPeerCertificate();
        client.send(REQUEST.replace('Host: a', `Host: ${servername}`));
        assert.equal((await client.readResponse()).status, 200);
        client.destroy();
        return serialNumber;
      };
      const workers = kirin.workerPids();
      const [shopBefore, officeBefore] = [
        await numberSeen('shop.example'),
        await numberSeen('office.example'),
      ];

      const renewed = folder.certificate('shop-2', { hosts: ['shop.example'] });
      link(renewed.cert, 'shop.pem');
      link(renewed.key, 'shop.key');
      copyFileSync(renewed.cert, live('office.pem'));
      const timeoutMs = 40_000;
      await kirin.waitForLog(/INFO\] New: certificate \S+live-shop\.pem .* holds until/, { timeoutMs });
      const told =
        /ERROR\] The new certificate is not taken, the one in use goes on: key \S+live-office\.key \(of the site office\.example.* does not belong/;
      await kirin.waitForLog(told, { timeoutMs });
      assert.notEqual(await numberSeen('shop.example'), shopBefore);
      assert.equal(await numberSeen('office.example'), officeBefore);

      copyFileSync(renewed.key, live('office.key'));
      await kirin.waitForLog(/New: certificate \S+live-office\.pem/, { timeoutMs });
      assert.notEqual(await numberSeen('office.example'), officeBefore);
      assert.deepEqual(kirin.workerPids(), workers);
      assert.doesNotMatch(kirin.log(), /generation 2/);

      const edge = kirin.edgePid();
      process.kill(edge, 'SIGKILL');
      await kirin.waitForLog(/Listening again/);
      assert.notEqual(await numberSeen('shop.example'), shopBefore);
    });
  });
});

describe('on HUP the certificate', { skip: opensslIsMissing }, () => {
  let folder: CertificateFolder;
  let certfile: string;
  let keyfile: string;

  beforeEach(() => {
    folder = new CertificateFolder();
    certfile = folder.file('site.pem');
    keyfile = folder.file('site.key');
    install(folder.certificate('first'));
  });
  afterEach(() => folder.remove());

  function install({ cert, key }: Certificate): void {
    copyFileSync(cert, certfile);
    copyFileSync(key, keyfile);
  }

  const serving = (use: (kirin: KirinProcess) => Promise<void>) =>
    withKirin({ app: 'dangerous:app', args: ['--certfile', certfile, '--keyfile', keyfile, '-w', '2'] }, use);
  const open = ({ port }: KirinProcess) => RawConnection.open({ port, tls: { rejectUnauthorized: false } });
  const nameSeen = async (kirin: KirinProcess) => {
    const client = await open(kirin);
    const { subject } = client.secured.getPeerCertificate();
    client.send(REQUEST);
    assert.equal((await client.readResponse()).status, 200);
    client.destroy();
    return subject.CN;
  };

  it('is read anew, while requests and connections go on', async () => {
    const path = folder.file('go');
    await serving(async (kirin) => {
      const kept = await open(kirin);
      kept.send(REQUEST);
      await kept.readResponse();
      const busy = await open(kirin);
      busy.send(`GET /wait-for-file?path=${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await waitFor(() => existsSync(`${path}.started`));

      install(folder.certificate('second'));
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Ready: 2 workers, generation 2/);
      assert.equal(await nameSeen(kirin), 'second');
      kept.send(REQUEST);
      assert.equal((await kept.readResponse()).status, 200);
      writeFileSync(path, '');
      assert.equal((await busy.readResponse()).status, 200);
      busy.send(REQUEST);
      assert.equal((await busy.readResponse()).status, 200);
      kept.destroy();
      busy.destroy();
    });
  });

  it('stays what it was when the new one is broken, and the log says why', async () => {
    await serving(async (kirin) => {
      const { key } = folder.certificate('second');
      copyFileSync(key, keyfile);
      kirin.signal('SIGHUP');
      await kirin.waitForLog(
        /Not reloaded, the configuration is not valid any more: keyfile \S+site\.key \(from the command line\): the private key does not belong to the certificate/,
      );
      assert.equal(await nameSeen(kirin), 'first');
      install(folder.certificate('third'));
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Ready: 2 workers, generation 2/);
      assert.equal(await nameSeen(kirin), 'third');
    });
  });

  it('survives the edge', async () => {
    await serving(async (kirin) => {
      install(folder.certificate('second'));
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Ready: 2 workers, generation 2/);
      process.kill(kirin.edgePid(), 'SIGKILL');
      await kirin.waitForLog(/Listening again/);
      assert.equal(await nameSeen(kirin), 'second');
    });
  });

  it('and its key are told to nobody', async () => {
    await serving(async (kirin) => {
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Ready: 2 workers, generation 2/);
      assert.equal(await nameSeen(kirin), 'first');
      assert.doesNotMatch(kirin.log() + kirin.stdout(), /PRIVATE KEY|MIG/);
      for (const { command } of kirin.processes()) assert.doesNotMatch(command, /PRIVATE KEY|MIG/);
    });
  });
});

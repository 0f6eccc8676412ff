import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type KirinProcess, startKirin } from '../support/kirin.ts';
import { fixture } from '../support/project.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

describe('sites with tls = "local"', () => {
  const folder = makeTemporaryFolder();
  after(() => removeFolder(folder));
  const file = join(folder, 'kirin.toml');
  const authority = join(folder, 'data/kirin/dev-cert/authority.pem');

  async function start(hosts: string): Promise<KirinProcess> {
    writeFileSync(
      file,
      `app = "environ_dump:app"\nchdir = "${fixture('apps')}"\nbind = "https://127.0.0.1:0"\n[[sites]]\n${hosts}\ntls = "local"\nroutes = [{ respond = "local" }]\n`,
    );
    return startKirin({ args: ['-c', file], bind: [], env: { XDG_DATA_HOME: join(folder, 'data') } });
  }

  async function ask({ port }: KirinProcess, servername: string): Promise<string> {
    const tls = { ca: readFileSync(authority, 'utf8'), servername };
    const client = await RawConnection.open({ port, tls });
    client.send(`GET / HTTP/1.1\r\nHost: ${servername}\r\nConnection: close\r\n\r\n`);
    const response = await client.readResponse();
    await client.readToEnd();
    return response.body.toString();
  }

  const serialOf = (name: string) =>
    new X509Certificate(readFileSync(join(folder, 'data/kirin/dev-cert/sites', name))).serialNumber;

  it('have a certificate of this machine’s authority, the same after a restart, and another for other hosts', async () => {
    const first = await start('hosts = ["shop.test", "*.shop.test"]');
    assert.equal(await ask(first, 'shop.test'), 'local');
    assert.equal(await ask(first, 'www.shop.test'), 'local');
    await first.stop();
    const serial = serialOf('shop.test.pem');
    assert.equal(statSync(join(folder, 'data/kirin/dev-cert/sites/shop.test.pem')).mode & 0o777, 0o600);

    const second = await start('hosts = ["shop.test", "*.shop.test"]');
    assert.equal(await ask(second, 'shop.test'), 'local');
    await second.stop();
    assert.equal(serialOf('shop.test.pem'), serial);

    const third = await start('hosts = ["shop.test", "blog.test"]');
    assert.equal(await ask(third, 'blog.test'), 'local');
    await third.stop();
    assert.notEqual(serialOf('shop.test.pem'), serial);
  });

  it('have all the same authority, also when it is made for them', async () => {
    removeFolder(join(folder, 'data'));
    const kirin = await start('hosts = "a.test"\ntls = "local"\n[[sites]]\nhosts = "b.test"');
    assert.notEqual(await ask(kirin, 'a.test'), '');
    assert.equal(await ask(kirin, 'b.test'), 'local');
    await kirin.stop();
  });

  it('are for localhost where they name no hosts', async () => {
    const kirin = await start('');
    assert.equal(await ask(kirin, 'localhost'), 'local');
    const serial = serialOf('localhost.pem');
    await kirin.stop();
    const again = await start('');
    await again.stop();
    assert.equal(serialOf('localhost.pem'), serial);
  });
});

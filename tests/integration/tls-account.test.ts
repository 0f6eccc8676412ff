import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { installKirin } from '../support/install-kirin.ts';
import { withKirin } from '../support/kirin.ts';
import { userIdOf } from '../support/processes.ts';
import { fixture } from '../support/project.ts';
import { RawConnection } from '../support/raw-connection.ts';

const NOBODY = 65_534;
const skip =
  opensslIsMissing || (process.getuid?.() !== 0 && 'only root may have a key that others may not read');

describe('a key that only root may read', { skip }, () => {
  it('is used by an edge that runs as somebody else, also after a reload', async () => {
    const folder = new CertificateFolder();
    try {
      chmodSync(folder.path, 0o755);
      cpSync(fixture('apps'), folder.file('apps'), { recursive: true });
      const secret = folder.file('secret');
      mkdirSync(secret, { mode: 0o700 });
      const [certfile, keyfile] = [join(secret, 'site.pem'), join(secret, 'site.key')];
      const install = (name: string) => {
        const { cert, key } = folder.certificate(name);
        copyFileSync(cert, certfile);
        copyFileSync(key, keyfile);
        chmodSync(keyfile, 0o600);
      };
      install('first');
      const account = ['--user', 'nobody', '--group', `${NOBODY}`, '--python', '/usr/bin/python3'];
      const options = {
        program: installKirin(folder.path),
        app: 'wrong:app',
        cwd: folder.file('apps'),
        args: [...account, '--certfile', certfile, '--keyfile', keyfile],
      };
      await withKirin(options, async (kirin) => {
        const nameSeen = async () => {
          const client = await RawConnection.open({ port: kirin.port, tls: { rejectUnauthorized: false } });
          const { subject } = client.secured.getPeerCertificate();
          client.destroy();
          return subject.CN;
        };
        assert.equal(userIdOf(kirin.edgePid()), NOBODY);
        assert.equal(await nameSeen(), 'first');
        install('second');
        kirin.signal('SIGHUP');
        await kirin.waitForLog(/Ready: 1 worker, generation 2/);
        assert.equal(await nameSeen(), 'second');
      });
    } finally {
      folder.remove();
    }
  });
});

import assert from 'node:assert/strict';
import { chmodSync, cpSync, existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { installKirin } from '../support/install-kirin.ts';
import { KirinProcess } from '../support/kirin.ts';
import { userIdOf } from '../support/processes.ts';
import { fixture } from '../support/project.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const NOBODY = 65_534;
const ACCOUNT = ['--user', 'nobody', '--group', String(NOBODY), '--python', '/usr/bin/python3'];

describe('another account', { skip: process.getuid?.() !== 0 && 'only root may change the user' }, () => {
  let folder: string;
  beforeEach(() => {
    folder = makeTemporaryFolder();
    chmodSync(folder, 0o755);
  });
  afterEach(() => removeFolder(folder));

  it('goes on writing to logs that were rotated, in a folder where it may not make files', async () => {
    cpSync(fixture('apps'), join(folder, 'apps'), { recursive: true });
    const [errors, access] = [join(folder, 'error.log'), join(folder, 'access.log')];
    const args = [...ACCOUNT, '--error-logfile', errors, '--access-logfile', access];
    const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
    const kirin = new KirinProcess({
      program: installKirin(folder),
      app: 'wrong:app',
      cwd: join(folder, 'apps'),
      args,
    });
    try {
      const port = await waitFor(() => /Ready: 1/.test(read(errors)) && /:(\d+) \(/.exec(read(errors))?.[1]);
      for (const pid of kirin.workerPids()) assert.equal(userIdOf(pid), NOBODY);
      for (const path of [errors, access]) renameSync(path, `${path}.1`);
      kirin.signal('SIGUSR1');
      await waitFor(
        async () => {
          await fetch(`http://127.0.0.1:${port}/raises`);
          return /Traceback/.test(read(errors)) && /\/raises/.test(read(access));
        },
        { what: 'both logs in new files', details: () => read(errors) + read(`${errors}.1`) },
      );
      assert.doesNotMatch(read(`${errors}.1`), /Cannot reopen/);
    } finally {
      await kirin.stop();
    }
  });

  it('has no group of the one who started kirin', async () => {
    cpSync(fixture('apps'), join(folder, 'apps'), { recursive: true });
    const kirin = new KirinProcess({
      program: installKirin(folder),
      app: 'dangerous:app',
      cwd: join(folder, 'apps'),
      args: ACCOUNT,
    });
    try {
      await kirin.waitUntilReady();
      for (const pid of [kirin.edgePid(), ...kirin.workerPids()]) {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        assert.match(status, /^Uid:(\s+65534){4}$/m);
        assert.match(status, /^Gid:(\s+65534){4}$/m);
        assert.match(status, /^Groups:\s*(65534\s*)?$/m);
        assert.match(status, /^CapEff:\s+0+$/m);
      }
    } finally {
      await kirin.stop();
    }
  });
});

import assert from 'node:assert/strict';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { installKirin } from '../support/install-kirin.ts';
import { KirinProcess, runKirin } from '../support/kirin.ts';
import { userIdOf } from '../support/processes.ts';
import { fixture } from '../support/project.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const NOBODY = 65_534;
const ACCOUNT = ['--user', 'nobody', '--group', String(NOBODY), '--python', '/usr/bin/python3'];

/** Each once. */
const sorted = (groups: readonly number[]) => [...new Set(groups)].sort((a, b) => a - b);

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

  it('that may not read what Kirin needs is told of in one sentence, with the way to mend it', async () => {
    const locked = join(folder, 'locked');
    mkdirSync(locked, { mode: 0o700 });
    cpSync(fixture('apps'), join(folder, 'apps'), { recursive: true });
    const { code, log } = await runKirin({
      program: installKirin(locked),
      app: 'dangerous:app',
      cwd: join(folder, 'apps'),
      args: ACCOUNT,
    });
    assert.equal(code, 1);
    assert.match(log, /user 65534 may not enter \S+\/locked, and needs kirin's own files \(\S+\/main\.js\)/);
    assert.match(log, /Let that user in/);
    assert.doesNotMatch(log, /node:internal|Traceback|Starting kirin/);
  });

  it('that may not enter the folder of the application is told of too', async () => {
    cpSync(fixture('apps'), join(folder, 'apps'), { recursive: true });
    chmodSync(join(folder, 'apps'), 0o711);
    const { code, log } = await runKirin({
      program: installKirin(folder),
      app: 'dangerous:app',
      cwd: join(folder, 'apps'),
      args: [...ACCOUNT, '--check-config'],
    });
    assert.equal(code, 1);
    assert.match(log, /user 65534 may not read \S+\/apps, and needs the app's folder/);
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

  for (const [what, args, groups] of [
    ['has its own group alone', [], [NOBODY]],
    ['has all of its groups with --initgroups', ['--initgroups'], [20, 27, NOBODY]],
  ] as const) {
    it(`${what}, in edge and workers alike`, async () => {
      const source =
        'import os\ndef app(e, s):\n    s("200 OK", [])\n    return [repr(os.getgroups()).encode()]\n';
      writeFileSync(join(folder, 'main.py'), source);
      // Seen by this Kirin alone.
      writeFileSync(join(folder, 'group'), `nogroup:x:${NOBODY}:\ndialout:x:20:nobody\nsudo:x:27:nobody\n`);
      const inner = [
        process.execPath,
        installKirin(folder),
        '--bind',
        '127.0.0.1:0',
        ...ACCOUNT,
        ...args,
        'main:app',
      ];
      const mount = `mount --bind ${join(folder, 'group')} /etc/group && exec ${inner.join(' ')}`;
      const kirin = new KirinProcess({ commandLine: `unshare --mount sh -c '${mount}'`, cwd: folder });
      try {
        await kirin.waitUntilReady();
        const inWorker = JSON.parse(await (await fetch(kirin.url)).text()) as number[];
        assert.deepEqual(sorted([NOBODY, ...inWorker]), groups);
        for (const pid of [kirin.edgePid(), ...kirin.workerPids()]) {
          assert.equal(userIdOf(pid), NOBODY);
          const line = /^Groups:(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
          assert.deepEqual(sorted([NOBODY, ...line.split(/\s+/).filter(Boolean).map(Number)]), groups);
        }
      } finally {
        await kirin.stop();
      }
    });
  }

  it('is switched to with all of its groups for --check-config, too', async () => {
    writeFileSync(join(folder, 'main.py'), 'import os\nassert os.getuid() == 65534\napp = print\n');
    const args = [...ACCOUNT, '--initgroups', '--check-config'];
    const ended = await runKirin({ program: installKirin(folder), app: 'main:app', cwd: folder, args });
    assert.equal(ended.code, 0, ended.log);
  });
});

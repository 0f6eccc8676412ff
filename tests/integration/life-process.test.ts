import assert from 'node:assert/strict';
import { chmodSync, cpSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { installKirin } from '../support/install-kirin.ts';
import { runKirin, withKirin } from '../support/kirin.ts';
import { userIdOf } from '../support/processes.ts';
import { fixture } from '../support/project.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

describe('the pid file', () => {
  let folder: string;
  let pidFile: string;

  beforeEach(() => {
    folder = makeTemporaryFolder();
    pidFile = join(folder, 'kirin.pid');
  });

  afterEach(() => {
    removeFolder(folder);
  });

  it('names the arbiter while it runs, and is removed', async () => {
    await withKirin({ app: 'dangerous:app', args: ['--pid', pidFile] }, async (kirin) => {
      assert.equal(readFileSync(pidFile, 'utf8'), `${kirin.pid}\n`);
    });
    assert.equal(existsSync(pidFile), false);
  });

  it('of a process that is gone is replaced', async () => {
    writeFileSync(pidFile, '4194303\n');
    await withKirin({ app: 'dangerous:app', args: ['--pid', pidFile] }, async (kirin) => {
      assert.equal(readFileSync(pidFile, 'utf8'), `${kirin.pid}\n`);
    });
  });

  it('of a process that runs is respected', async () => {
    writeFileSync(pidFile, `${process.pid}\n`);
    const ended = await runKirin({ app: 'dangerous:app', args: ['--pid', pidFile] });
    assert.equal(ended.code, 1);
    assert.match(ended.log, new RegExp(`the pid file .* names process ${process.pid}, which is running`));
    assert.equal(readFileSync(pidFile, 'utf8'), `${process.pid}\n`);
  });
});

describe('a pid file that cannot be written', () => {
  it('is a clear error, before anything is served', async () => {
    const ended = await runKirin({ app: 'dangerous:app', args: ['--pid', '/nowhere/kirin.pid'] });
    assert.equal(ended.code, 1);
    assert.match(ended.log, /^kirin: the pid file cannot be written: ENOENT.*\/nowhere\/kirin\.pid/m);
    assert.doesNotMatch(ended.log, /Listening/);
  });
});

describe('the environment of the application', () => {
  it('has the variables of --env', async () => {
    const folder = makeTemporaryFolder();
    const source = [
      'import os',
      'def app(environ, start_response):',
      "    start_response('200 OK', [])",
      "    return [os.environ['GREETING'].encode()]",
    ].join('\n');
    writeFileSync(join(folder, 'main.py'), source);
    try {
      const args = ['--env', 'GREETING=hello=world'];
      await withKirin({ app: 'main:app', cwd: folder, args }, async (kirin) => {
        assert.equal(await (await fetch(kirin.url)).text(), 'hello=world');
      });
    } finally {
      removeFolder(folder);
    }
  });
});

describe('process titles', () => {
  it('name the role and the application', async () => {
    await withKirin({ app: 'dangerous:app', args: ['--name', 'shop'] }, async (kirin) => {
      const commands = kirin.processes().map(({ command }) => command);
      assert.ok(
        commands.some((command) => command.startsWith('kirin: master [shop]')),
        commands.join('\n'),
      );
      assert.ok(
        commands.some((command) => command.startsWith('kirin: edge [shop]')),
        commands.join('\n'),
      );
      const [worker] = kirin.workerPids();
      // Without setproctitle in the environment this is all that a Python process can show.
      assert.match(readFileSync(`/proc/${worker}/comm`, 'utf8'), /^kirin: worker/);
    });
  });
});

describe('another user', { skip: process.getuid?.() !== 0 && 'only root may change the user' }, () => {
  const NOBODY = 65_534;

  it('runs edge, zygote and workers, and owns unix sockets and logs', async () => {
    const folder = makeTemporaryFolder();
    chmodSync(folder, 0o755);
    const path = join(folder, 'app.sock');
    const log = join(folder, 'access.log');
    const account = ['--user', 'nobody', '--group', String(NOBODY), '--python', '/usr/bin/python3'];
    const args = [...account, '--access-logfile', log];
    const bind = ['127.0.0.1:0', `unix:${path}`];
    try {
      cpSync(fixture('apps'), join(folder, 'apps'), { recursive: true });
      const options = {
        program: installKirin(folder),
        cwd: join(folder, 'apps'),
        app: 'dangerous:app',
        args,
        bind,
      };
      await withKirin(options, async (kirin) => {
        for (const { pid } of kirin.processes()) {
          assert.equal(userIdOf(pid), pid === kirin.pid ? 0 : NOBODY);
        }
        assert.equal((await fetch(kirin.url)).status, 200);
        assert.equal(statSync(path).uid, NOBODY);
        assert.equal(statSync(log).uid, NOBODY);
        await waitFor(() => readFileSync(log, 'utf8').includes('GET / HTTP/1.1'));
      });
    } finally {
      removeFolder(folder);
    }
  });
});

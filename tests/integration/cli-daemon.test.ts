import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { KirinProcess, runKirin } from '../support/kirin.ts';
import { exchange } from '../support/raw-connection.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const HELLO = `import os
def app(environ, start_response):
    start_response('200 OK', [('Content-Length', '5')])
    return [b'hello']
`;

describe('--daemon', () => {
  const root = makeTemporaryFolder();
  after(() => removeFolder(root));

  function appFolder(source: string): string {
    const folder = mkdtempSync(join(root, 'app-'));
    writeFileSync(join(folder, 'hello.py'), source);
    return folder;
  }

  it('keeps its output with -R, where that is no terminal', async () => {
    const folder = appFolder(HELLO.replace('import os', "print('of the app', flush=True)"));
    const kirin = new KirinProcess({ app: 'hello:app', cwd: folder, args: ['-D', '-R', '-p', 'kirin.pid'] });
    try {
      assert.equal((await kirin.ended()).code, 0, kirin.log());
      await waitFor(() => /Ready: 1 worker/.test(kirin.log()) && kirin.stdout() === 'of the app\n');
      process.kill(Number(readFileSync(join(folder, 'kirin.pid'), 'utf8')), 'SIGTERM');
      await kirin.stop();
    } finally {
      kirin.discard();
    }
  });

  it('returns once the daemon serves; the pid in its file ends it', async () => {
    const folder = appFolder(HELLO);
    const kirin = new KirinProcess({
      app: 'hello:app',
      cwd: root,
      args: [
        '-D',
        '--chdir',
        folder,
        '-p',
        'kirin.pid',
        '--error-logfile',
        'error.log',
        '--access-logfile',
        'access.log',
      ],
    });
    try {
      assert.equal((await kirin.ended()).code, 0, kirin.log());
      assert.equal(kirin.log() + kirin.stdout(), '');

      // Relative paths lie in the folder that --chdir names.
      const port = Number(
        /Listening at: http:\/\/\S+:(\d+)/.exec(readFileSync(join(folder, 'error.log'), 'utf8'))?.[1],
      );
      const response = await exchange({ port }, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      assert.equal(response.body.toString(), 'hello');

      const pid = Number(readFileSync(join(folder, 'kirin.pid'), 'utf8'));
      const daemon = kirin.processes().find((facts) => facts.pid === pid);
      assert.ok(daemon, 'the pid in the file is that of the daemon');
      process.kill(pid, 'SIGTERM');
      await kirin.stop();
      assert.match(readFileSync(join(folder, 'access.log'), 'utf8'), /"GET \/ HTTP\/1\.1" 200 5 /);
    } finally {
      kirin.discard();
    }
  });

  it('has neither a terminal nor the session of the command', async () => {
    const folder = appFolder(HELLO);
    const kirin = new KirinProcess({ app: 'hello:app', cwd: folder, args: ['-D', '-p', 'kirin.pid'] });
    try {
      assert.equal((await kirin.ended()).code, 0, kirin.log());
      const pid = Number(readFileSync(join(folder, 'kirin.pid'), 'utf8'));
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const [, , , session, terminal] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      assert.equal(Number(session), pid);
      assert.equal(terminal, '0');
      process.kill(pid, 'SIGTERM');
      await kirin.stop();
    } finally {
      kirin.discard();
    }
  });

  it('that cannot load its application shows the traceback on the terminal, and exits with 3', async () => {
    const { code, log } = await runKirin({
      app: 'hello:app',
      cwd: appFolder('import no_such_module\n'),
      args: ['-D'],
    });
    assert.equal(code, 3);
    assert.match(log, /No module named 'no_such_module'/);
    assert.match(log, /kirin: the daemon did not start, for the application does not load\n$/);
  });

  it('that cannot listen says so on the terminal, and exits with 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    try {
      const { code, log } = await runKirin({
        app: 'hello:app',
        bind: [`127.0.0.1:${port}`],
        cwd: appFolder(HELLO),
        args: ['-D'],
      });
      assert.equal(code, 1);
      assert.match(
        log,
        new RegExp(`^kirin: cannot listen on 127\\.0\\.0\\.1:${port}: the address is in use`),
      );
    } finally {
      taken.close();
    }
  });

  it('interrupted before it serves, leaves no daemon behind', async () => {
    const kirin = new KirinProcess({
      app: 'hello:app',
      cwd: appFolder('import time\ntime.sleep(60)\n'),
      args: ['-D'],
    });
    try {
      await waitFor(() => kirin.processes().some(({ command }) => command.includes('kirin_worker')), {
        what: 'the daemon’s zygote',
        details: () => kirin.log(),
      });
      kirin.signal('SIGINT');
      assert.equal((await kirin.ended()).code, 130);
      assert.match(kirin.log(), /interrupted before the daemon served/);
      await kirin.assertNothingLeft();
    } finally {
      kirin.discard();
    }
  });
});

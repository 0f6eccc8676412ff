import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { bindTcp } from '../../src/arbiter/bind-socket.ts';
import { KirinProcess, runKirin, startKirin, withKirin } from '../support/kirin.ts';
import { fixture, projectRoot, testVenv } from '../support/project.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

/** Somebody else who listens; its port or path. */
async function occupy(where: { port: number; host: string } | { path: string }) {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(where, resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    free: () => new Promise((resolve) => server.close(resolve)),
  };
}

const getByPath = (socketPath: string) =>
  new Promise<number>((resolve, reject) => {
    request({ socketPath, path: '/' }, (response) => resolve(response.resume().statusCode ?? 0))
      .on('error', reject)
      .end();
  });

describe('an address in use', () => {
  it('is tried five times; then kirin ends with 1 and says who holds it', async () => {
    const other = await occupy({ port: 0, host: '127.0.0.1' });
    try {
      const ended = await runKirin({ app: 'dangerous:app', bind: [`127.0.0.1:${other.port}`] });
      assert.equal(ended.code, 1);
      assert.equal(ended.log.match(/Connection in use/g)?.length, 4);
      assert.match(ended.log, new RegExp(`cannot listen on 127.0.0.1:${other.port}`));
      assert.match(ended.log, new RegExp(`in use by \\S+ \\(pid ${process.pid}\\)`));
    } finally {
      await other.free();
    }
  });

  it('that becomes free meanwhile is taken', async () => {
    const other = await occupy({ port: 0, host: '127.0.0.1' });
    const kirin = new KirinProcess({ app: 'dangerous:app', bind: [`127.0.0.1:${other.port}`] });
    await kirin.waitForLog(/Connection in use/);
    await other.free();
    await kirin.waitUntilReady();
    await kirin.stop();
  });

  it('that somebody takes while kirin is starting is waited for', async () => {
    const other = bindTcp('127.0.0.1', 0); // bound, not listening: others can bind it too
    const kirin = new KirinProcess({ app: 'dangerous:app', bind: [`127.0.0.1:${other.port}`] });
    const server = createServer((socket) => socket.destroy());
    try {
      await kirin.waitForLog(/Starting kirin/);
      server.listen({ fd: other.fd });
      await kirin.waitForLog(/Connection in use/);
      server.close();
      other.close();
      await kirin.waitUntilReady();
      assert.equal((await fetch(kirin.url)).status, 200);
    } finally {
      await kirin.stop();
    }
  });

  it('is not waited for any longer when kirin is told to stop', async () => {
    const other = await occupy({ port: 0, host: '127.0.0.1' });
    const kirin = new KirinProcess({ app: 'dangerous:app', bind: [`127.0.0.1:${other.port}`] });
    try {
      await kirin.waitForLog(/Connection in use/);
      kirin.signal('SIGTERM');
      await kirin.ended(2000);
    } finally {
      await kirin.stop();
      await other.free();
    }
  });

  it('that this machine does not have is refused at once', async () => {
    const ended = await runKirin({ app: 'dangerous:app', bind: ['192.0.2.1:0'] });
    assert.equal(ended.code, 1);
    assert.match(ended.log, /cannot listen on 192\.0\.2\.1:0: this machine has no such address/);
  });
});

describe('a unix socket', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = makeTemporaryFolder();
    path = join(folder, 'app.sock');
  });

  afterEach(() => {
    removeFolder(folder);
  });

  it('is made, served, and removed at the end', async () => {
    await withKirin({ app: 'dangerous:app', bind: [`unix:${path}`] }, async () => {
      assert.equal(await getByPath(path), 200);
    });
    assert.equal(existsSync(path), false);
  });

  it('may be connected to by those whom the umask lets', async () => {
    const args = ['--umask', '0117'];
    await withKirin({ app: 'dangerous:app', bind: [`unix:${path}`], args }, async () => {
      assert.equal((statSync(path).mode & 0o777).toString(8), '660');
    });
  });

  it('that a killed kirin left is replaced', async () => {
    const first = await startKirin({ app: 'dangerous:app', bind: [`unix:${path}`] });
    first.signal('SIGKILL');
    await first.ended();
    await first.assertNothingLeft();
    first.discard();
    assert.ok(existsSync(path));
    await withKirin({ app: 'dangerous:app', bind: [`unix:${path}`] }, async () => {
      assert.equal(await getByPath(path), 200);
    });
  });

  it('that somebody listens on is not taken away', async () => {
    const other = await occupy({ path });
    try {
      const ended = await runKirin({ app: 'dangerous:app', bind: [`unix:${path}`] });
      assert.equal(ended.code, 1);
      assert.match(ended.log, /cannot listen on unix:.*: the address is in use/);
      assert.ok(existsSync(path));
    } finally {
      await other.free();
    }
  });

  it('is not made in a folder that is not there', async () => {
    const ended = await runKirin({ app: 'dangerous:app', bind: ['unix:/nowhere/app.sock'] });
    assert.equal(ended.code, 1);
    assert.match(ended.log, /cannot listen on unix:\/nowhere\/app\.sock: there is no folder \/nowhere$/m);
  });

  it('is not made in the place of a file', async () => {
    writeFileSync(path, 'precious');
    const ended = await runKirin({ app: 'dangerous:app', bind: [`unix:${path}`] });
    assert.equal(ended.code, 1);
    assert.match(ended.log, /there is a file of that name which is not a socket/);
    assert.ok(existsSync(path));
  });
});

describe('a socket that kirin inherits', () => {
  it('is served, and its real address is in the log', async () => {
    const socket = bindTcp('127.0.0.1', 0);
    const kirin = spawn(
      process.execPath,
      [join(projectRoot, 'bin', 'kirin.js'), '--bind', 'fd://3', 'dangerous:app'],
      {
        stdio: ['ignore', 'ignore', 'pipe', socket.fd],
        cwd: fixture('apps'),
        env: { ...process.env, VIRTUAL_ENV: testVenv },
      },
    );
    try {
      let log = '';
      kirin.stderr?.setEncoding('utf8').on('data', (text: string) => {
        log += text;
      });
      await waitFor(() => /Ready: 1 worker/.test(log), { details: () => log });
      assert.match(log, new RegExp(`Listening at: http://127\\.0\\.0\\.1:${socket.port} `));
      assert.equal((await fetch(`http://127.0.0.1:${socket.port}`)).status, 200);
    } finally {
      const ended = once(kirin, 'exit');
      kirin.kill('SIGTERM');
      await ended;
      socket.close();
    }
  });
});

describe('a descriptor that is no socket', () => {
  it('is refused at once', async () => {
    const ended = await runKirin({ app: 'dangerous:app', bind: ['fd://9'] });
    assert.equal(ended.code, 1);
    assert.match(ended.log, /cannot listen on fd:\/\/9: kirin was given no socket as descriptor 9/);
  });
});

describe('several addresses', () => {
  it('are served together, and each is in the log', async () => {
    const folder = makeTemporaryFolder();
    const path = join(folder, 'app.sock');
    try {
      const bind = ['127.0.0.1:0', `unix:${path}`, '[::1]:0'];
      await withKirin({ app: 'dangerous:app', bind }, async (kirin) => {
        const [, v4, v6] = await kirin.waitForLog(
          /Listening at: http:\/\/127\.0\.0\.1:(\d+),unix:\S+\/app\.sock,http:\/\/\[::1\]:(\d+) \(/,
        );
        assert.equal((await fetch(`http://127.0.0.1:${v4}`)).status, 200);
        assert.equal((await fetch(`http://[::1]:${v6}`)).status, 200);
        assert.equal(await getByPath(path), 200);
      });
    } finally {
      removeFolder(folder);
    }
  });
});

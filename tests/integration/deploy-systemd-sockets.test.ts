import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type BoundTcpSocket, bindTcp, bindUnix } from '../../src/arbiter/bind-socket.ts';
import { AppFolder } from '../support/app-folder.ts';
import { findFreePort } from '../support/free-port.ts';
import { type KirinOptions, runKirin, withKirin } from '../support/kirin.ts';
import { projectRoot, testVenv } from '../support/project.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const SYSTEMD_SOCKET_ACTIVATE = '/usr/bin/systemd-socket-activate';
const PROGRAM = `${process.execPath} ${join(projectRoot, 'bin', 'kirin.js')}`;

/** Answers with its server's port, and with what it knows of systemd. */
const APPLICATION = `
import os

def app(environ, start_response):
    start_response("200 OK", [])
    told = sorted(name for name in os.environ if name.startswith("LISTEN_"))
    return [" ".join([environ["SERVER_PORT"], *told]).encode()]
`;

const getByPath = (socketPath: string) =>
  new Promise<number>((resolve, reject) => {
    request({ socketPath, path: '/' }, (response) => resolve(response.resume().statusCode ?? 0))
      .on('error', reject)
      .end();
  });

describe('sockets that systemd has opened', () => {
  let folder: AppFolder;
  let tcp: BoundTcpSocket;

  beforeEach(() => {
    folder = new AppFolder({ 'main.py': APPLICATION });
    tcp = bindTcp('127.0.0.1', 0);
  });

  afterEach(() => {
    tcp.close();
    folder.remove();
  });

  /** As systemd starts it: LISTEN_PID is its own process id. */
  function started(variables: string, descriptors: readonly number[], args = ''): KirinOptions {
    const commandLine = `env LISTEN_PID=$$ ${variables} ${PROGRAM} ${args} main:app`;
    return { commandLine, descriptors, cwd: folder.path };
  }

  it('are served in the place of --bind, unless that names a descriptor', async () => {
    const sockets = makeTemporaryFolder();
    const path = join(sockets, 'app.sock');
    const unix = bindUnix(path);
    const named = bindTcp('127.0.0.1', 0);
    try {
      const options = started(
        'LISTEN_FDS=2',
        [tcp.fd, unix.fd, named.fd],
        '--bind 127.0.0.1:1 --bind fd://5',
      );
      await withKirin(options, async (kirin) => {
        const urls = `http://127.0.0.1:${named.port},http://127.0.0.1:${tcp.port},unix:${path} `;
        assert.ok(kirin.log().includes(`Listening at: ${urls}`), kirin.log());
        for (const port of [tcp.port, named.port]) {
          assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), `${port}`);
        }
        assert.equal(await getByPath(path), 200);
      });
      assert.ok(existsSync(path), 'the file is not removed: it is not Kirin that has made it');
    } finally {
      unix.close();
      named.close();
      removeFolder(sockets);
    }
  });

  it('are held by arbiter and edge alone', async () => {
    const held = `socket:[${fstatSync(tcp.fd).ino}]`;
    await withKirin(started('LISTEN_FDS=1', [tcp.fd]), async (kirin) => {
      const holders = kirin
        .processes()
        .map(({ pid }) => pid)
        .filter((pid) =>
          readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === held),
        );
      assert.deepEqual(holders.toSorted(), [kirin.pid, kirin.edgePid()].toSorted());
      assert.ok(kirin.workerPids().length > 0);
    });
  });

  it('outlive an edge', async () => {
    await withKirin(started('LISTEN_FDS=1', [tcp.fd]), async (kirin) => {
      process.kill(kirin.edgePid(), 'SIGKILL');
      await kirin.waitForLog(/Listening again/);
      assert.equal((await fetch(`http://127.0.0.1:${tcp.port}`)).status, 200);
    });
  });

  it('of another process are not taken', async () => {
    const options = { app: 'main:app', cwd: folder.path, env: { LISTEN_PID: '1', LISTEN_FDS: '1' } };
    await withKirin({ ...options, descriptors: [tcp.fd] }, async (kirin) => {
      assert.notEqual(kirin.port, tcp.port);
    });
  });

  it('are refused by name when they are none', async () => {
    const file = openSync(join(folder.path, 'main.py'), 'r');
    try {
      const ended = await runKirin(started('LISTEN_FDS=2 LISTEN_FDNAMES=web:admin', [tcp.fd, file]));
      assert.equal(ended.code, 1);
      assert.match(
        ended.log,
        /cannot listen on fd:\/\/4 \(admin\): kirin was given no socket as descriptor 4, but a file/,
      );
    } finally {
      closeSync(file);
    }
  });

  it('are refused when they are connections, one for each process', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    const { fd } = (accepted as unknown as { readonly _handle: { readonly fd: number } })._handle;
    try {
      const ended = await runKirin(started('LISTEN_FDS=1', [fd]));
      assert.equal(ended.code, 1);
      assert.match(
        ended.log,
        /cannot listen on fd:\/\/3: descriptor 3 is one client's connection; .*Accept=no/,
      );
    } finally {
      client.destroy();
      accepted.destroy();
      server.close();
    }
  });

  it('leave no copy in workers, however high the number of a descriptor is', async () => {
    // Above a gap, where Node does not keep descriptors from its children.
    const gap = Array.from({ length: 37 }, () => 'ignore' as const);
    const options = { app: 'main:app', bind: ['fd://40'], cwd: folder.path };
    await withKirin({ ...options, descriptors: [...gap, tcp.fd] }, async (kirin) => {
      for (const pid of kirin.workerPids()) assert.ok(!existsSync(`/proc/${pid}/fd/40`));
      assert.equal((await fetch(`http://127.0.0.1:${tcp.port}`)).status, 200);
    });
  });

  it('hold the request that has started Kirin until it is served', {
    skip: !existsSync(SYSTEMD_SOCKET_ACTIVATE) && 'systemd is not installed',
  }, async () => {
    const port = await findFreePort();
    const args = ['--listen', `127.0.0.1:${port}`, '--fdname', 'web', ...PROGRAM.split(' ')];
    const activated = spawn(SYSTEMD_SOCKET_ACTIVATE, [...args, 'main:app'], {
      cwd: folder.path,
      env: { ...process.env, VIRTUAL_ENV: testVenv, PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    activated.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    try {
      await waitFor(() => /Listening on 127/.test(log), { details: () => log });
      assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), `${port}`);
      assert.match(log, new RegExp(`Listening at: http://127\\.0\\.0\\.1:${port} \\(${activated.pid}\\)`));
    } finally {
      const ended = once(activated, 'exit');
      activated.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null]);
    }
  });
});

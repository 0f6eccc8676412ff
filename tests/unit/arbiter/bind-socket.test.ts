import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { adoptSocket, BindError, bindTcp, bindUnix } from '../../../src/arbiter/bind-socket.ts';

const isRefused = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });

describe('a bound socket', () => {
  it('has a descriptor and a real port, and does not listen', async () => {
    const socket = bindTcp('127.0.0.1', 0);
    try {
      assert.ok(socket.fd > 2);
      assert.ok(socket.port > 0);
      assert.equal(await isRefused(socket.port), true);
    } finally {
      socket.close();
    }
  });

  it('may be closed twice', () => {
    const socket = bindTcp('127.0.0.1', 0);
    socket.close();
    socket.close();
  });

  it('tells an address in use, although libuv keeps that back until listen', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    try {
      assert.throws(
        () => bindTcp('127.0.0.1', port),
        (error) => error instanceof BindError && error.code === 'EADDRINUSE',
      );
    } finally {
      server.close();
    }
  });

  it('tells an address that this machine does not have', () => {
    assert.throws(
      () => bindTcp('192.0.2.1', 0),
      (error) => error instanceof BindError && error.code === 'EADDRNOTAVAIL',
    );
  });

  it('can be a unix socket, whose file goes when it is closed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kirin-test-'));
    try {
      const path = join(folder, 's.sock');
      const socket = bindUnix(path);
      assert.ok(socket.fd > 2);
      assert.throws(
        () => bindUnix(path),
        (error) => error instanceof BindError && error.code === 'EADDRINUSE',
      );
      socket.close();
      bindUnix(path).close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('can be adopted, with its address', () => {
    const given = bindTcp('127.0.0.1', 0);
    const adopted = adoptSocket(given.fd);
    try {
      assert.deepEqual(adopted.tcp, { address: '127.0.0.1', port: given.port });
    } finally {
      adopted.close();
    }
  });
});

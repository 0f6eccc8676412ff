import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BindError, bindTcp, bindUnix } from '../../../src/arbiter/bind-socket.ts';
import { findUnixSocket, inheritSocket } from '../../../src/arbiter/inherited-socket.ts';
import { makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';

const TABLE = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 20321 /run/app.sock
0000000000000000: 00000003 00000000 00000000 0001 03 20322
0000000000000000: 00000002 00000000 00000000 0002 01 20323 @/org/some name
`;

describe('the table of unix sockets', () => {
  it('tells what a socket is, and its path', () => {
    const listening = { isStream: true, isConnected: false, path: '/run/app.sock' };
    assert.deepEqual(findUnixSocket(TABLE, '20321'), listening);
    assert.deepEqual(findUnixSocket(TABLE, '20322'), { isStream: true, isConnected: true, path: null });
    assert.deepEqual(findUnixSocket(TABLE, '20323')?.path, '@/org/some name');
    assert.equal(findUnixSocket(TABLE, '20323')?.isStream, false);
    assert.equal(findUnixSocket(TABLE, '2032'), null);
    assert.equal(findUnixSocket('', '20321'), null);
  });
});

describe('a descriptor that kirin was given', () => {
  it('may be a TCP socket', () => {
    const given = bindTcp('127.0.0.1', 0);
    const { socket, tcp, path } = inheritSocket(given.fd);
    assert.deepEqual({ tcp, path }, { tcp: { address: '127.0.0.1', port: given.port }, path: null });
    socket.close();
  });

  it('may be a unix socket, whose file stays when it is closed', () => {
    const folder = makeTemporaryFolder();
    try {
      const path = join(folder, 's.sock');
      const given = bindUnix(path);
      const inherited = inheritSocket(given.fd);
      assert.equal(inherited.tcp, null);
      assert.equal(inherited.path, path);
      assert.throws(() => bindUnix(path), BindError, 'its file is there');
      given.close();
    } finally {
      removeFolder(folder);
    }
  });

  it('is refused when it is not open', () => {
    assert.throws(() => inheritSocket(4000), /^BindError: kirin was given no socket as descriptor 4000$/);
  });

  it('is refused when it is a file', () => {
    const fd = openSync('/etc/passwd', 'r');
    try {
      assert.throws(() => inheritSocket(fd), /no socket as descriptor \d+, but a file$/);
    } finally {
      closeSync(fd);
    }
  });
});

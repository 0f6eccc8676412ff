import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseAddresses, takeSystemdSockets } from '../../../src/arbiter/systemd-sockets.ts';
import { parseBindAddress } from '../../../src/config/bind-address.ts';

const PID = 77;

describe('sockets of systemd', () => {
  it('begin with descriptor 3, and carry their names', () => {
    const env = { LISTEN_PID: '77', LISTEN_FDS: '3', LISTEN_FDNAMES: 'web.socket:unknown', HOME: '/root' };
    assert.deepEqual(takeSystemdSockets(env, PID), [
      { kind: 'fd', fd: 3, text: 'fd://3 (web.socket)' },
      { kind: 'fd', fd: 4, text: 'fd://4' },
      { kind: 'fd', fd: 5, text: 'fd://5' },
    ]);
    assert.deepEqual(env, { HOME: '/root' }, 'no child is told of them');
  });

  it('whose name is a scheme speak that', () => {
    const env = { LISTEN_PID: '77', LISTEN_FDS: '3', LISTEN_FDNAMES: 'http:https:web' };
    const schemes = takeSystemdSockets(env, PID).map(({ scheme }) => scheme);
    assert.deepEqual(schemes, ['http', 'https', undefined]);
  });

  it('of another process are left alone', () => {
    const env = { LISTEN_PID: '78', LISTEN_FDS: '1' };
    assert.deepEqual(takeSystemdSockets(env, PID), []);
    assert.deepEqual(env, { LISTEN_PID: '78', LISTEN_FDS: '1' });
  });

  it('are none where no number of them is given', () => {
    for (const LISTEN_FDS of [undefined, '', '0', '-1', 'one']) {
      assert.deepEqual(takeSystemdSockets({ LISTEN_PID: '77', LISTEN_FDS }, PID), []);
    }
    assert.deepEqual(takeSystemdSockets({}, PID), []);
  });
});

describe('the addresses to listen on', () => {
  const bind = ['127.0.0.1:8000', 'fd://9', 'unix:/run/app.sock'].map(parseBindAddress);

  it('are those of bind', () => {
    assert.deepEqual(chooseAddresses(bind, []), bind);
  });

  it('are the sockets that were opened for Kirin, and descriptors that bind names', () => {
    const opened = takeSystemdSockets({ LISTEN_PID: '77', LISTEN_FDS: '1' }, PID);
    assert.deepEqual(
      chooseAddresses(bind, opened).map(({ text }) => text),
      ['fd://9', 'fd://3'],
    );
  });

  it('are each there once, and speak what bind says', () => {
    const opened = takeSystemdSockets({ LISTEN_PID: '77', LISTEN_FDS: '2' }, PID);
    assert.deepEqual(
      chooseAddresses([parseBindAddress('https://fd://4')], opened).map(({ text }) => text),
      ['https://fd://4', 'fd://3'],
    );
  });
});

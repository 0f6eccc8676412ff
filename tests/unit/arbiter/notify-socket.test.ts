import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openNotifySocket } from '../../../src/arbiter/notify-socket.ts';
import { NotifyReceiver } from '../../support/notify-receiver.ts';
import { projectRoot, testPython } from '../../support/project.ts';
import { makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';

const SCRIPT = join(projectRoot, 'python', 'kirin_worker', 'notify_socket.py');

describe('the socket to systemd', () => {
  let folder: string;
  let receiver: NotifyReceiver | null;

  beforeEach(() => {
    folder = makeTemporaryFolder();
    receiver = null;
  });

  afterEach(async () => {
    await receiver?.stop();
    removeFolder(folder);
  });

  for (const kind of ['a file', 'an abstract name']) {
    it(`with ${kind} gets what this process sends, as this process's, also when its maker is gone`, async () => {
      const path = join(folder, 'notify');
      receiver = await NotifyReceiver.start(kind === 'a file' ? path : `@${path}`);
      const socket = await openNotifySocket(receiver.address, testPython, SCRIPT);
      for (const text of ['READY=1', 'STATUS=all is well\nWATCHDOG=1']) {
        socket.send(text);
        await receiver.waitFor(new RegExp(text));
      }
      assert.deepEqual(
        receiver.received.map(({ pid }) => pid),
        [process.pid, process.pid],
      );
    });
  }

  it('that is not there is said to be', async () => {
    const address = join(folder, 'nothing');
    await assert.rejects(openNotifySocket(address, testPython, SCRIPT), /^Error: No such file or directory$/);
  });

  it('is not to be had from what is no Python', async () => {
    await assert.rejects(
      openNotifySocket('@nobody', '/bin/false', SCRIPT),
      /false has ended without opening it/,
    );
    await assert.rejects(openNotifySocket('@nobody', '/nowhere/python', SCRIPT), /ENOENT/);
  });
});

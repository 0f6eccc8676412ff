import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { AppFolder, answering } from '../support/app-folder.ts';
import { KirinProcess, startKirin, withKirin } from '../support/kirin.ts';
import { NotifyReceiver } from '../support/notify-receiver.ts';
import { isAlive } from '../support/processes.ts';
import { projectRoot } from '../support/project.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor, waitUntilStill } from '../support/wait-for.ts';

/** Loads when a file is there. */
const SLOW_APPLICATION = `
import os
import time

while not os.path.exists("go"):
    time.sleep(0.01)

def app(environ, start_response):
    start_response("200 OK", [])
    return [b"here"]
`;

const monotonicUs = () => process.hrtime.bigint() / 1000n;

describe('systemd', () => {
  let folder: AppFolder;
  let run: string;
  let systemd: NotifyReceiver;

  beforeEach(async () => {
    folder = new AppFolder({ 'main.py': answering('here') });
    run = makeTemporaryFolder();
    systemd = await NotifyReceiver.start(join(run, 'notify'));
  });

  afterEach(async () => {
    await systemd.stop();
    removeFolder(run);
    folder.remove();
  });

  const options = (env: Record<string, string> = {}) => ({
    app: 'main:app',
    cwd: folder.path,
    env: { NOTIFY_SOCKET: systemd.address, ...env },
  });

  it('is told by the first process that it is ready when a worker serves, and that it stops', async () => {
    folder.write('main.py', SLOW_APPLICATION);
    const kirin = new KirinProcess(options());
    try {
      await systemd.waitFor(/^STATUS=Loading the application$/);
      await kirin.waitForLog(/Listening at/);
      assert.ok(!systemd.received.some(({ text }) => text.includes('READY')), 'listening is not serving');
      folder.write('go', '');
      await systemd.waitFor(/^READY=1\nSTATUS=Serving with 1 of 1 workers, generation 1$/);
      assert.equal((await fetch(kirin.url)).status, 200);
      await kirin.stop();
      await systemd.waitFor(/^STOPPING=1\n/);
      assert.deepEqual(systemd.from(kirin.pid).length, systemd.received.length, 'nobody else has spoken');
    } finally {
      kirin.discard();
    }
  });

  it('is told of a reload, since when by the monotonic clock, and of its end', async () => {
    await withKirin(options(), async (kirin) => {
      await systemd.waitFor(/READY=1/);
      for (const [code, generation] of [
        [answering('new'), 2],
        ['raise RuntimeError("broken on purpose")\n', 2],
      ] as const) {
        const from = systemd.received.length;
        folder.write('main.py', code);
        const before = monotonicUs();
        kirin.signal('SIGHUP');
        const { text } = await systemd.waitFor(/^RELOADING=1\n/, from);
        const since = BigInt(/^MONOTONIC_USEC=(\d+)$/m.exec(text)?.[1] ?? 0);
        assert.ok(since >= before && since <= monotonicUs(), text);
        const ready = await systemd.waitFor(/^READY=1\n/, from);
        assert.match(ready.text, new RegExp(`generation ${generation}$`));
      }
    });
  });

  it('is told that Kirin is alive, twice in the watchdog’s limit, but not by one whose edge hangs', async () => {
    await withKirin(options({ WATCHDOG_USEC: '500000' }), async (kirin) => {
      const alive = () => systemd.received.filter(({ text }) => text === 'WATCHDOG=1').length;
      await waitFor(() => alive() >= 4);
      const edge = kirin.edgePid();
      process.kill(edge, 'SIGSTOP');
      try {
        // An answer may have been on its way. After this systemd would restart it.
        await waitUntilStill(alive, 1000, { what: 'silence' });
      } finally {
        process.kill(edge, 'SIGCONT');
      }
      const before = alive();
      await waitFor(() => alive() > before + 1);
    });
  });

  it('hears nothing of a watchdog that is for another process', async () => {
    await withKirin(options({ WATCHDOG_USEC: '100000', WATCHDOG_PID: '1' }), async () => {
      await systemd.waitFor(/READY=1/);
      await pause(300);
      assert.ok(!systemd.received.some(({ text }) => text === 'WATCHDOG=1'));
    });
  });

  it('is told by the old Kirin which process is the new one, and then by the new one how it is', async () => {
    const pidFile = join(run, 'kirin.pid');
    const program = `${process.execPath} ${join(projectRoot, 'bin', 'kirin.js')}`;
    // As systemd sets it.
    const commandLine = `env WATCHDOG_PID=$$ ${program} --bind 127.0.0.1:0 --pid ${pidFile} main:app`;
    const kirin = await startKirin({ ...options({ WATCHDOG_USEC: '300000' }), commandLine });
    try {
      await systemd.waitFor(/READY=1/);
      kirin.signal('SIGUSR2');
      const successor = Number((await kirin.waitForLog(/The new Kirin \(pid:(\d+)\) serves/))[1]);
      assert.deepEqual(systemd.from(successor), [], 'it would not be believed yet');
      const from = systemd.received.length;
      kirin.signal('SIGTERM');
      await kirin.ended();
      const told = await systemd.waitFor(/^MAINPID=/, from);
      assert.deepEqual(told, { pid: kirin.pid, text: `MAINPID=${successor}` });
      const ready = await systemd.waitFor(/^READY=1\n/, from);
      assert.equal(ready.pid, successor);
      await waitFor(() =>
        systemd.received.some(({ pid, text }) => pid === successor && text === 'WATCHDOG=1'),
      );
      assert.ok(!systemd.received.some(({ text }) => text.includes('STOPPING')));
      assert.equal(Number(readFileSync(pidFile, 'utf8')), successor);
      process.kill(successor, 'SIGTERM');
      await systemd.waitFor(/^STOPPING=1\n/, from);
      await waitFor(() => !isAlive(successor));
      await kirin.assertNothingLeft();
    } finally {
      kirin.discard();
    }
  });

  it('that cannot be told anything is named in the log, and Kirin serves', async () => {
    await withKirin(options({ NOTIFY_SOCKET: join(run, 'nothing') }), async (kirin) => {
      await kirin.waitForLog(
        /systemd cannot be told how Kirin is \(NOTIFY_SOCKET\): No such file or directory/,
      );
      assert.equal((await fetch(kirin.url)).status, 200);
    });
  });
});

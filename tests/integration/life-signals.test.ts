import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withKirin } from '../support/kirin.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

describe('the number of workers', () => {
  it('goes up by TTIN and down by TTOU, and nothing is lost', async () => {
    await withKirin({ app: 'dangerous:app' }, async (kirin) => {
      const load = new SteadyLoad({ port: kirin.port });
      kirin.signal('SIGTTIN');
      await kirin.waitForLog(/Workers wanted: 2/);
      kirin.signal('SIGTTIN');
      await waitFor(() => kirin.workerPids().length === 3);
      for (const wanted of [2, 1]) {
        kirin.signal('SIGTTOU');
        await kirin.waitForLog(new RegExp(`Workers wanted: ${wanted}\\b[\\s\\S]*Worker exiting`));
        await waitFor(() => kirin.workerPids().length === wanted);
      }
      const { failures, answered } = await load.stop();
      assert.deepEqual(failures, []);
      assert.ok(answered > 0);
    });
  });

  it('never goes below one', async () => {
    await withKirin({ app: 'dangerous:app' }, async (kirin) => {
      kirin.signal('SIGTTOU');
      await kirin.waitForLog(/Workers wanted: 1\b/);
      assert.equal(kirin.workerPids().length, 1);
      assert.equal((await fetch(kirin.url)).status, 200);
    });
  });
});

describe('USR1', () => {
  it('makes arbiter, edge and workers write to new log files', async () => {
    const folder = makeTemporaryFolder();
    const [errors, access] = [join(folder, 'error.log'), join(folder, 'access.log')];
    const args = ['--error-logfile', errors, '--access-logfile', access];
    const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
    try {
      const { KirinProcess } = await import('../support/kirin.ts');
      const kirin = new KirinProcess({ app: 'wrong:app', args });
      try {
        const port = await waitFor(
          () => /Ready: 1/.test(read(errors)) && /:(\d+) \(/.exec(read(errors))?.[1],
        );
        await fetch(`http://127.0.0.1:${port}/before`);
        renameSync(errors, `${errors}.1`);
        renameSync(access, `${access}.1`);
        kirin.signal('SIGUSR1');
        await waitFor(() => existsSync(errors) && existsSync(access));
        await waitFor(async () => {
          await fetch(`http://127.0.0.1:${port}/raises`);
          return /Traceback/.test(read(errors)) && /\/raises/.test(read(access));
        });
        kirin.signal('SIGTTIN');
        await waitFor(() => /Workers wanted: 2/.test(read(errors)));
        assert.doesNotMatch(read(`${errors}.1`), /Workers wanted/);
      } finally {
        await kirin.stop();
      }
    } finally {
      removeFolder(folder);
    }
  });
});

describe('signals without a meaning', () => {
  for (const signal of ['SIGUSR2', 'SIGWINCH'] as const) {
    it(`${signal} is ignored, with a line in the log`, async () => {
      await withKirin({ app: 'dangerous:app' }, async (kirin) => {
        kirin.signal(signal);
        await kirin.waitForLog(new RegExp(`${signal} is ignored`));
        assert.equal((await fetch(kirin.url)).status, 200);
      });
    });
  }

  for (const signal of ['SIGCHLD', 'SIGPIPE'] as const) {
    it(`${signal} does nothing`, async () => {
      await withKirin({ app: 'dangerous:app' }, async (kirin) => {
        kirin.signal(signal);
        assert.equal((await fetch(kirin.url)).status, 200);
      });
    });
  }

  it('INT, QUIT and HUP of a terminal, which reach edge and zygote too, do nothing there', async () => {
    await withKirin({ app: 'dangerous:app' }, async (kirin) => {
      const children = kirin.processes().filter(({ parentPid }) => parentPid === kirin.pid);
      assert.equal(children.length, 2);
      for (const { pid } of children) {
        for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTERM'] as const) process.kill(pid, signal);
      }
      assert.equal((await fetch(kirin.url)).status, 200);
      const pids = kirin.processes().map(({ pid }) => pid);
      for (const { pid } of children) assert.ok(pids.includes(pid));
    });
  });
});

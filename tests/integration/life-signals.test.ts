import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { KirinProcess, withKirin } from '../support/kirin.ts';
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

/** Gunicorn's arbiter has a meaning for most of them. */
const SIGNALS = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGTTIN',
  'SIGTTOU',
  'SIGWINCH',
  'SIGCHLD',
  'SIGPIPE',
] as const;
const STOPS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGTERM'];

describe('a signal', () => {
  it('to edge or zygote, whichever it is, does nothing: the arbiter says what it means', async () => {
    await withKirin({ app: 'dangerous:app' }, async (kirin) => {
      const children = kirin.processes().filter(({ parentPid }) => parentPid === kirin.pid);
      assert.equal(children.length, 2);
      for (const { pid } of children) {
        for (const signal of SIGNALS) process.kill(pid, signal);
      }
      assert.equal((await fetch(kirin.url)).status, 200);
      const after = kirin.processes().filter(({ parentPid }) => parentPid === kirin.pid);
      assert.deepEqual(
        after.map(({ pid }) => pid),
        children.map(({ pid }) => pid),
      );
      assert.ok(after.every(({ state }) => state !== 'T'));
      assert.doesNotMatch(kirin.log(), /Debugger|Handling signal/);
    });
  });

  it('to a worker does nothing, unless it says to leave', async () => {
    await withKirin({ app: 'dangerous:app' }, async (kirin) => {
      const workers = kirin.workerPids();
      const load = new SteadyLoad({ port: kirin.port });
      for (const signal of SIGNALS.filter((each) => !STOPS.includes(each))) {
        for (const pid of workers) process.kill(pid, signal);
        // One after another: faulthandler's stack, on which Python 3.11 handles signals, has room for four at once.
        const { answered } = load;
        await waitFor(() => load.answered > answered + 8);
      }
      assert.deepEqual(kirin.workerPids(), workers);
      for (const signal of STOPS) {
        const [pid] = kirin.workerPids();
        process.kill(pid as number, signal);
        await kirin.waitForLog(new RegExp(`Worker exiting \\(pid: ${pid}\\)`));
        await waitFor(() => kirin.workerPids().length === 1);
      }
      assert.deepEqual((await load.stop()).failures, []);
    });
  });

  for (const signal of ['SIGCHLD', 'SIGPIPE'] as const) {
    it(`${signal} to the arbiter does nothing`, async () => {
      await withKirin({ app: 'dangerous:app' }, async (kirin) => {
        kirin.signal(signal);
        assert.equal((await fetch(kirin.url)).status, 200);
      });
    });
  }
});

describe('WINCH', () => {
  it('does nothing where it may be the terminal that has sent it', async () => {
    await withKirin({ app: 'dangerous:app', args: ['--log-level', 'debug'] }, async (kirin) => {
      const workers = kirin.workerPids();
      kirin.signal('SIGWINCH');
      await kirin.waitForLog(/WINCH is ignored/);
      assert.deepEqual(kirin.workerPids(), workers);
      assert.equal((await fetch(kirin.url)).status, 200);
    });
  });

  describe('to a daemon', () => {
    let folder: AppFolder;
    let kirin: KirinProcess;
    let pid: number;
    let port: number;

    const log = () => readFileSync(join(folder.path, 'error.log'), 'utf8');
    const children = () => kirin.processes().filter(({ parentPid }) => parentPid === pid);
    const get = async () => (await fetch(`http://127.0.0.1:${port}`)).text();
    const logged = (pattern: RegExp) =>
      waitFor(() => pattern.test(log()), { what: `${pattern}`, details: log });

    beforeEach(async () => {
      folder = new AppFolder({ 'main.py': answering('here') });
      const args = ['--daemon', '--pid', 'kirin.pid', '--error-logfile', 'error.log', '--workers', '2'];
      kirin = new KirinProcess({ app: 'main:app', cwd: folder.path, args });
      assert.equal((await kirin.ended()).code, 0, kirin.log());
      pid = Number(readFileSync(join(folder.path, 'kirin.pid'), 'utf8'));
      port = Number(/Listening at: http:\/\/\S+:(\d+)/.exec(log())?.[1]);
      process.kill(pid, 'SIGWINCH');
      await waitFor(() => children().length === 0, { what: 'the end of edge and zygote', details: log });
    });

    afterEach(async () => {
      process.kill(pid, 'SIGTERM');
      try {
        await kirin.assertNothingLeft();
      } finally {
        kirin.discard();
        folder.remove();
      }
    });

    it('ends all workers; requests wait until HUP brings as many back', async () => {
      const answer = get();
      folder.write('main.py', answering('back'));
      process.kill(pid, 'SIGHUP');
      assert.equal(await answer, 'back');
      await logged(/Ready: 2 workers, generation 2/);
    });

    it('ends all workers; requests wait until TTIN brings one, and TTOU brings none', async () => {
      const answer = get();
      process.kill(pid, 'SIGTTOU');
      await logged(/Handling signal: ttou/);
      assert.equal(children().length, 0);
      process.kill(pid, 'SIGTTIN');
      assert.equal(await answer, 'here');
      await logged(/Ready: 1 worker, generation 2/);
    });

    it('is no failure of anybody, and leaves an arbiter that can be stopped', () => {
      assert.doesNotMatch(log(), /another is started|exited with code [^0]/);
    });
  });
});

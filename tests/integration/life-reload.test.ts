import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { withKirin } from '../support/kirin.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { waitFor } from '../support/wait-for.ts';

/** The first worker fails, while others load still. */
const FAILS_FIRST = `
import os, time
try:
    os.close(os.open("first", os.O_CREAT | os.O_EXCL))
except FileExistsError:
    time.sleep(60)
raise RuntimeError("broken")
`;

describe('a reload by HUP', () => {
  let folder: AppFolder;
  const body = async (url: string) => (await fetch(url)).text();

  beforeEach(() => {
    folder = new AppFolder({ 'main.py': answering('one') });
  });

  afterEach(() => {
    folder.remove();
  });

  for (const args of [
    ['--workers', '2'],
    ['--workers', '2', '--preload'],
  ]) {
    it(`serves the new code, and loses no request (${args.slice(1).join(' ')})`, async () => {
      await withKirin({ app: 'main:app', cwd: folder.path, args }, async (kirin) => {
        const old = kirin.workerPids();
        const load = new SteadyLoad({ port: kirin.port });
        await waitFor(() => load.answered > 20);
        folder.write('main.py', answering('two'));
        kirin.signal('SIGHUP');
        await kirin.waitForLog(/Ready: 2 workers, generation 2/);
        assert.equal(await body(kirin.url), 'two');
        await waitFor(() => !kirin.workerPids().some((pid) => old.includes(pid)));
        // On a busy machine its clients may not have asked again yet.
        await waitFor(() => load.bodies.at(-1) === 'two');
        const { failures, bodies } = await load.stop();
        assert.deepEqual(failures, []);
        assert.deepEqual([...new Set(bodies)], ['one', 'two']);
        assert.ok(bodies.lastIndexOf('one') < bodies.length - 1, 'the old code answers no more');
      });
    });
  }

  it('lets a request of the old code finish', async () => {
    const waiting =
      '    open("begun", "w")\n    while not os.path.exists("go"): time.sleep(0.01)\n    return';
    folder.write('main.py', `import os, time\n${answering('slow')}`.replace('    return', waiting));
    await withKirin({ app: 'main:app', cwd: folder.path }, async (kirin) => {
      const slow = body(kirin.url);
      await waitFor(() => existsSync(join(folder.path, 'begun')));
      folder.write('main.py', answering('two'));
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Ready: 1 worker, generation 2/);
      assert.equal(await body(kirin.url), 'two');
      folder.write('go', '');
      assert.equal(await slow, 'slow');
    });
  });

  it('with broken code keeps the old code, and logs the traceback; the next reload heals', async () => {
    await withKirin({ app: 'main:app', cwd: folder.path, args: ['--workers', '2'] }, async (kirin) => {
      const old = kirin.workerPids();
      folder.write('main.py', 'import there_is_no_such_module\n');
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/ModuleNotFoundError: No module named 'there_is_no_such_module'/);
      await kirin.waitForLog(/Not reloaded: generation 2 failed to boot; generation 1 goes on serving/);
      assert.equal(await body(kirin.url), 'one');
      await waitFor(() => kirin.workerPids().length === 2);
      assert.deepEqual(kirin.workerPids().sort(), old.sort());
      folder.write('main.py', answering('three'));
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Ready: 2 workers, generation 3/);
      // By now both broken workers have been reported, whether they failed by themselves or were ended.
      assert.doesNotMatch(kirin.log(), /Another worker is started/);
      assert.equal(await body(kirin.url), 'three');
    });
  });

  it('with broken code says of no worker that it was ended by somebody else', async () => {
    await withKirin({ app: 'main:app', cwd: folder.path, args: ['--workers', '2'] }, async (kirin) => {
      folder.write('main.py', FAILS_FIRST);
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Not reloaded: generation 2 failed to boot/);
      await kirin.waitForLog(/Worker exiting|ended by SIGTERM/);
      assert.doesNotMatch(kirin.log(), /not sent by Kirin/);
    });
  });

  it('with broken code that is preloaded keeps the old code too', async () => {
    await withKirin({ app: 'main:app', cwd: folder.path, args: ['--preload'] }, async (kirin) => {
      folder.write('main.py', 'this is no Python\n');
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/SyntaxError/);
      await kirin.waitForLog(/Not reloaded: generation 2 failed to boot/);
      assert.equal(await body(kirin.url), 'one');
    });
  });

  it('that is asked for during another is carried out after it', async () => {
    await withKirin({ app: 'main:app', cwd: folder.path }, async (kirin) => {
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Handling signal: hup/);
      folder.write('main.py', answering('two'));
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Ready: 1 worker, generation 3/);
      assert.equal(await body(kirin.url), 'two');
    });
  });

  it('brings the configured number of workers back', async () => {
    await withKirin({ app: 'main:app', cwd: folder.path }, async (kirin) => {
      kirin.signal('SIGTTIN');
      await waitFor(() => kirin.workerPids().length === 2);
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Ready: 1 worker, generation 2/);
      await waitFor(() => kirin.workerPids().length === 1);
    });
  });

  it('again and again under load loses nothing', async () => {
    await withKirin({ app: 'main:app', cwd: folder.path, args: ['--workers', '2'] }, async (kirin) => {
      const load = new SteadyLoad({ port: kirin.port });
      for (let generation = 2; generation <= 5; generation++) {
        kirin.signal('SIGHUP');
        await kirin.waitForLog(new RegExp(`generation ${generation}$`, 'm'));
      }
      assert.deepEqual((await load.stop()).failures, []);
    });
  });
});

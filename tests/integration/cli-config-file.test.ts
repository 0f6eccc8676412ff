import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { KirinProcess, runKirin, withKirin } from '../support/kirin.ts';
import { waitFor } from '../support/wait-for.ts';

const SHOWS_ITS_PLACE = `
import json, os, sys
print(json.dumps([__name__, __file__, os.getcwd(), sys.path[0], sys.argv, '__config__' in sys.modules]))
`;

describe('a configuration file', () => {
  let folder: AppFolder;

  beforeEach(() => {
    folder = new AppFolder({ 'main.py': answering('one') });
  });

  afterEach(() => {
    folder.remove();
  });

  /** The settings, as --print-config --json has them, and what the file printed. */
  async function resolved(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const { code, stdout, log } = await runKirin({
      bind: [],
      cwd: folder.path,
      args: ['--print-config', '--json', ...args],
      env,
    });
    assert.equal(code, 0, log);
    return { settings: JSON.parse(stdout), log };
  }

  it('of the usual name is read from the folder in which kirin is started', async () => {
    folder.write(
      'gunicorn.conf.py',
      'import multiprocessing as mp\nworkers = mp.cpu_count() * 2 + 1\nbind = [":81"]\n',
    );
    const { settings } = await resolved([]);
    assert.equal(settings.workers.source, 'gunicorn.conf.py');
    assert.equal(settings.workers.value % 2, 1);
    assert.deepEqual(settings.bind, { value: [':81'], source: 'gunicorn.conf.py' });
  });

  it('is named by -c, also in GUNICORN_CMD_ARGS, as a file or as a module', async () => {
    folder.write('prod.txt', 'workers = 3\n');
    folder.write('conf.py', 'workers = 4\n');
    assert.equal((await resolved(['-c', 'prod.txt'])).settings.workers.value, 3);
    assert.equal((await resolved([`--config=file:${folder.path}/prod.txt`])).settings.workers.value, 3);
    assert.equal((await resolved(['-c', 'python:conf'])).settings.workers.value, 4);
    const env = { GUNICORN_CMD_ARGS: '-c prod.txt --threads 2' };
    const { settings } = await resolved([], env);
    assert.deepEqual([settings.workers.value, settings.threads.value], [3, 2]);
    assert.equal((await resolved(['-c', 'conf.py'], env)).settings.workers.value, 4);
  });

  it('runs where, and by the names, that Gunicorn gives it', async () => {
    folder.write('gunicorn.conf.py', SHOWS_ITS_PLACE);
    const { log } = await resolved([]);
    assert.deepEqual(JSON.parse(log), [
      '__config__',
      join(folder.path, 'gunicorn.conf.py'),
      folder.path,
      folder.path,
      ['kirin', '--print-config', '--json'],
      true,
    ]);
  });

  it('runs in the interpreter of the app, not in a python that happens to be there', async () => {
    folder.write('gunicorn.conf.py', 'import flask, sys\nproc_name = sys.prefix\n');
    const { settings } = await resolved([]);
    assert.match(settings.proc_name.value, /\.venvs\/test$/);
  });

  it('that fails shows its own traceback, and ends the start with 1', async () => {
    folder.write('gunicorn.conf.py', 'def cores():\n    return 1 / 0\n\nworkers = cores()\n');
    const { code, log } = await runKirin({ bind: [], args: ['main:app'], cwd: folder.path });
    assert.equal(code, 1);
    assert.match(
      log,
      /^kirin: gunicorn\.conf\.py failed:\nTraceback \(most recent call last\):\n {2}File "\S+gunicorn\.conf\.py", line 4/,
    );
    assert.match(log, /\nZeroDivisionError: division by zero\n$/);
    assert.doesNotMatch(log, /importlib|kirin_worker/);
  });

  it('that is no Python shows where', async () => {
    folder.write('gunicorn.conf.py', 'workers = = 3\n');
    const { code, log } = await runKirin({ bind: [], args: ['main:app'], cwd: folder.path });
    assert.equal(code, 1);
    assert.match(log, /File "\S+gunicorn\.conf\.py", line 1\n.*\n.*\nSyntaxError: invalid syntax\n$/);
  });

  it('that calls sys.exit ends kirin with that code', async () => {
    folder.write('gunicorn.conf.py', 'import sys\nsys.exit(7)\n');
    const seven = await runKirin({ bind: [], args: ['main:app'], cwd: folder.path });
    assert.deepEqual([seven.code, seven.log], [7, 'kirin: gunicorn.conf.py calls sys.exit(), with 7\n']);
    folder.write('gunicorn.conf.py', 'raise SystemExit("no SECRET_KEY")\n');
    const text = await runKirin({ bind: [], args: ['main:app'], cwd: folder.path });
    assert.deepEqual([text.code, text.log], [1, 'kirin: gunicorn.conf.py calls sys.exit(): no SECRET_KEY\n']);
  });

  it('may fork: what it has forked says nothing, and is not waited for', async () => {
    const forks = [
      'import os, time',
      'if os.fork() == 0:',
      "    while not os.path.exists('done'): time.sleep(0.01)",
      '    os._exit(0)',
      'os.fork()',
    ];
    for (const [last, expectedCode, expected] of [
      ['workers = 2', 0, /^workers += 2$/m],
      ['os._exit(9)', 1, /^kirin: \S+python ended with exit code 9 while it ran \S+gunicorn\.conf\.py\n$/],
    ] as const) {
      folder.write('gunicorn.conf.py', [...forks, last].join('\n'));
      const kirin = new KirinProcess({ bind: [], args: ['--print-config'], cwd: folder.path });
      try {
        const { code } = await kirin.ended();
        assert.equal(code, expectedCode);
        await waitFor(() => expected.test(kirin.stdout() + kirin.log()));
        folder.write('done', '');
        await kirin.assertNothingLeft();
      } finally {
        kirin.discard();
      }
      rmSync(join(folder.path, 'done'));
    }
  });

  it('that is named must exist', async () => {
    const { code, log } = await runKirin({
      bind: [],
      args: ['-c', 'nowhere.py', 'main:app'],
      cwd: folder.path,
    });
    assert.equal(code, 1);
    assert.match(log, /^kirin: there is no configuration file \S+\/nowhere\.py \(from the command line\)\n$/);
  });

  it('with a wrong value is refused, with exit code 1', async () => {
    folder.write('gunicorn.conf.py', "workers = 'many'\n");
    const { code, log } = await runKirin({ bind: [], args: ['main:app'], cwd: folder.path });
    assert.equal(code, 1);
    assert.equal(
      log,
      "kirin: workers = 'many' (in gunicorn.conf.py): not a whole number; give one such as 4\n",
    );
  });

  it('is not run when the command line is wrong', async () => {
    folder.write('gunicorn.conf.py', 'raise Exception\n');
    const { code, log } = await runKirin({ bind: [], args: ['-w', 'x', 'main:app'], cwd: folder.path });
    assert.equal(code, 2);
    assert.doesNotMatch(log, /Exception/);
  });

  it('names the application, its environment and its folders, and keeps nothing alive', async () => {
    folder.write(
      'site_app.py',
      'import helper, os\n' +
        answering('').replace(
          '"".encode()',
          "f\"{os.environ['MODE']} {os.environ.get('GONE')} {helper.__name__}\".encode()",
        ),
    );
    folder.write(
      'gunicorn.conf.py',
      [
        'import os, sys, threading, time',
        "os.environ['MODE'] = 'from the file'",
        "del os.environ['GONE']",
        "os.makedirs('lib', exist_ok=True)",
        "open('lib/helper.py', 'w').close()",
        "sys.path.append('lib')",
        'threading.Thread(target=time.sleep, args=(600,)).start()',
        "wsgi_app = 'site_app:app'",
        "bind = '127.0.0.1:0'",
        'keep_alive = 5',
        'def dirty_post_fork(arbiter, worker): pass',
      ].join('\n'),
    );
    await withKirin({ bind: [], cwd: folder.path, env: { GONE: 'x' } }, async (kirin) => {
      assert.equal(await (await fetch(kirin.url)).text(), 'from the file None helper');
      assert.match(
        kirin.log(),
        /\[WARNING\] gunicorn\.conf\.py: keep_alive is no setting; did you mean keepalive\?/,
      );
      assert.match(
        kirin.log(),
        /\[WARNING\] gunicorn\.conf\.py: the server hook dirty_post_fork is not run: Kirin has no dirty/,
      );
    });
  });

  it('puts its folders where it says, before or behind what is installed', async () => {
    folder.write('gunicorn.conf.py', "import sys\nsys.path.insert(0, '/first')\nsys.path.append('/last')\n");
    folder.write('main.py', answering('').replace('""', 'repr(__import__("sys").path)'));
    await withKirin(
      { app: 'main:app', cwd: folder.path, args: ['--pythonpath', '/asked'] },
      async (kirin) => {
        const path = await (await fetch(kirin.url)).text();
        assert.ok(path.startsWith(`['/asked', '/first', '${folder.path}', `), path);
        assert.ok(path.endsWith(", '/last']"), path);
      },
    );
  });

  it('is read again on a reload, and says what is new in it', async () => {
    folder.write('gunicorn.conf.py', 'workers = 1\nwrokers = 2\n');
    await withKirin({ app: 'main:app', cwd: folder.path }, async (kirin) => {
      folder.write('gunicorn.conf.py', 'workers = 2\nwrokers = 2\nkeep_alive = 3\n');
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Ready: 2 workers, generation 2/);
      assert.equal(kirin.workerPids().length >= 2, true);
      assert.equal(kirin.log().match(/keep_alive is no setting/g)?.length, 1);
      assert.doesNotMatch(kirin.log(), /wrokers is no setting/, 'workers is set');
    });
  });

  it('that is broken on a reload keeps what serves, with the traceback in the log', async () => {
    folder.write('gunicorn.conf.py', 'workers = 1\n');
    await withKirin({ app: 'main:app', cwd: folder.path }, async (kirin) => {
      const old = kirin.workerPids();
      folder.write('gunicorn.conf.py', 'workers = 1 / 0\n');
      kirin.signal('SIGHUP');
      await kirin.waitForLog(
        /Not reloaded, the configuration is not valid any more: gunicorn\.conf\.py failed:\n/,
      );
      await kirin.waitForLog(/ZeroDivisionError/);
      folder.write('gunicorn.conf.py', "workers = 'x'\n");
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Not reloaded, .*: workers = 'x' \(in gunicorn\.conf\.py\): not a whole number/);
      rmSync(join(folder.path, 'gunicorn.conf.py'));
      assert.deepEqual(kirin.workerPids(), old);
      assert.equal(await (await fetch(kirin.url)).text(), 'one');
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Ready: 1 worker, generation 2/);
    });
  });

  it('that hangs at the start ends with kirin', async () => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      folder.write('gunicorn.conf.py', "import time\nprint('hanging', flush=True)\ntime.sleep(600)\n");
      const kirin = new KirinProcess({ app: 'main:app', cwd: folder.path });
      try {
        await waitFor(() => kirin.stdout().includes('hanging'));
        kirin.signal(signal);
        assert.deepEqual(await kirin.ended(), { code: null, signal });
        await kirin.assertNothingLeft();
      } finally {
        kirin.discard();
      }
    }
  });

  it('that hangs on a reload keeps nobody from a stop', async () => {
    folder.write('gunicorn.conf.py', 'workers = 1\n');
    await withKirin({ app: 'main:app', cwd: folder.path }, async (kirin) => {
      folder.write('gunicorn.conf.py', "import time\nprint('hanging', flush=True)\ntime.sleep(600)\n");
      kirin.signal('SIGHUP');
      await waitFor(() => kirin.stdout().includes('hanging'));
      kirin.signal('SIGTTIN');
      await kirin.waitForLog(/Handling signal: ttin/);
      assert.equal(await (await fetch(kirin.url)).text(), 'one');
    });
  });
});

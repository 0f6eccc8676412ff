import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { HookDiary } from '../support/hook-diary.ts';
import { runKirin, withKirin } from '../support/kirin.ts';
import { waitFor } from '../support/wait-for.ts';

/** What it takes to start with such hooks: exit code and log. */
async function startWith(more: string, app = 'main:app') {
  const diary = new HookDiary({ hooks: ['on_exit', 'worker_exit'], more });
  try {
    const ended = await runKirin({ app, cwd: diary.folder.path });
    return { ...ended, hooks: diary.hooks() };
  } finally {
    diary.remove();
  }
}

describe('at the start', () => {
  for (const [hook, ...args] of [
    ['on_starting', 'server'],
    ['when_ready', 'server'],
    ['nworkers_changed', 'server', 'new', 'old'],
    ['pre_fork', 'server', 'worker'],
  ] as const) {
    it(`a failing ${hook} ends Kirin with 1, and its traceback is in the log`, async () => {
      const { code, log, hooks } = await startWith(failing(hook, ...args));
      assert.equal(code, 1, log);
      assert.match(log, new RegExp(`The server hook ${hook} failed\nTraceback[\\s\\S]*gunicorn\\.conf\\.py`));
      assert.match(log, new RegExp(`ValueError: ${hook} has failed`));
      assert.match(log, new RegExp(`The server hook ${hook} failed\\.\n`));
      assert.doesNotMatch(log, /kirin_worker/);
      assert.deepEqual(hooks, []);
    });
  }

  for (const [hook, ...args] of [
    ['post_fork', 'server', 'worker'],
    ['post_worker_init', 'worker'],
  ] as const) {
    it(`a failing ${hook} is a worker that fails to boot: Kirin ends with 3, as Gunicorn`, async () => {
      const { code, log, hooks } = await startWith(failing(hook, ...args));
      assert.equal(code, 3, log);
      assert.match(log, new RegExp(`ValueError: ${hook} has failed`));
      assert.deepEqual(hooks, ['worker_exit', 'on_exit']);
    });
  }

  it('sys.exit() in on_starting says what Kirin ends with', async () => {
    const { code, log } = await startWith('def on_starting(server): import sys; sys.exit(7)');
    assert.equal(code, 7, log);
    assert.match(log, /The server hook on_starting called sys\.exit\(7\)/);
  });

  it('an application that cannot be loaded ends its worker by worker_exit, and Kirin by on_exit', async () => {
    const { code, log, hooks } = await startWith('', 'missing:app');
    assert.equal(code, 3, log);
    assert.deepEqual(hooks, ['worker_exit', 'on_exit']);
  });

  it('hooks that cannot be called are refused together, each with what it should be', async () => {
    const more = [
      'on_starting = 5',
      'pre_fork = lambda worker: None',
      'post_request = lambda: None',
      'on_exit = "os.no_such_function"',
      'when_ready = "os.getpid"',
      'def child_exit(server, worker, *more): pass',
    ].join('\n');
    const { code, log } = await startWith(more);
    assert.equal(code, 1, log);
    assert.match(
      log,
      /on_starting = 5 \(in gunicorn\.conf\.py\): is no function; give a function such as def on_starting\(server\)/,
    );
    assert.match(log, /pre_fork = .*: takes 1 argument, and is called with \(server, worker\)/);
    assert.match(
      log,
      /post_request = .*: takes 0 arguments, and is called with \(worker, req, environ, resp\)/,
    );
    assert.match(
      log,
      /on_exit = 'os\.no_such_function' .*: cannot be imported: os has no 'no_such_function'/,
    );
    assert.match(log, /when_ready = 'os\.getpid' .*: takes 0 arguments/);
    assert.doesNotMatch(log, /child_exit/);
  });
});

describe('later', () => {
  const diaries: HookDiary[] = [];
  after(() => {
    for (const diary of diaries) diary.remove();
  });

  function diaryWith(more: string, hooks: readonly string[] = ['on_exit']): HookDiary {
    const diary = new HookDiary({ hooks, more });
    diaries.push(diary);
    return diary;
  }

  it('what child_exit, worker_exit, worker_int and on_exit raise is logged, and nothing else comes of it', async () => {
    const more = [
      failing('child_exit', 'server', 'worker'),
      failing('worker_exit', 'server', 'worker'),
      failing('worker_int', 'worker'),
      failing('on_exit', 'server'),
    ].join('\n');
    const diary = diaryWith(more, []);
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      const [pid] = kirin.workerPids() as [number];
      process.kill(pid, 'SIGINT');
      await waitFor(() => kirin.workerPids().length === 1 && !kirin.workerPids().includes(pid));
      assert.equal((await fetch(kirin.url)).status, 200);
      for (const hook of ['worker_int', 'worker_exit', 'child_exit']) {
        await kirin.waitForLog(
          new RegExp(`The server hook ${hook} failed\nTraceback[\\s\\S]*ValueError: ${hook} has failed`),
        );
      }
      kirin.signal('SIGTERM');
      assert.equal((await kirin.ended()).code, 0);
      assert.match(kirin.log(), /The server hook on_exit failed/);
    });
  });

  it('a failing pre_fork is tried again, and what serves goes on', async () => {
    const diary = diaryWith(
      'def pre_fork(server, worker):\n    if 1 < worker.age < 4: raise ValueError("not yet")',
      ['post_worker_init'],
    );
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      kirin.signal('SIGTTIN');
      await kirin.waitForLog(/Cannot fork a worker: the server hook pre_fork has failed/);
      assert.equal((await fetch(kirin.url)).status, 200);
      await diary.waitFor('post_worker_init', 2);
      assert.deepEqual(
        diary.entries().map(({ age }) => age),
        [1, 4],
      );
    });
  });

  it('a failing on_reload or pre_fork leaves the old generation serving; the next reload heals', async () => {
    const diary = diaryWith('', ['on_starting', 'on_reload', 'on_exit']);
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      for (const [generation, hook, ...args] of [
        [2, 'on_reload', 'server'],
        [3, 'pre_fork', 'server', 'worker'],
      ] as const) {
        diary.configure(['on_exit'], failing(hook, ...args));
        kirin.signal('SIGHUP');
        await kirin.waitForLog(new RegExp(`ValueError: ${hook} has failed`));
        await kirin.waitForLog(new RegExp(`Not reloaded: generation ${generation} failed to boot`));
        assert.equal((await fetch(kirin.url)).status, 200);
      }
      diary.configure(['on_reload', 'on_exit']);
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Ready: 1 worker, generation 4/);
    });
    assert.deepEqual(diary.hooks(), ['on_starting', 'on_reload', 'on_exit']);
  });

  it('a file that fails when it is run again for its hooks keeps the old generation, too', async () => {
    const diary = diaryWith('', ['on_starting']);
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      diary.configure(
        ['on_reload'],
        'import sys\nif "kirin_worker" in sys.modules: raise ValueError("second run")',
      );
      kirin.signal('SIGHUP');
      await kirin.waitForLog(
        /The configuration file has failed when it was run for its server hooks\nTraceback[\s\S]*ValueError: second run/,
      );
      await kirin.waitForLog(/Not reloaded: generation 2 failed to boot/);
      assert.equal((await fetch(kirin.url)).status, 200);
    });
  });
});

function failing(name: string, ...args: string[]): string {
  return `def ${name}(${args.join(', ')}): raise ValueError("${name} has failed")`;
}

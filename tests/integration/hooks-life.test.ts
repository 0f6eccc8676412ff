import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { findFreePort } from '../support/free-port.ts';
import { HookDiary } from '../support/hook-diary.ts';
import { KirinProcess, startKirin, withKirin } from '../support/kirin.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { waitFor } from '../support/wait-for.ts';

const body = async (url: string) => (await fetch(url)).text();

const SLOW_APP = `
import time
def app(environ, start_response):
    if environ["PATH_INFO"] == "/sleep":
        time.sleep(60)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"one"]
`;

describe('server hooks', () => {
  const diaries: HookDiary[] = [];

  afterEach(() => {
    for (const diary of diaries.splice(0)) diary.remove();
  });

  function diaryWith(options: ConstructorParameters<typeof HookDiary>[0]): HookDiary {
    const diary = new HookDiary(options);
    diaries.push(diary);
    return diary;
  }

  it('of one file share its variables, the server and the worker, into the workers', async () => {
    // Frappe's and others' way to number workers, so that a number is free again when its worker is gone.
    const more = `
state = []
def on_starting(server):
    server.reused = set()
    state.append("on_starting")
def nworkers_changed(server, new, old):
    server.count = new
def pre_fork(server, worker):
    used = {each.number for each in server.WORKERS.values() if each.alive}
    worker.number = (set(range(1, server.count + 1)) - used).pop()
    state.append(worker.number)
def post_fork(server, worker):
    write("post_fork", worker.age, f"{worker.number} {state}")
`;
    const diary = diaryWith({ hooks: [], more });
    const args = ['--workers', '2'];
    await withKirin({ app: 'main:app', cwd: diary.folder.path, args }, async () => {
      const second = await diary.waitFor('post_fork', 2);
      const first = diary.of('post_fork').find(({ age }) => age === 1);
      assert.equal(first?.note, "1 ['on_starting', 1]");
      assert.deepEqual(diary.of('post_fork').find(({ age }) => age === 2)?.note, "2 ['on_starting', 1, 2]");
      process.kill(second.pid, 'SIGKILL');
      const third = await diary.waitFor('post_fork', 3);
      assert.equal(third.note.split(' ')[0], second.note.split(' ')[0], 'its number is free again');
    });
  });

  it('see what their file has made of the environment, once, and raw_env', async () => {
    const more = `
import os
os.environ["LIST"] = os.environ.get("LIST", "") + "x"
raw_env = ["MODE=production"]
def on_starting(server): write("on_starting", 0, f"{os.environ['LIST']} {os.environ['MODE']} {os.getcwd() == server.cfg.chdir}")
def post_fork(server, worker): write("post_fork", 0, f"{os.environ['LIST']} {worker.cfg.env}")
`;
    const diary = diaryWith({ hooks: [], more });
    await withKirin({ app: 'main:app', cwd: diary.folder.path, env: { LIST: 'y' } }, async () => {
      assert.equal((await diary.waitFor('on_starting')).note, 'yx production True');
      assert.equal((await diary.waitFor('post_fork')).note, "yx {'MODE': 'production'}");
    });
  });

  it('log in the error log, with the arguments of logging', async () => {
    const more = `
def on_starting(server):
    server.log.info("%s of %d: %s", "one", 2, server.address)
    server.log.debug("not at this level")
    server.log.warning("100% as it is")
    try: 1 / 0
    except ZeroDivisionError: server.log.exception("failed for %(who)s", {"who": "me"})
    server.log.log("critical", "last")
`;
    const diary = diaryWith({ hooks: [], more });
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      assert.match(kirin.log(), /\[\d+\] \[INFO\] one of 2: \[\('127\.0\.0\.1', 0\)\]\n/);
      assert.match(kirin.log(), /\[WARNING\] 100% as it is\n/);
      assert.match(
        kirin.log(),
        /\[ERROR\] failed for me\nTraceback[\s\S]*ZeroDivisionError: division by zero\n/,
      );
      assert.match(kirin.log(), /\[CRITICAL\] last\n/);
      assert.doesNotMatch(kirin.log(), /not at this level/);
    });
  });

  it('and applications find the logger gunicorn.error, with the handler and the level of the error log', async () => {
    const app = `
import logging
server_log = logging.getLogger("gunicorn.error")
own_log = logging.getLogger("shop")
own_log.handlers = server_log.handlers
own_log.setLevel(server_log.level)
def app(environ, start_response):
    own_log.debug("not at this level")
    own_log.info("serving %s", environ["PATH_INFO"])
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]
`;
    const more = `
import logging
def when_ready(server): logging.getLogger("gunicorn.error").info("ready on %s", server.address)
def post_fork(server, worker): server.log.error_log.warning("forked")
`;
    const diary = diaryWith({ hooks: [], more, app });
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      const [pid] = kirin.workerPids();
      await fetch(`${kirin.url}/page`);
      await kirin.waitForLog(new RegExp(`\\[${pid}\\] \\[INFO\\] serving /page\n`));
      assert.match(kirin.log(), /\[INFO\] ready on \[\('127\.0\.0\.1', 0\)\]\n/);
      assert.match(kirin.log(), /\[WARNING\] forked\n/);
      assert.doesNotMatch(kirin.log(), /not at this level/);
    });
  });

  it('are called after a zygote was lost as at a start, for what they had made is gone with it', async () => {
    const diary = diaryWith({
      hooks: ['on_starting', 'when_ready', 'on_reload', 'nworkers_changed', 'on_exit'],
    });
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      const { pid } = await diary.waitFor('when_ready');
      process.kill(pid, 'SIGKILL');
      await kirin.waitForLog(/Ready: 1 worker, generation 2/);
      assert.equal(await body(kirin.url), 'one');
    });
    const start = ['nworkers_changed', 'on_starting', 'when_ready'];
    assert.deepEqual(diary.hooks(), [...start, ...start, 'on_exit']);
    assert.deepEqual(
      diary.of('nworkers_changed').map(({ note }) => note),
      ['1 None 1', '1 None 1'],
    );
  });

  it('with --preload find the application loaded, as under Gunicorn before on_starting', async () => {
    const more = `
import sys
def on_starting(server): write("on_starting", 0, f"{'main' in sys.modules}")
def pre_fork(server, worker): write("pre_fork", 0, f"{server.app.wsgi().__module__}")
def post_fork(server, worker): write("post_fork", 0, f"{worker.app.callable is sys.modules['main'].app}")
`;
    const diary = diaryWith({ hooks: [], more });
    await withKirin({ app: 'main:app', cwd: diary.folder.path, args: ['--preload'] }, async () => {
      await diary.waitFor('post_fork');
      assert.deepEqual(
        diary.entries().map(({ note }) => note),
        ['True', 'main', 'True'],
      );
    });
  });

  it('may put a middleware around the application', async () => {
    const more = `
def post_worker_init(worker):
    inner = worker.wsgi
    worker.wsgi = lambda environ, start_response: [b"<", *inner(environ, start_response), b">"]
`;
    const diary = diaryWith({ hooks: [], more });
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      assert.equal(await body(kirin.url), '<one>');
    });
  });

  it('keep the threads of when_ready over reloads, until the end', async () => {
    const port = await findFreePort();
    const more = `
import http.server, threading
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"metrics")
    def log_message(self, *_): pass
def when_ready(server):
    page = http.server.ThreadingHTTPServer(("127.0.0.1", ${port}), Page)
    threading.Thread(target=page.serve_forever).start()
    write("when_ready")
`;
    const diary = diaryWith({ hooks: ['on_reload', 'child_exit', 'on_exit'], more });
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      const page = `http://127.0.0.1:${port}/`;
      assert.equal(await body(page), 'metrics');
      for (const generation of [2, 3]) {
        kirin.signal('SIGHUP');
        await kirin.waitForLog(new RegExp(`Ready: 1 worker, generation ${generation}`));
        await diary.waitFor('child_exit', generation - 1);
      }
      assert.equal(await body(page), 'metrics');
      await waitFor(() => kirin.processes().length === 5, {
        what: 'arbiter, edge, two zygotes and a worker',
      });
    });
    const names = [
      'when_ready',
      'on_reload',
      'child_exit',
      'on_reload',
      'child_exit',
      'child_exit',
      'on_exit',
    ];
    assert.deepEqual(diary.hooks(), names);
    const [reloaded] = diary.of('on_reload').slice(-1);
    assert.equal(diary.of('on_exit')[0]?.pid, reloaded?.pid, 'of the newest configuration');
  });

  it('hear of another number of workers, and may ask for one', async () => {
    const more = `
def when_ready(server):
    server.num_workers += 1
`;
    const diary = diaryWith({ hooks: ['nworkers_changed', 'post_worker_init'], more });
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      await diary.waitFor('post_worker_init', 2);
      kirin.signal('SIGTTIN');
      await diary.waitFor('post_worker_init', 3);
      kirin.signal('SIGTTOU');
      await diary.waitFor('nworkers_changed', 4);
      assert.deepEqual(
        diary.of('nworkers_changed').map(({ note }) => note),
        ['1 None 1', '2 1 2', '3 2 3', '2 3 2'],
      );
    });
  });

  it('that set worker.alive to False have the worker replaced, and lose no request', async () => {
    const more = `
def post_request(worker, req):
    if worker.nr == 30:
        worker.alive = False
`;
    const diary = diaryWith({ hooks: ['worker_exit'], more });
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      const load = new SteadyLoad({ port: kirin.port });
      await diary.waitFor('worker_exit', 2);
      const { failures } = await load.stop();
      assert.deepEqual(failures, []);
      assert.match(kirin.log(), /is to be replaced: a server hook has set worker\.alive to False/);
    });
  });

  it('hear of INT and QUIT to a worker, which then leaves in order and is replaced', async () => {
    const diary = diaryWith({ hooks: ['worker_int', 'worker_exit', 'post_worker_init'] });
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
        const [pid] = kirin.workerPids() as [number];
        process.kill(pid, signal);
        await waitFor(() => kirin.workerPids().length === 1 && !kirin.workerPids().includes(pid));
      }
      const [pid] = kirin.workerPids() as [number];
      process.kill(pid, 'SIGTERM');
      await diary.waitFor('post_worker_init', 4);
    });
    assert.deepEqual(
      diary.of('worker_int').map(({ age }) => age),
      [1, 2],
      'not of TERM',
    );
    assert.deepEqual(
      diary
        .of('worker_exit')
        .map(({ age }) => age)
        .sort(),
      [1, 2, 3, 4],
    );
  });

  it('worker_abort is called in the main thread on top of the request that is past its deadline', async () => {
    const more = `
import traceback
def worker_abort(worker):
    stack = traceback.extract_stack()
    write("worker_abort", worker.age, " ".join(frame.name for frame in stack))
    worker.log.error("aborted: %s", worker.aborted)
`;
    const diary = diaryWith({ hooks: ['worker_exit'], app: SLOW_APP, more });
    const args = ['--timeout', '1'];
    await withKirin({ app: 'main:app', cwd: diary.folder.path, args }, async (kirin) => {
      const [pid] = kirin.workerPids() as [number];
      assert.equal((await fetch(`${kirin.url}/sleep`)).status, 504);
      const { note, age } = await diary.waitFor('worker_abort');
      assert.match(note, /\bapp\b.* worker_abort$/);
      assert.equal(age, 1);
      await kirin.waitForLog(/Request GET \/sleep .* was interrupted/);
      await waitFor(() => kirin.workerPids().length === 1 && !kirin.workerPids().includes(pid));
      assert.equal(await body(kirin.url), 'one');
      assert.match(kirin.log(), /aborted: True/);
      assert.doesNotMatch(kirin.log(), /SIGKILL|Killing/);
      // It asks to leave once its end is due, so no other is called.
      assert.equal(diary.of('worker_abort').length, 1);
      await diary.waitFor('worker_exit');
    });
  });

  it('worker_abort that raises does not keep the request from being interrupted', async () => {
    const more = 'def worker_abort(worker): raise TimeoutError("too late")';
    const diary = diaryWith({ hooks: [], app: SLOW_APP, more });
    const args = ['--timeout', '1'];
    await withKirin({ app: 'main:app', cwd: diary.folder.path, args }, async (kirin) => {
      assert.equal((await fetch(`${kirin.url}/sleep`)).status, 504);
      await kirin.waitForLog(/The server hook worker_abort failed\n[\s\S]*TimeoutError: too late/);
      await kirin.waitForLog(/Request GET \/sleep .* was interrupted/);
    });
  });

  it('worker_abort hears of ABRT that somebody sends, and the worker leaves in order', async () => {
    const diary = diaryWith({ hooks: ['worker_abort', 'worker_exit'] });
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      const [pid] = kirin.workerPids() as [number];
      process.kill(pid, 'SIGABRT');
      await kirin.waitForLog(/is to be replaced: it was sent SIGABRT/);
      await waitFor(() => kirin.workerPids().length === 1 && !kirin.workerPids().includes(pid));
    });
    assert.deepEqual(diary.hooks().slice(0, 2), ['worker_abort', 'worker_exit']);
  });

  it('run for USR2: pre_exec in the old, and those of a start in the new, which knows the old', async () => {
    const more = `
def pre_exec(server):
    write("pre_exec")
def when_ready(server): write("when_ready", 0, f"{server.pid} {server.master_pid}")
`;
    const diary = diaryWith({ hooks: ['on_starting', 'on_reload'], more });
    const kirin = await startKirin({ app: 'main:app', cwd: diary.folder.path });
    try {
      kirin.signal('SIGUSR2');
      const [, newPid] = await kirin.waitForLog(/The new Kirin \(pid:(\d+)\) serves/);
      assert.deepEqual(diary.hooks(), ['on_starting', 'when_ready', 'pre_exec', 'on_starting', 'when_ready']);
      const notes = diary.of('when_ready').map(({ note }) => note);
      assert.deepEqual(notes, [`${kirin.pid} 0`, `${newPid} ${kirin.pid}`]);
      kirin.signal('SIGUSR2');
      await kirin.waitForLog(/USR2 is ignored: the new Kirin/);
      assert.equal(diary.of('pre_exec').length, 1);
      process.kill(Number(newPid), 'SIGTERM');
      await kirin.waitForLog(/The new Kirin .* this one goes on/);
    } finally {
      await kirin.stop();
    }
  });

  it('go on while no worker is wanted (WINCH of a daemon), as the arbiter of Gunicorn does', async () => {
    const diary = diaryWith({
      hooks: ['nworkers_changed', 'on_starting', 'on_reload', 'child_exit', 'on_exit'],
    });
    const pidFile = join(diary.folder.path, 'pid');
    const args = ['--daemon', '--pid', pidFile, '--error-logfile', join(diary.folder.path, 'log')];
    const command = new KirinProcess({ app: 'main:app', cwd: diary.folder.path, args });
    try {
      assert.equal((await command.ended(30_000)).code, 0, command.log());
      const pid = Number(readFileSync(pidFile, 'utf8'));
      process.kill(pid, 'SIGWINCH');
      await diary.waitFor('child_exit');
      process.kill(pid, 'SIGHUP');
      await waitFor(() => /generation 2/.test(readFileSync(join(diary.folder.path, 'log'), 'utf8')));
      process.kill(pid, 'SIGWINCH');
      await diary.waitFor('child_exit', 2);
      process.kill(pid, 'SIGTERM');
      await command.assertNothingLeft();
      assert.deepEqual(
        diary.entries().map(({ hook, note }) => (hook === 'nworkers_changed' ? `${hook} ${note}` : hook)),
        [
          'nworkers_changed 1 None 1',
          'on_starting',
          'nworkers_changed 0 1 0',
          'child_exit',
          'nworkers_changed 1 0 1',
          'on_reload',
          'nworkers_changed 0 1 0',
          'child_exit',
          'on_exit',
        ],
      );
    } finally {
      command.discard();
    }
  });

  it('a failing pre_exec keeps USR2 from starting anything', async () => {
    const diary = diaryWith({ hooks: [], more: 'def pre_exec(server): raise ValueError("not now")' });
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      kirin.signal('SIGUSR2');
      await kirin.waitForLog(/ValueError: not now/);
      await kirin.waitForLog(/No new Kirin is started: the server hook pre_exec failed/);
      assert.equal(await body(kirin.url), 'one');
    });
  });

  it('run with --reload for each reload', async () => {
    const diary = diaryWith({ hooks: ['on_starting', 'on_reload', 'when_ready', 'on_exit'] });
    const args = ['--reload'];
    await withKirin({ app: 'main:app', cwd: diary.folder.path, args }, async (kirin) => {
      diary.folder.write(
        'main.py',
        readFileSync(join(diary.folder.path, 'main.py'), 'utf8').replace('one', 'two'),
      );
      await waitFor(async () => (await body(kirin.url)) === 'two');
    });
    assert.deepEqual(diary.hooks(), ['on_starting', 'when_ready', 'on_reload', 'on_exit']);
  });

  it('run for each worker that recycling brings', async () => {
    const diary = diaryWith({ hooks: ['pre_fork', 'worker_exit', 'child_exit'] });
    const args = ['--max-requests', '3'];
    await withKirin({ app: 'main:app', cwd: diary.folder.path, args }, async (kirin) => {
      for (let request = 0; request < 3; request++) await body(kirin.url);
      await diary.waitFor('child_exit');
      // The replacement is ready first.
      assert.deepEqual(
        diary.entries().map(({ hook, age }) => `${hook} ${age}`),
        ['pre_fork 1', 'pre_fork 2', 'worker_exit 1', 'child_exit 1'],
      );
    });
  });

  it('that there are not run nothing: the file is run once', async () => {
    const diary = diaryWith({ hooks: [], more: 'write("file")' });
    const kirin = new KirinProcess({ app: 'main:app', cwd: diary.folder.path });
    await kirin.waitUntilReady();
    await kirin.stop();
    assert.deepEqual(diary.hooks(), ['file']);
  });
});

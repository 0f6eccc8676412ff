import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { HookDiary } from '../support/hook-diary.ts';
import { withKirin } from '../support/kirin.ts';
import { testPython, testVenv } from '../support/project.ts';
import { RawConnection } from '../support/raw-connection.ts';

const APP = `
import os, sys, time
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/fail": raise ValueError("the application has failed")
    if path == "/fork":
        child = os.fork()
        if child == 0: sys.exit(0)
        os.waitpid(child, 0)
    if path == "/sleep": time.sleep(60)
    body = f"{environ['wsgi.url_scheme']} {environ.get('HTTP_X_ADDED')} {path}".encode()
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return iter([body[:3], body[3:]])
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
`;

const withoutGevent =
  spawnSync(testPython, ['-c', 'import gevent']).status === 0
    ? false
    : 'gevent is not in the virtual environment of the tests';

describe('pre_request and post_request', () => {
  const diaries: HookDiary[] = [];

  afterEach(() => {
    for (const diary of diaries.splice(0)) diary.remove();
  });

  function diaryWith(more: string, hooks: readonly string[] = ['post_request']): HookDiary {
    const diary = new HookDiary({ hooks, more, app: APP });
    diaries.push(diary);
    return diary;
  }

  it('are called around each request, in every thread, and see what was sent', async () => {
    const diary = diaryWith('', ['pre_request', 'post_request']);
    const args = ['--threads', '2'];
    let errorBytes = 0;
    await withKirin({ app: 'main:app', cwd: diary.folder.path, args }, async (kirin) => {
      for (const path of ['/page?a=b', '/stream', '/fork']) await (await fetch(kirin.url + path)).text();
      errorBytes = (await (await fetch(`${kirin.url}/fail`)).text()).length;
      await diary.waitFor('post_request', 4);
      await fetch(kirin.url, { method: 'HEAD' });
      await diary.waitFor('post_request', 5);
    });
    assert.deepEqual(
      diary.entries().map(({ hook, note }) => `${hook} ${note}`),
      [
        'pre_request GET /page a=b',
        'post_request /page?a=b 200 OK 15',
        'pre_request GET /stream ',
        'post_request /stream 200 OK 17',
        'pre_request GET /fork ',
        'post_request /fork 200 OK 15',
        'pre_request GET /fail ',
        `post_request /fail 500 Internal Server Error ${errorBytes}`,
        'pre_request HEAD / ',
        'post_request / 200 OK 0',
      ],
    );
  });

  it('are called by greenlets, too', { skip: withoutGevent }, async () => {
    const diary = diaryWith('', ['post_worker_init', 'pre_request', 'post_request', 'worker_exit']);
    const args = ['--worker-class', 'gevent'];
    await withKirin({ app: 'main:app', cwd: diary.folder.path, args }, async (kirin) => {
      await Promise.all(
        ['/one', '/two', '/stream'].map(async (path) => (await fetch(kirin.url + path)).text()),
      );
      await diary.waitFor('post_request', 3);
    });
    assert.equal(diary.of('pre_request').length, 3);
    assert.deepEqual(
      diary
        .of('post_request')
        .map(({ note }) => note)
        .sort(),
      ['/one 200 OK 14', '/stream 200 OK 17', '/two 200 OK 14'],
    );
    assert.deepEqual([diary.hooks().at(0), diary.hooks().at(-1)], ['post_worker_init', 'worker_exit']);
  });

  it('may change the request before the application sees it', async () => {
    const more = `
def pre_request(worker, req):
    req.scheme = "https"
    req.headers.append(("X-ADDED", req.remote_addr[0]))
`;
    const diary = diaryWith(more);
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      assert.equal(await (await fetch(`${kirin.url}/page`)).text(), 'https 127.0.0.1 /page');
    });
  });

  it('that fail: 500 before, a line in the log after; the worker goes on', async () => {
    const more = `
def pre_request(worker, req):
    if req.path == "/before": raise ValueError("before")
def post_request(worker, req, environ, resp):
    write("post_request", worker.age, f"{environ.get('PATH_INFO')} {resp is None}")
    raise ValueError("after")
`;
    const diary = diaryWith(more);
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      const pids = kirin.workerPids();
      assert.equal((await fetch(`${kirin.url}/before`)).status, 500);
      assert.equal((await fetch(`${kirin.url}/page`)).status, 200);
      await kirin.waitForLog(/Error handling request GET \/before\nTraceback[\s\S]*ValueError: before/);
      await kirin.waitForLog(/The server hook post_request failed\nTraceback[\s\S]*ValueError: after/);
      assert.deepEqual(kirin.workerPids(), pids);
      assert.deepEqual(
        diary.of('post_request').map(({ note }) => note),
        ['None True', '/page False'],
      );
    });
  });

  it('of a request that is interrupted: post_request is called while it unwinds', async () => {
    const diary = diaryWith('');
    const args = ['--timeout', '1'];
    await withKirin({ app: 'main:app', cwd: diary.folder.path, args }, async (kirin) => {
      assert.equal((await fetch(`${kirin.url}/sleep`)).status, 504);
      assert.equal((await diary.waitFor('post_request')).note, '/sleep None 0');
    });
  });

  it('a slow post_request does not keep the response from its client', async () => {
    const more = `
import os, time
def post_request(worker, req):
    while not os.path.exists("go"): time.sleep(0.01)
    write("post_request")
`;
    const diary = diaryWith(more);
    await withKirin({ app: 'main:app', cwd: diary.folder.path }, async (kirin) => {
      assert.equal((await fetch(`${kirin.url}/page`)).status, 200);
      assert.deepEqual(diary.hooks(), []);
      diary.folder.write('go', '');
      await diary.waitFor('post_request');
    });
  });

  it('over a unix socket see a client without an address, as under Gunicorn', async () => {
    const more = `
def pre_request(worker, req): write("pre_request", 0, f"{req.remote_addr!r} {req.headers}")
`;
    const diary = diaryWith(more, []);
    const path = join(diary.folder.path, 'app.sock');
    const args = ['--bind', `unix:${path}`];
    await withKirin({ app: 'main:app', cwd: diary.folder.path, args }, async () => {
      const connection = await RawConnection.open({ path });
      connection.send('GET / HTTP/1.1\r\nHost: a\r\nX-Two: 1\r\nX-Two: 2\r\n\r\n');
      assert.equal((await diary.waitFor('pre_request')).note, "'' [('HOST', 'a'), ('X-TWO', '1,2')]");
      connection.destroy();
    });
  });
});

// --- cfg ----------------------------------------------------------------------------------------------------

/** Settings whose values differ, and why. */
const OTHER_VALUES = new Set([
  'keepalive', // another default
  'control_socket', // there is none
  'ssl_version', // a constant of Python's ssl module there
  'print_config', // it is asked for there
  'wsgi_app', // the application here; there it is no setting when it is an argument
]);

const DESCRIBE = `
import json
def describe(cfg):
    shown = {name: repr(setting.get()) for name, setting in cfg.settings.items() if not callable(setting.get())}
    more = {name: repr(getattr(cfg, name)) for name in ("address", "uid", "gid", "proc_name", "env", "is_ssl", "worker_class_str")}
    return json.dumps({**shown, **more})
`;

const UNDER_GUNICORN = `${DESCRIBE}
import sys
sys.argv[1:] = ["--print-config", "-w", "3", "main:app"]
from gunicorn.app.wsgiapp import WSGIApplication
print(describe(WSGIApplication("%(prog)s").cfg))
`;

const skip = existsSync(join(testVenv, 'bin', 'gunicorn'))
  ? false
  : 'Gunicorn is not in the virtual environment of the tests';

describe('cfg', { skip }, () => {
  it('has the settings and the values that it has under Gunicorn', async () => {
    const file = `
bind = ["127.0.0.1:0", "127.0.0.2:0"]
threads = 4
timeout = 45
raw_env = ["A=1", "B=2"]
pythonpath = "/one,/two"
secure_scheme_headers = {"X-PROTO": "https"}
forwarded_allow_ips = "10.0.0.0/8"
umask = 0o27
accesslog = "-"
`;
    const more = `${DESCRIBE}${file}\ndef when_ready(server): write("when_ready", 0, describe(server.cfg))`;
    const diary = new HookDiary({ hooks: [], more });
    try {
      const env = { PATH: process.env.PATH ?? '', PYTHONDONTWRITEBYTECODE: '1' };
      const options = { cwd: diary.folder.path, env, encoding: 'utf8' } as const;
      const theirs = JSON.parse(execFileSync(testPython, ['-c', UNDER_GUNICORN], options)) as Record<
        string,
        string
      >;
      const args = ['-w', '3'];
      await withKirin({ app: 'main:app', bind: [], cwd: diary.folder.path, args }, async () => {
        const ours = JSON.parse((await diary.waitFor('when_ready')).note) as Record<string, string>;
        const names = Object.keys(theirs).filter((name) => !OTHER_VALUES.has(name));
        assert.ok(names.length > 90);
        const pick = (values: Record<string, string>) =>
          Object.fromEntries(names.map((name) => [name, values[name]]));
        assert.deepEqual(pick(ours), pick(theirs));
      });
    } finally {
      diary.remove();
    }
  });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { gunicornIsMissing } from '../support/gunicorn.ts';
import { runKirin } from '../support/kirin.ts';
import { testPython } from '../support/project.ts';

interface Case {
  readonly what: string;
  /** gunicorn.conf.py, unless `args` name another. */
  readonly file: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const CASES: readonly Case[] = [
  {
    what: 'a file behind nginx',
    file: `
import multiprocessing

bind = "unix:/run/shop/gunicorn.sock"
workers = multiprocessing.cpu_count() * 2 + 1
worker_class = "gthread"
threads = 4
timeout = 60
keepalive = 5
max_requests = 1000
max_requests_jitter = 100
umask = 0o007
accesslog = "-"
errorlog = "-"
loglevel = "info"
proc_name = "shop"
proxy_allow_ips = "*"
forwarded_allow_ips = "10.0.0.0/8,127.0.0.1"
`,
  },
  {
    what: 'a file that takes every variable of a prefix as a setting',
    file: `
import os

for name, value in os.environ.items():
    if name.startswith("GUNICORN_") and name != "GUNICORN_CMD_ARGS":
        globals()[name[len("GUNICORN_"):].lower()] = value
`,
    env: {
      GUNICORN_WORKERS: '3',
      GUNICORN_THREADS: '2',
      GUNICORN_BIND: '0.0.0.0:9000',
      GUNICORN_RELOAD: 'true',
      GUNICORN_TIMEOUT: '120',
      GUNICORN_ACCESSLOG: '-',
    },
  },
  {
    what: 'lists, None, True and an application',
    file: `
bind = ["127.0.0.1:8001", "[::1]:8001"]
raw_env = ["DJANGO_SETTINGS_MODULE=shop.settings", "DEBUG=0"]
preload_app = True
capture_output = True
accesslog = None
pidfile = None
reload = False
proxy_protocol = True
limit_request_line = 0
wsgi_app = "main:app"
`,
    args: ['--print-config'],
  },
  {
    what: 'a file, GUNICORN_CMD_ARGS and the command line',
    file: 'workers = 2\nthreads = 2\ntimeout = 2\nbind = [":2", ":3"]\n',
    env: { GUNICORN_CMD_ARGS: '--threads 3 --timeout 3 -b :4', WEB_CONCURRENCY: '9', PORT: '9' },
    args: ['--print-config', '-t', '4', 'main:app'],
  },
  {
    what: 'variables of hosting platforms',
    file: '',
    env: { WEB_CONCURRENCY: '4', PORT: '5000', FORWARDED_ALLOW_IPS: '*' },
  },
  {
    what: 'a file named in GUNICORN_CMD_ARGS',
    file: 'workers = 8\n',
    env: { GUNICORN_CMD_ARGS: '--config other.py -k sync' },
  },
  {
    what: 'a module',
    file: 'workers = 8\n',
    args: ['--print-config', '-c', 'python:package.production', 'main:app'],
  },
  {
    what: 'chdir, and imports beside the file',
    file: 'import os, helper\nchdir = "sub"\nworkers = helper.WORKERS\nproc_name = os.path.basename(os.getcwd()) + __name__\n',
  },
  {
    what: 'header policies',
    file: `
forwarder_headers = "SCRIPT_NAME,REMOTE_USER"
header_map = "refuse"
limit_request_fields = 50
limit_request_field_size = 4000
backlog = 64
graceful_timeout = "15"
`,
  },
];

/** Shown in another form, or not of Gunicorn's making; tests/integration/gunicorn-settings.test.ts says why. */
const SHOWN_OTHERWISE = new Set(
  `keepalive pythonpath http_protocols secure_scheme_headers control_socket control_socket_mode
  default_proc_name ssl_version umask wsgi_app`.split(/\s+/),
);

type Printed = ReadonlyMap<string, string>;

function settingsIn(text: string): Printed {
  const lines = text.trimEnd().split('\n');
  return new Map(lines.map((line) => line.split(/ += /, 2) as [string, string]));
}

describe('Gunicorn and Kirin read the same from', { skip: gunicornIsMissing }, () => {
  const folder = new AppFolder({
    'main.py': answering('one'),
    'other.py': 'workers = 5\n',
    'helper.py': 'WORKERS = 6\n',
  });
  folder.writeIn('package', '__init__.py', '');
  folder.writeIn('package', 'production.py', 'workers = 7\nbind = ":7000"\n');
  folder.writeIn('sub', 'main.py', answering('two'));
  after(() => folder.remove());

  for (const { what, file, args = ['--print-config', 'main:app'], env = {} } of CASES) {
    it(what, async () => {
      folder.write('gunicorn.conf.py', file);
      const kirin = await runKirin({ bind: [], cwd: folder.path, args, env });
      assert.equal(kirin.code, 0, kirin.log);
      const clean = { PATH: process.env.PATH ?? '', PYTHONDONTWRITEBYTECODE: '1' };
      const real = spawnSync(testPython, ['-m', 'gunicorn', ...args], {
        cwd: folder.path,
        env: { ...clean, ...env },
        encoding: 'utf8',
      });
      assert.equal(real.status, 0, real.stderr);
      const ours = settingsIn(kirin.stdout);
      const theirs = settingsIn(real.stdout);
      const shared = [...theirs.keys()].filter((name) => ours.has(name) && !SHOWN_OTHERWISE.has(name));
      assert.ok(shared.length > 80);
      const pick = (printed: Printed) => shared.map((name) => `${name} = ${printed.get(name)}`);
      assert.deepEqual(pick(ours), pick(theirs));
    });
  }
});

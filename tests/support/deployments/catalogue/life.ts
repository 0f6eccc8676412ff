// What becomes of processes: reloads, upgrades, recycling, deadlines.

import type { Deployment } from '../deployment.ts';
import { ask, leaveEarly, request } from '../requests.ts';
import {
  askUntilAborted,
  edit,
  recycle,
  reload,
  reloadBroken,
  standBy,
  stopDuring,
  upgrade,
} from '../signals.ts';

const PAGE = `
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"new"]
`;

export const life: readonly Deployment[] = [
  {
    name: 'a site whose new code does not load',
    after: "Gunicorn's issues on HUP",
    folder: 'small',
    command: 'gunicorn -b 127.0.0.1:0 plain:app',
    steps: [
      ask('GET /'),
      reloadBroken((site) => site.write('plain.py', 'raise RuntimeError("broken on purpose")\n')),
    ],
    differs: ['broken reloads', 'keeps connections'],
  },
  {
    name: 'a site whose new configuration is wrong',
    after: "Gunicorn's issues on HUP",
    folder: 'small',
    files: { 'gunicorn.conf.py': 'bind = "127.0.0.1:0"\n' },
    // Workers look for their master twice in that time.
    command: 'gunicorn --timeout 2 plain:app',
    steps: [reloadBroken((site) => site.write('gunicorn.conf.py', 'bind = wrong\n'))],
    differs: ['broken reloads'],
  },
  {
    name: 'a site whose workers are replaced after so many requests',
    after: "Gunicorn's settings page, --max-requests",
    folder: 'small',
    command: 'gunicorn -b 127.0.0.1:0 --max-requests 2 plain:app',
    steps: [ask('GET /'), recycle('GET /?the-second'), ask('GET /?from-the-next')],
    differs: ['keeps connections', 'recycled workers'],
  },
  {
    name: 'a request that takes longer than it may',
    after: "Gunicorn's settings page, --timeout",
    folder: 'probe',
    command: 'gunicorn -b 127.0.0.1:0 --timeout 1 probe:app',
    steps: [askUntilAborted('GET /hangs'), ask('GET /')],
    differs: ['deadlines', 'keeps connections'],
  },
  {
    name: 'clients that leave before they have everything',
    after: 'browsers',
    folder: 'probe',
    command: 'gunicorn -b 127.0.0.1:0 --workers 2 probe:app',
    workers: 2,
    steps: [leaveEarly(request('GET /endless'), /closed the iterable/), ask('GET /')],
    differs: ['keeps connections'],
  },
  {
    name: 'a new version on the same sockets',
    after: "Gunicorn's signals page, upgrading on the fly",
    folder: 'small',
    command: 'gunicorn -b 127.0.0.1:0 --pid site.pid plain:app',
    pidFile: 'site.pid',
    steps: [ask('GET /'), upgrade(1), ask('GET /?by-the-new-one')],
    differs: ['keeps connections', 'two masters'],
  },
  {
    name: 'a daemon whose workers are let go and come back',
    after: "Gunicorn's signals page, WINCH",
    folder: 'small',
    command: 'gunicorn --daemon --pid site.pid --log-file error.log -b 127.0.0.1:0 plain:app',
    errorLog: 'error.log',
    pidFile: 'site.pid',
    steps: [ask('GET /'), standBy(), reload(1)],
    differs: ['keeps connections', 'standing by'],
  },
  {
    name: 'a site whose socket systemd has opened',
    after: "Gunicorn's deployment page, socket activation",
    folder: 'small',
    files: {
      'activate.py': `
import os
import socket
import sys

listener = socket.create_server(("127.0.0.1", 0))
descriptor = listener.detach()
if descriptor != 3:
    os.dup2(descriptor, 3)
os.set_inheritable(3, True)
os.environ["LISTEN_FDS"] = "1"
os.environ["LISTEN_PID"] = str(os.getpid())
os.execvp(sys.argv[1], sys.argv[1:])
`,
    },
    command: 'python activate.py gunicorn --pid site.pid plain:app',
    steps: [ask('GET /')],
    differs: ['keeps connections'],
  },
  {
    name: 'a developer at work with --reload',
    after: "Gunicorn's settings page, --reload",
    folder: 'small',
    command: 'gunicorn -b 127.0.0.1:0 --reload plain:app',
    steps: [edit('plain.py', PAGE)],
    differs: ['reload'],
  },
  {
    name: 'a configuration file with hooks that log',
    after: "Gunicorn's example_config.py",
    folder: 'small',
    files: {
      'gunicorn.conf.py': `
bind = "127.0.0.1:0"
workers = 2


def when_ready(server):
    server.log.info("Server is ready. Spawning workers")


def post_fork(server, worker):
    server.log.info("Worker spawned (pid: %s)", worker.pid)


def pre_request(worker, req):
    worker.log.info("%s %s", req.method, req.path)


def worker_exit(server, worker):
    server.log.info("left by (pid: %s)", worker.pid)


def on_exit(server):
    server.log.info("over")
`,
    },
    command: 'gunicorn plain:app',
    workers: 2,
    steps: [ask('GET /'), ask('GET /other?a')],
    differs: ['keeps connections'],
  },
  {
    name: 'a stop while a request is running',
    after: "Gunicorn's signals page, TERM",
    folder: 'probe',
    command: 'gunicorn -b 127.0.0.1:0 --access-logfile - probe:app',
    steps: [stopDuring('GET /takes-its-time')],
    differs: [],
  },
];

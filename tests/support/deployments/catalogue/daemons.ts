import type { Deployment } from '../deployment.ts';
import { ask } from '../requests.ts';
import { rotate } from '../signals.ts';

const COMBINED =
  '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" seconds=%(T)s ms=%(M)s us=%(D)s decimal=%(L)s %(p)s';

export const daemons: readonly Deployment[] = [
  {
    name: 'a program of supervisord with log files, what is printed among them, that are rotated',
    after: "Gunicorn's deployment page",
    folder: 'small',
    command:
      'gunicorn -w 2 -b 127.0.0.1:0 --capture-output --error-logfile error.log --access-logfile access.log plain:app',
    errorLog: 'error.log',
    accessLog: 'access.log',
    workers: 2,
    steps: [ask('GET /print'), rotate(['error.log', 'access.log'], 'GET /print')],
    differs: ['keeps connections'],
  },
  {
    name: 'a daemon with a pid file',
    after: "Gunicorn's settings page, --daemon",
    folder: 'small',
    command: 'gunicorn -D -p {folder}/gunicorn.pid --log-file error.log -b unix:site.sock plain:app',
    errorLog: 'error.log',
    pidFile: 'gunicorn.pid',
    steps: [ask('GET /')],
    differs: ['keeps connections'],
  },
  {
    name: 'a start script with variables',
    after: 'the guides that start Gunicorn by supervisord and a script',
    folder: 'small',
    files: {
      'start.sh': `#!/bin/bash
NAME="shop"
DIR=$(cd "$(dirname "$0")" && pwd)
WORKERS=2
USER=$(id -un)
GROUP=$(id -gn)
cd "$DIR"
exec gunicorn plain:app \\
  --name $NAME \\
  --workers $WORKERS \\
  --user=$USER \\
  --group=$GROUP \\
  --bind=unix:$DIR/run.sock \\
  --log-level=info \\
  --log-file=-
`,
    },
    command: 'sh start.sh',
    workers: 2,
    steps: [ask('GET /')],
    differs: ['keeps connections'],
  },
  {
    name: 'an access log with everything in it',
    after: "Gunicorn's settings page, access_log_format",
    folder: 'probe',
    files: {
      'gunicorn.conf.py': `access_log_format = '${COMBINED}'\naccesslog = "access.log"\nbind = "127.0.0.1:0"\n`,
    },
    command: 'gunicorn probe:app',
    accessLog: 'access.log',
    steps: [
      ask('GET /', ['User-Agent: Mozilla/5.0 (X11)', 'Referer: https://site.example/?a=b']),
      ask('GET /stream?q=%22', ['Authorization: Basic YWRhOnNlY3JldA==']),
      ask('HEAD /'),
      ask('POST /body', ['Content-Length: 3'], 'abc'),
      ask('GET /status?204+No+Content'),
    ],
    differs: ['bodies that are dropped', 'keeps connections'],
  },
  {
    name: 'an access log of headers and variables',
    after: 'configuration files behind load balancers',
    folder: 'probe',
    command: `gunicorn -b 127.0.0.1:0 --access-logfile - --access-logformat '%({x-forwarded-for}i)s %({X-Id}i)s %(m)s %(U)s "%(q)s" %(H)s %(s)s %(B)s %({content-type}o)s %({REQUEST_METHOD}e)s %({server_protocol}e)s %({x-none}i)s %(z)s 100%%' probe:app`,
    steps: [
      ask('GET /?a=1&b=2', ['X-Forwarded-For: 203.0.113.7, 10.0.0.1', 'X-Id: 7']),
      ask('GET /stream/a%20b'),
      ask('POST /body', ['Content-Length: 3'], 'abc'),
    ],
    differs: ['keeps connections'],
  },
];

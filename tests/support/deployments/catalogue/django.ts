import type { Deployment } from '../deployment.ts';
import { ask } from '../requests.ts';
import { killWorker, modes, reload } from '../signals.ts';
import { BEHIND_NGINX, FORM, FORM_BODY, UPLOAD, UPLOAD_BODY } from './forms.ts';

const PAGES = [
  ask('GET /?a=1&a=2&b=%C3%A9', ['Cookie: x=1; y=2']),
  ask('HEAD /'),
  ask('POST /echo/', FORM, FORM_BODY),
  ask('POST /echo/', UPLOAD, UPLOAD_BODY),
  ask('PUT /echo/', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\n\r\n'),
  ask('GET /echo'),
  ask('GET /remember/'),
  ask('GET /rows/'),
  ask('GET /source/'),
  ask('HEAD /source/'),
  ask('GET /cached/', ['If-None-Match: "1"']),
  ask('GET /asynchronous/'),
  ask('GET /any/caf%C3%A9%20%2F/x'),
  ask('GET /missing/'),
  ask('GET /broken/'),
  ask('GET /', ['Host: wrong.example']),
];

export const django: readonly Deployment[] = [
  {
    name: 'a Django project, named by its module',
    after: "Django's page on Gunicorn",
    folder: 'django',
    command: 'gunicorn mysite.wsgi',
    env: { GUNICORN_CMD_ARGS: '--bind=127.0.0.1:0 --access-logfile=-' },
    steps: PAGES,
    differs: ['bodies that are dropped', 'bytes of files', 'keeps connections', 'length known'],
  },
  {
    name: 'a Django project in another folder, with its settings named by --env',
    after: "Gunicorn's settings page",
    folder: 'django',
    files: { 'deploy/note': '' },
    command:
      "env -C deploy gunicorn --chdir .. -e DJANGO_SETTINGS_MODULE=mysite.production -e 'GREETING=a b' -b 127.0.0.1:0 mysite.wsgi:application",
    steps: [ask('GET /'), ask('GET /missing/')],
    differs: ['keeps connections'],
  },
  {
    name: 'a Django project behind nginx on a unix socket, with a pid file, as a unit of systemd has it',
    after: "DigitalOcean's guides, Gunicorn's deployment page",
    folder: 'django',
    command:
      'gunicorn --access-logfile access.log --workers 3 --umask 007 --pid gunicorn.pid --bind unix:gunicorn.sock mysite.wsgi:application',
    accessLog: 'access.log',
    workers: 3,
    steps: [
      modes(['gunicorn.sock', 'gunicorn.pid', 'access.log']),
      ask('GET /', BEHIND_NGINX),
      ask('POST /echo/', [...FORM, ...BEHIND_NGINX], FORM_BODY),
      reload(3, () => {}, 'GET /cached/'),
      ask('GET /', BEHIND_NGINX),
    ],
    differs: ['address on a unix socket', 'keeps connections'],
  },
  {
    name: 'a Django project with a configuration file beside it, whose workers are killed',
    after: "Django's deployment checklist",
    folder: 'django',
    files: {
      'gunicorn.conf.py': `
import multiprocessing
import os

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = min(2, multiprocessing.cpu_count() * 2 + 1)
worker_class = "gthread"
threads = 2
timeout = 60
keepalive = 5
accesslog = "-"
errorlog = "-"
raw_env = ["GREETING=from the file"]
proc_name = "mysite"
`,
    },
    env: { BIND: '127.0.0.1:0' },
    command: 'gunicorn mysite.wsgi',
    workers: 2,
    steps: [ask('GET /'), killWorker('SIGKILL', 2), ask('GET /'), killWorker('SIGTERM', 2), ask('GET /')],
    differs: ['keep-alive unsaid', 'killed workers', 'workers that are told to leave'],
  },
];

import type { Deployment } from '../deployment.ts';
import { ask } from '../requests.ts';
import { reload, scale } from '../signals.ts';

export const platforms: readonly Deployment[] = [
  {
    name: "a Procfile with the platform's PORT and WEB_CONCURRENCY",
    after: "Heroku's page on Gunicorn",
    folder: 'flask',
    command: 'gunicorn shop:app --log-file -',
    env: { PORT: '0', WEB_CONCURRENCY: '2' },
    workers: 2,
    steps: [ask('GET /', ['X-Forwarded-Proto: https', 'X-Request-Start: 1795259400123', 'Via: 1.1 vegur'])],
    differs: ['keeps connections'],
  },
  {
    name: 'a Procfile whose options are in GUNICORN_CMD_ARGS, with --preload',
    after: "Heroku's page on optimizing Python",
    folder: 'small',
    command: 'gunicorn --preload --max-requests 1200 --max-requests-jitter 50 plain:app',
    env: { GUNICORN_CMD_ARGS: '--bind=0.0.0.0:0 --workers=2', TEXT: 'hello' },
    workers: 2,
    steps: [ask('GET /'), reload(2)],
    differs: ['keeps connections'],
  },
  {
    name: 'a Procfile with a configuration file that reads the environment',
    after: "Heroku's and Render's pages",
    folder: 'small',
    files: {
      'config/gunicorn.py': `
import os

for name in ("TEXT",):
    assert name in os.environ, name
bind = f"0.0.0.0:{os.environ['PORT']}"
workers = int(os.environ.get("WEB_CONCURRENCY", 3))
threads = int(os.environ.get("PYTHON_MAX_THREADS", 1))
max_requests = 1000
worker_tmp_dir = "/dev/shm"
`,
    },
    command: 'gunicorn -c config/gunicorn.py plain:app',
    env: { PORT: '0', TEXT: 'configured', PYTHON_MAX_THREADS: '2' },
    workers: 3,
    steps: [ask('GET /')],
    differs: ['keep-alive unsaid', 'settings without effect'],
  },
  {
    name: 'a container with options in its CMD, logs to both streams and heartbeats in memory',
    after: "Docker's samples, pythonspeed.com",
    folder: 'flask',
    command:
      'gunicorn --worker-tmp-dir /dev/shm --workers=2 --threads=4 --worker-class=gthread --log-file=- --access-logfile=- --bind 0.0.0.0:0 shop:app',
    workers: 2,
    steps: [ask('GET /'), ask('GET /nowhere'), scale('SIGTTIN', 3), scale('SIGTTOU', 2), ask('GET /')],
    differs: ['keep-alive unsaid', 'settings without effect', 'workers wanted'],
  },
  {
    name: 'a container in which nobody may write to the home folder',
    after: "Kubernetes' securityContext",
    folder: 'small',
    command: 'gunicorn -b [::1]:0 --access-logfile - --error-logfile - plain',
    env: { HOME: '/proc/nowhere', XDG_RUNTIME_DIR: '/proc/nowhere' },
    steps: [ask('GET /')],
    stop: 'SIGINT',
    differs: ['keeps connections'],
  },
  {
    name: 'a container that reads its entry point from GUNICORN_CMD_ARGS, with a configuration file that says the application',
    after: 'images of Python applications',
    folder: 'small',
    files: { 'gunicorn.conf.py': 'wsgi_app = "plain:application"\nbind = ["127.0.0.1:0"]\nworkers = 5\n' },
    command: 'gunicorn',
    env: { GUNICORN_CMD_ARGS: '-w 1 --timeout 90 --access-logfile -' },
    steps: [ask('GET /')],
    stop: 'SIGQUIT',
    differs: ['keeps connections'],
  },
  {
    name: 'a site of several addresses, one of them a unix socket',
    after: "Gunicorn's settings page, --bind",
    folder: 'small',
    command: 'gunicorn -b 127.0.0.1:0 -b [::1]:0 -b unix:{folder}/site.sock plain:app',
    steps: [
      ask('GET /'),
      ask('GET /', [], '', { address: 1, what: 'IPv6' }),
      ask('GET /', [], '', { address: 2, what: 'unix' }),
    ],
    differs: ['keeps connections'],
  },
  {
    name: 'a site whose number of workers changes in its file',
    after: "Gunicorn's signals page",
    folder: 'small',
    files: { 'gunicorn.conf.py': 'bind = "127.0.0.1:0"\nworkers = 1\nraw_env = ["TEXT=one"]\n' },
    command: 'gunicorn plain:app',
    steps: [
      ask('GET /'),
      reload(2, (site) => {
        site.write('gunicorn.conf.py', 'bind = "127.0.0.1:0"\nworkers = 2\nraw_env = ["TEXT=two"]\n');
      }),
    ],
    differs: ['keeps connections'],
  },
];

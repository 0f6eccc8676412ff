import type { Deployment } from '../deployment.ts';
import { ask } from '../requests.ts';

export const configuration: readonly Deployment[] = [
  {
    name: 'a configuration in a module of the application',
    after: "Gunicorn's settings page, config",
    folder: 'probe',
    files: {
      'deploy/__init__.py': '',
      'deploy/production.py': 'from .common import *\n\nraw_env = [*raw_env, "B=2"]\n',
      'deploy/common.py':
        'def pick():\n    return 2\n\n\nbind = "127.0.0.1:0"\nthreads = pick()\nraw_env = ["A=1"]\n',
    },
    command: 'gunicorn -c python:deploy.production probe:app',
    steps: [ask('GET /process?A,B,C,SERVER_SOFTWARE')],
    differs: ['keep-alive unsaid', 'software of the process'],
  },
  {
    name: 'a configuration that sets variables by itself and adds to the path',
    after: 'configuration files in public repositories',
    folder: 'probe',
    files: {
      'lib/beside.py': 'WORKERS = 2\n',
      'conf/gunicorn_config.py': `
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
import beside

os.environ["FROM_FILE"] = os.path.basename(HERE)
bind = "127.0.0.1:0"
workers = beside.WORKERS
chdir = os.path.dirname(HERE)
keep_alive = 5
`,
    },
    command: 'gunicorn --config conf/gunicorn_config.py probe:app',
    workers: 2,
    steps: [ask('GET /process?FROM_FILE')],
    differs: ['keeps connections', 'misspelt settings'],
  },
  {
    name: 'an application that is not there',
    after: 'a first deployment',
    folder: 'small',
    command: 'gunicorn -b 127.0.0.1:0 nowhere:app',
    workers: 0,
    differs: ['applications that do not load'],
  },
  {
    name: 'a module without such an application',
    after: 'a first deployment',
    folder: 'small',
    command: 'gunicorn -b 127.0.0.1:0 plain:wrong',
    workers: 0,
    differs: ['applications that do not load'],
  },
  {
    name: 'a wrong value on the command line',
    after: 'a first deployment',
    folder: 'small',
    command: 'gunicorn -b 127.0.0.1:0 --workers many plain:app',
    workers: 0,
    differs: ['mistakes in the configuration'],
  },
  {
    name: 'a configuration file with a mistake',
    after: 'a first deployment',
    folder: 'small',
    files: { 'gunicorn.conf.py': 'workers = 1 +\n' },
    command: 'gunicorn -b 127.0.0.1:0 plain:app',
    workers: 0,
    differs: ['faults in the file'],
  },
  {
    name: 'a configuration that is only checked',
    after: "Gunicorn's settings page, --check-config",
    folder: 'small',
    command: 'gunicorn --check-config -w 3 plain:app',
    workers: 0,
    differs: ['what was checked'],
  },
];

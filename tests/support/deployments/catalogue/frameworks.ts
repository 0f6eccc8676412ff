import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { testVenv } from '../../project.ts';
import type { Deployment } from '../deployment.ts';
import { ask } from '../requests.ts';

const libraries = join(testVenv, 'lib');
const hasFastApi =
  existsSync(libraries) &&
  readdirSync(libraries).some((python) => existsSync(join(libraries, python, 'site-packages', 'fastapi')));

export const frameworks: readonly Deployment[] = [
  {
    name: 'a Bottle application',
    after: "Bottle's page on deployment",
    folder: 'small',
    command: 'gunicorn -w 2 -b 127.0.0.1:0 --access-logfile - bottle_site:app',
    workers: 2,
    steps: [
      ask('GET /hello/w%C3%B6rld'),
      ask(
        'POST /form',
        ['Content-Type: application/x-www-form-urlencoded', 'Content-Length: 15'],
        'name=caf%C3%A9&',
      ),
      ask('GET /rows'),
      ask('GET /cookie'),
      ask('GET /nowhere'),
    ],
    differs: ['keeps connections'],
  },
  {
    name: 'a Falcon application, made by a function',
    after: "Falcon's page on deployment",
    folder: 'small',
    command: `gunicorn --threads 2 -b 127.0.0.1:0 'falcon_site:create()'`,
    steps: [
      ask('GET /items/7?a=1', ['Accept: application/json']),
      ask('PUT /items/7', ['Content-Type: application/json', 'Content-Length: 8'], '{"a": 1}'),
      ask('GET /rows'),
      ask('GET /broken'),
      ask('POST /items/7', ['Content-Length: 0']),
    ],
    differs: ['keep-alive unsaid'],
  },
  {
    name: 'a Pyramid application, in a folder named by --pythonpath',
    after: "Pyramid's cookbook",
    folder: 'small',
    files: { 'empty/note': '' },
    command: 'env -C empty gunicorn --pythonpath {folder},/nowhere -b 127.0.0.1:0 pyramid_site',
    steps: [
      ask('GET /greet/w%C3%B6rld?a=1&b='),
      ask('GET /moved'),
      ask('GET /file'),
      ask('GET /file', ['Range: bytes=0-9']),
      ask('GET /nowhere'),
    ],
    differs: ['keeps connections'],
  },
  {
    name: 'a FastAPI application by a2wsgi, with a Flask application mounted in it',
    after: "FastAPI's page on WSGI",
    folder: 'small',
    skip: hasFastApi ? false : 'FastAPI is not in the virtual environment of the tests',
    command: 'gunicorn --threads 2 -b 127.0.0.1:0 fastapi_site:app',
    steps: [
      ask('GET /items/7?a=1'),
      ask('GET /items/0'),
      ask('GET /items/x'),
      ask('POST /items', ['Content-Type: application/json', 'Content-Length: 8'], '{"a": 1}'),
      ask('GET /rows'),
      ask('GET /v1/?name=w%C3%B6rld'),
      ask('DELETE /items/7'),
    ],
    differs: ['keep-alive unsaid'],
  },
];

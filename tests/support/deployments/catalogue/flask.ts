import type { Deployment } from '../deployment.ts';
import { ask } from '../requests.ts';
import { reload } from '../signals.ts';
import { BEHIND_NGINX, FORM_BODY, UPLOAD, UPLOAD_BODY } from './forms.ts';

const JSON_BODY = '{"name": "caf\\u00e9"}';

const PAGES = [
  ask('GET /'),
  ask('GET /api/items/7'),
  ask(
    'POST /api/items',
    ['Content-Type: application/json', `Content-Length: ${JSON_BODY.length}`],
    JSON_BODY,
  ),
  ask('POST /api/items', ['Content-Type: text/plain', 'Content-Length: 2'], 'no'),
  ask('GET /stream'),
  ask('GET /file'),
  ask('GET /file', ['Range: bytes=10-19']),
  ask('GET /file', ['Range: bytes=-5']),
  ask('GET /file', ['Range: bytes=99999-']),
  ask('GET /file', ['If-None-Match: "fixed"']),
  ask('GET /file', ['If-Modified-Since: Fri, 01 Jan 2027 00:00:00 GMT']),
  ask('HEAD /file'),
  ask('POST /upload', UPLOAD, UPLOAD_BODY),
  ask('POST /login', ['Content-Type: application/x-www-form-urlencoded', 'Content-Length: 28'], FORM_BODY),
  ask('OPTIONS /login'),
  ask('DELETE /'),
  ask('GET /asynchronous'),
  ask('GET /nowhere'),
  ask('GET /broken'),
];

export const flask: readonly Deployment[] = [
  {
    name: 'a factory of Flask with arguments, four workers and all addresses',
    after: "Flask's page on Gunicorn",
    folder: 'flask',
    command: `gunicorn -w 4 -b 0.0.0.0:0 'shop:create_app("production")'`,
    workers: 4,
    steps: [ask('GET /'), ask('GET /api/items/1')],
    differs: ['keeps connections'],
  },
  {
    name: 'a Flask application with blueprints, streams and files, in threads',
    after: "Flask's page on streaming",
    folder: 'flask',
    command: 'gunicorn --threads 4 --bind 127.0.0.1:0 --access-logfile - shop:app',
    steps: PAGES,
    differs: ['bytes of files', 'keep-alive unsaid'],
  },
  {
    name: 'a Flask application behind nginx that believes its headers',
    after: "Flask's page on proxies",
    folder: 'flask',
    command: `gunicorn -w 2 --bind localhost:0 --forwarded-allow-ips='*' 'shop:create_app(proxies=1)'`,
    workers: 2,
    steps: [
      ask('GET /where', BEHIND_NGINX),
      ask('GET /where', [...BEHIND_NGINX, 'X-Forwarded-Prefix: /shop']),
      ask('GET /where', ['X-Forwarded-Proto: http', 'X-Forwarded-Ssl: on']),
      ask('GET /api/items/3', BEHIND_NGINX),
      ask('GET /where'),
    ],
    differs: ['error pages', 'invalid requests', 'keeps connections'],
  },
  {
    name: 'a Flask application loaded before its workers, whose code changes',
    after: "Gunicorn's settings page, --preload",
    folder: 'flask',
    files: { 'page.py': 'TEXT = "old"\n' },
    command: `gunicorn --preload -w 2 -b 127.0.0.1:0 --env CUSTOMER=ada 'shop:create_app()'`,
    workers: 2,
    steps: [ask('GET /'), reload(2)],
    differs: ['keeps connections'],
  },
];

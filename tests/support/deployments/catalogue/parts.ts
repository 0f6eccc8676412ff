// What is more than WSGI: greenlets, TLS, PasteDeploy.

import { opensslIsMissing } from '../../certificates.ts';
import type { Deployment } from '../deployment.ts';
import { ask, environ } from '../requests.ts';
import { reload } from '../signals.ts';

const MAKE_CERTIFICATE =
  'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost 2> openssl.log';

export const parts: readonly Deployment[] = [
  {
    name: 'a Flask application in greenlets',
    after: "Flask's page on gevent",
    folder: 'flask',
    command: 'gunicorn -k gevent -w 2 -b 127.0.0.1:0 --worker-connections 100 shop:app',
    workers: 2,
    steps: [
      ask('GET /'),
      ask('GET /stream'),
      ask('GET /broken'),
      ask('GET /file', ['Range: bytes=0-4']),
      reload(2),
    ],
    differs: ['keep-alive unsaid'],
  },
  {
    name: 'an application that shows its environ, in greenlets',
    after: 'the design page of Gunicorn',
    folder: 'probe',
    command: 'gunicorn --worker-class gevent -b 127.0.0.1:0 --access-logfile - probe:app',
    steps: [
      environ('GET /environ?a=1'),
      ask('POST /body', ['Content-Length: 4'], 'body'),
      ask('GET /closing'),
      ask('GET /raises'),
    ],
    differs: ['bytes of errors', 'error pages', 'keep-alive unsaid', 'keeps connections'],
  },
  {
    name: 'a site with a certificate of its own',
    skip: opensslIsMissing,
    after: "Gunicorn's settings page, --certfile",
    folder: 'probe',
    command: `sh -c '${MAKE_CERTIFICATE} && exec gunicorn --certfile cert.pem --keyfile key.pem -b 127.0.0.1:0 --access-logfile - probe:app'`,
    steps: [
      environ('GET /environ'),
      ask('GET /'),
      ask('GET /stream'),
      ask('POST /body', ['Content-Length: 4'], 'body'),
    ],
    differs: ['keeps connections', 'variables of TLS'],
  },
  {
    name: 'a Pyramid application from a file of PasteDeploy',
    after: "Pyramid's cookbook, production.ini",
    folder: 'small',
    files: {
      'production.ini': `
[app:main]
use = call:pyramid_site:make_from_file
greeting = %(word)s

[DEFAULT]
word = hello

[server:main]
use = egg:waitress#main
listen = *:6543
`,
    },
    command: 'gunicorn --paste production.ini --paste-global word=other -b 127.0.0.1:0',
    steps: [ask('GET /greet/you'), ask('GET /nowhere')],
    differs: ['keeps connections'],
  },
];

import type { Deployment } from '../deployment.ts';
import { ask, environ, environOf, send } from '../requests.ts';

export const proxies: readonly Deployment[] = [
  {
    name: 'an application mounted below a path by the environment',
    after: 'guides to nginx with several applications',
    folder: 'probe',
    command: 'gunicorn -b 127.0.0.1:0 probe:app',
    env: { SCRIPT_NAME: '/shop' },
    steps: [environ('GET /shop/environ?a'), environ('GET /shop'), environ('GET /shop/a%20b')],
    differs: [],
  },
  {
    name: 'an application mounted by its proxy, which is believed',
    after: "Gunicorn's settings page, forwarder_headers",
    folder: 'probe',
    command:
      'gunicorn -b 127.0.0.1:0 --forwarded-allow-ips 127.0.0.1 --forwarder-headers SCRIPT_NAME,REMOTE_USER probe:app',
    steps: [
      environ('GET /shop/environ', ['SCRIPT_NAME: /shop']),
      environ('GET /environ', ['REMOTE_USER: ada', 'Other_Name: x', 'X-Forwarded-Protocol: ssl']),
      environ('GET /environ', ['X-Forwarded-Ssl: on']),
      ask('GET /environ', ['X-Forwarded-Ssl: on', 'X-Forwarded-Proto: http']),
    ],
    differs: ['error pages', 'invalid requests', 'keeps connections'],
  },
  {
    name: 'an application whose clients are believed nothing',
    after: "Gunicorn's settings page, forwarded_allow_ips",
    folder: 'probe',
    files: {
      'gunicorn.conf.py':
        'bind = "127.0.0.1:0"\nforwarded_allow_ips = "10.0.0.1"\nheader_map = "dangerous"\n',
    },
    command: 'gunicorn probe:app',
    steps: [
      environ('GET /environ', ['X-Forwarded-Proto: https', 'X_Device: 7', 'X-Forwarded-For: 1.2.3.4']),
      environ('GET /environ', ['SCRIPT_NAME: /shop']),
    ],
    differs: ['forwarded mount', 'invalid requests'],
  },
  {
    name: 'an application behind HAProxy, which speaks the PROXY protocol',
    after: "HAProxy's documentation",
    folder: 'probe',
    command: 'gunicorn -b 127.0.0.1:0 --proxy-protocol --proxy-allow-from 127.0.0.1 --threads 2 probe:app',
    steps: [
      environOf(
        'PROXY TCP4',
        'PROXY TCP4 203.0.113.7 192.0.2.1 50000 443\r\nGET /environ HTTP/1.1\r\nHost: a\r\n\r\n',
      ),
      send('PROXY TCP4 nowhere 192.0.2.1 5000 443\r\nGET /environ HTTP/1.1\r\nHost: a\r\n\r\n', {
        what: 'wrong',
      }),
    ],
    differs: ['error pages', 'invalid requests'],
  },
  {
    name: 'an application on a unix socket',
    after: 'guides to nginx',
    folder: 'probe',
    command: 'gunicorn -b unix:site.sock --access-logfile - probe:app',
    steps: [
      environ('GET /environ', ['Host: site.example:8443', 'X-Forwarded-Proto: https']),
      environ('GET /environ', ['Host: site.example']),
      environ('GET /environ HTTP/1.0'),
      ask('GET /'),
    ],
    differs: ['address on a unix socket', 'keeps connections', 'no host on a unix socket'],
  },
  {
    name: 'an application with limits of its own on requests',
    after: "Gunicorn's settings page, security",
    folder: 'probe',
    command:
      'gunicorn -b 127.0.0.1:0 --limit-request-line 100 --limit-request-fields 5 --limit-request-field_size 50 probe:app',
    steps: [
      ask(`GET /?${'x'.repeat(80)}`),
      ask(`GET /?${'x'.repeat(90)}`),
      ask('GET /', ['A: 1', 'B: 1', 'C: 1', 'D: 1']),
      ask('GET /', ['A: 1', 'B: 1', 'C: 1', 'D: 1', 'E: 1']),
      ask('GET /', [`A: ${'x'.repeat(40)}`]),
      ask('GET /', [`A: ${'x'.repeat(60)}`]),
    ],
    differs: ['error pages', 'invalid requests', 'keeps connections'],
  },
];

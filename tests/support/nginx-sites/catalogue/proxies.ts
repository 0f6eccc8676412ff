// Reverse proxies.

import { type Asked, get, type SiteCase } from '../site-case.ts';

const PROXY_PARAMS = `
  proxy_set_header Host $http_host;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;`;

const USUAL: readonly Asked[] = [
  ...get(
    '/',
    '/cart?item=1&n=2',
    '/a%20b/%C3%A4?q=%20',
    '/status/404',
    '/status/500',
    '/status/204',
    '/cookies',
    '/dated',
    '/a/b/',
    '/%2F',
  ),
  {
    target: '/form',
    method: 'POST',
    body: 'name=ann&n=1',
    fields: ['Content-Type: application/x-www-form-urlencoded'],
  },
  { target: '/put', method: 'PUT', body: 'x' },
  { target: '/gone', method: 'DELETE' },
  { target: '/head', method: 'HEAD' },
  { target: '/options', method: 'OPTIONS' },
  {
    target: '/fields',
    fields: [
      'X-Custom: one',
      'Accept-Language: de',
      'Cookie: a=1; b=2',
      'X-Forwarded-For: 192.0.2.1',
      'User-Agent: test',
    ],
  },
  { target: '/dated', fields: ['If-None-Match: "one"'] },
];

export const PROXIES: readonly SiteCase[] = [
  {
    name: 'a plain proxy with an added header',
    http: `
      server {
        listen LISTEN;
        server_name shop.example;
        location / { proxy_pass http://BACKEND; add_header X-Served-By front; }
      }`,
    asked: USUAL,
    differs: ['forwarded fields'],
  },
  {
    name: "the proxy of Flask's and Gunicorn's guides",
    http: `
      upstream app_server { server unix:SOCKET fail_timeout=0; }
      server { listen LISTEN default_server; return 444; }
      server {
        listen LISTEN;
        client_max_body_size 4G;
        server_name shop.example www.shop.example;
        keepalive_timeout 5;
        root FOLDER/static;
        location / { try_files $uri @proxy_to_app; }
        location @proxy_to_app {
          proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
          proxy_set_header X-Forwarded-Proto $scheme;
          proxy_set_header Host $http_host;
          proxy_redirect off;
          proxy_pass http://app_server;
        }
        error_page 500 502 503 504 /500.html;
        location = /500.html { root FOLDER/static; }
      }`,
    files: { 'static/logo.png': 'PNG', 'static/500.html': '<p>sorry</p>', 'static/sub/a.txt': 'a' },
    asked: [...USUAL, ...get('/logo.png', '/sub/a.txt', '/sub/', '/sub', '/redirect', '/500.html')],
    differs: ['forwarded fields'],
  },
  {
    name: 'three servers behind, with fail_timeout=0',
    http: `
      upstream apps { server BACKEND fail_timeout=0; server BACKEND2 fail_timeout=0; server BACKEND3 fail_timeout=0; }
      server { listen LISTEN; location / { proxy_pass http://apps; ${PROXY_PARAMS} } }`,
    asked: [...USUAL, ...USUAL],
    isSpread: true,
    differs: ['forwarded fields'],
  },
  {
    name: 'weights, a backup and one that is down',
    http: `
      upstream apps { least_conn; server BACKEND weight=3 max_fails=2 fail_timeout=5s; server BACKEND2 backup; server BACKEND3 down; keepalive 16; }
      server { listen LISTEN; location / { proxy_pass http://apps; proxy_http_version 1.1; proxy_set_header Connection ""; ${PROXY_PARAMS} } }`,
    asked: USUAL,
    differs: ['forwarded fields'],
  },
  {
    name: 'one server for each client',
    http: `
      upstream apps { ip_hash; server BACKEND; server BACKEND2; }
      upstream sessions { hash $cookie_session consistent; server BACKEND; server BACKEND2; }
      server { listen LISTEN; location / { proxy_pass http://apps; ${PROXY_PARAMS} } location /s/ { proxy_pass http://sessions; ${PROXY_PARAMS} } }`,
    asked: USUAL,
    isSpread: true,
    differs: ['forwarded fields'],
  },
  {
    name: 'docker-compose: names of services, one path for each',
    http: `
      upstream web { server localhost:PORT_OF_ONE; }
      server {
        listen LISTEN;
        location / { proxy_pass http://web; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_redirect off; }
        location /api/ { proxy_pass http://BACKEND2/v1/; proxy_set_header Host $host; }
        location /whole/ { proxy_pass http://BACKEND2; proxy_set_header Host $host; }
        location = /one { proxy_pass http://BACKEND2/exactly; proxy_set_header Host $host; }
        location /strip/ { rewrite ^/strip/(.*)$ /$1 break; proxy_pass http://BACKEND3; proxy_set_header Host $host; }
        location /bare { rewrite ^/bare(/.*)$ $1 break; proxy_pass http://BACKEND3; proxy_set_header Host $host; }
        location ~ ^/shop/(\\d+)/(.*)$ { proxy_pass http://BACKEND3/item/$1/$2?shop=$1; proxy_set_header Host $host; }
        location /v { proxy_pass http://BACKEND3/w; proxy_set_header Host $host; }
      }`,
    asked: get(
      '/',
      '/x?y',
      '/api/',
      '/api/items?n=1',
      '/api',
      '/api?x',
      '/api/a%20b',
      '/whole/a?b',
      '/one',
      '/one?a=b',
      '/strip/a/b?c=d',
      '/strip/',
      '/bare/a%20b/c?d=e',
      '/bare/',
      '/bare',
      '/shop/12/list',
      '/shop/x/list',
      '/v',
      '/v/x',
      '/v?a',
    ),
    differs: ['forwarded fields', 'relative location'],
  },
  {
    name: 'redirects of the application',
    http: `
      server {
        listen LISTEN;
        location / { proxy_pass http://BACKEND; }
        location /host/ { proxy_pass http://BACKEND; proxy_set_header Host $http_host; }
        location /off/ { proxy_pass http://BACKEND; proxy_redirect off; }
        location /sub/ { proxy_pass http://BACKEND/; }
        location /own/ { proxy_pass http://BACKEND; proxy_redirect http://BACKEND/ https://shop.example/own/; }
      }`,
    asked: get('/redirect', '/host/redirect', '/off/redirect', '/sub/redirect', '/own/redirect'),
    differs: ['relative location'],
  },
  {
    name: 'fields that are set, left out and hidden',
    http: `
      server {
        listen LISTEN;
        proxy_set_header X-Outer outer;
        add_header X-Frame-Options DENY;
        add_header X-Twice one;
        add_header X-Twice two;
        location / { proxy_pass http://BACKEND; }
        location /own/ {
          proxy_pass http://BACKEND;
          proxy_set_header X-Own "$request_method $uri";
          proxy_set_header Accept-Encoding "";
          proxy_set_header X-Query $arg_q;
          proxy_hide_header X-Backend;
          add_header X-Always yes always;
        }
        location /inherits/ { proxy_pass http://BACKEND; proxy_read_timeout 10s; proxy_connect_timeout 5; proxy_send_timeout 10s; }
      }`,
    asked: [
      ...get(
        '/',
        '/own/a',
        '/own/a?q=x',
        '/own/status/404',
        '/status/404',
        '/inherits/',
        '/inherits/status/500',
        '/own/status/201',
        '/own/status/302',
      ),
      { target: '/own/a', fields: ['Accept-Encoding: gzip', 'X-Own: mine'] },
    ],
    differs: ['forwarded fields'],
  },
  {
    name: 'bodies up to a size',
    http: `
      server {
        listen LISTEN;
        location / { proxy_pass http://BACKEND; ${PROXY_PARAMS} }
        location /small/ { client_max_body_size 10; proxy_pass http://BACKEND; ${PROXY_PARAMS} }
        location /any/ { client_max_body_size 0; proxy_pass http://BACKEND; ${PROXY_PARAMS} }
      }`,
    asked: [
      { target: '/', method: 'POST', body: 'x'.repeat(1000) },
      { target: '/', method: 'POST', body: 'x'.repeat(1_048_576) },
      { target: '/small/', method: 'POST', body: 'x'.repeat(10) },
      { target: '/small/', method: 'POST', body: 'x'.repeat(11) },
      { target: '/any/', method: 'POST', body: 'x'.repeat(100_000) },
      { target: '/', method: 'POST', fields: ['Content-Length: 1048577', 'Expect: 100-continue'] },
    ],
    differs: ['forwarded fields'],
  },
  {
    name: 'servers that are not there',
    http: `
      upstream none { server 127.0.0.1:1; }
      upstream some { server 127.0.0.1:1 max_fails=1; server BACKEND; }
      server {
        listen LISTEN;
        location / { proxy_pass http://none; }
        location /some/ { proxy_pass http://some; ${PROXY_PARAMS} }
        location /told/ { proxy_pass http://none; error_page 502 /sorry.html; }
        location /passed/ { proxy_pass http://BACKEND; proxy_intercept_errors on; error_page 404 500 /sorry.html; ${PROXY_PARAMS} }
        location = /sorry.html { root FOLDER; }
      }`,
    files: { 'sorry.html': '<p>sorry</p>' },
    asked: get(
      '/',
      '/some/a',
      '/some/b',
      '/told/',
      '/passed/',
      '/passed/status/404',
      '/passed/status/500',
      '/passed/status/403',
    ),
    differs: ['forwarded fields', 'fields of error pages'],
  },
  {
    name: 'files for those whom the application lets in',
    http: `
      server {
        listen LISTEN;
        location / { proxy_pass http://BACKEND; ${PROXY_PARAMS} }
        location /protected/ { internal; root FOLDER; }
      }`,
    files: { 'protected/secret.txt': 'secret' },
    asked: get('/', '/accel', '/protected/secret.txt', '/protected/'),
    differs: ['forwarded fields'],
  },
  {
    name: 'WebSocket beside plain requests',
    http: `
      map $http_upgrade $connection_upgrade { default upgrade; '' close; }
      server {
        listen LISTEN;
        location /ws/ {
          proxy_pass http://BACKEND;
          proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection $connection_upgrade;
          proxy_read_timeout 1h;
          ${PROXY_PARAMS}
        }
        location / { proxy_pass http://BACKEND; ${PROXY_PARAMS} }
      }`,
    asked: [
      ...get('/ws/plain', '/'),
      { target: '/ws/chat', isUpgrade: true },
      { target: '/plain', isUpgrade: true },
    ],
    differs: ['forwarded fields', 'upgrades'],
  },
];

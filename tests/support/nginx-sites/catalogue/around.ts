// What stands around: TLS, compression, limits, caching, maintenance.

import { type Asked, get, type SiteCase } from '../site-case.ts';

const TEXT = 'a text that is long enough to be compressed\n'.repeat(100);

const secured = (asked: readonly Asked[]): readonly Asked[] =>
  asked.map((each) => ({ ...each, port: 'SECURE' as const }));

export const AROUND: readonly SiteCase[] = [
  {
    name: 'TLS with HTTP/2, and plain requests sent there, as certbot writes it',
    http: `
      server {
        if ($host = www.shop.example) { return 301 https://$host$request_uri; }
        if ($host = shop.example) { return 301 https://$host$request_uri; }
        listen LISTEN;
        server_name shop.example www.shop.example;
        return 404;
      }
      server {
        listen SECURE ssl http2;
        server_name shop.example www.shop.example;
        ssl_certificate CERTIFICATE;
        ssl_certificate_key KEY;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_ciphers HIGH:!aNULL:!MD5;
        ssl_session_cache shared:SSL:1m;
        add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
        location / { proxy_pass http://BACKEND; proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }
      }`,
    asked: [
      ...get('/', '/a?b=c', '/a%20b'),
      { target: '/x', host: 'www.shop.example' },
      ...secured(get('/', '/a?b=c', '/status/404', '/status/500', '/redirect')),
      { target: '/', host: 'www.shop.example', port: 'SECURE' },
      { target: '/', method: 'POST', body: 'a=b', port: 'SECURE' },
      ...get('/', '/a?b=c', '/status/404', '/large').map((each) => ({ ...each, isHttp2: true as const })),
      { target: '/', host: 'www.shop.example', isHttp2: true },
      { target: '/dated', method: 'HEAD', isHttp2: true },
    ],
    differs: ['forwarded fields'],
  },
  {
    name: 'one site by both schemes',
    http: `
      server {
        listen LISTEN;
        listen SECURE ssl;
        server_name shop.example;
        ssl_certificate CERTIFICATE;
        ssl_certificate_key KEY;
        default_type text/plain;
        if ($scheme = http) { rewrite ^ https://$host$request_uri permanent; }
        return 200 "secured";
      }`,
    asked: [...get('/', '/a?b'), ...secured(get('/', '/a?b'))],
    differs: ['query twice'],
  },
  {
    name: 'compression',
    files: {
      'www/long.txt': TEXT,
      'www/long.html': TEXT,
      'www/long.json': TEXT,
      'www/short.txt': 'short',
      'www/image.png': TEXT,
    },
    http: `
      server {
        listen LISTEN;
        gzip on;
        gzip_vary on;
        gzip_proxied any;
        gzip_min_length 1000;
        gzip_comp_level 6;
        gzip_types text/plain application/json text/css;
        root FOLDER/www;
        location /app/ { proxy_pass http://BACKEND; }
        location /off/ { gzip off; alias FOLDER/www/; }
      }`,
    asked: ['gzip', 'gzip, deflate, br', 'identity', 'gzip;q=0', ''].flatMap((accepted) =>
      [
        '/long.txt',
        '/long.html',
        '/long.json',
        '/short.txt',
        '/image.png',
        '/app/large',
        '/off/long.txt',
      ].map((target) => ({
        target,
        fields: accepted === '' ? [] : [`Accept-Encoding: ${accepted}`],
      })),
    ),
  },
  {
    name: 'limits of requests and of connections',
    http: `
      limit_req_zone $binary_remote_addr zone=login:1m rate=1r/m;
      limit_req_zone $server_name zone=all:1m rate=1r/m;
      limit_conn_zone $binary_remote_addr zone=addresses:1m;
      server {
        listen LISTEN;
        server_name shop.example;
        root FOLDER/www;
        location /login/ { limit_req zone=login burst=2 nodelay; }
        location /strict/ { limit_req zone=all; limit_req_status 429; }
        location /connections/ { limit_conn addresses 5; }
      }`,
    files: {
      'www/login/index.html': 'login',
      'www/strict/index.html': 'strict',
      'www/connections/index.html': 'connections',
    },
    asked: get(
      '/login/',
      '/login/',
      '/login/',
      '/login/',
      '/login/',
      '/strict/',
      '/strict/',
      '/strict/',
      '/connections/',
      '/connections/',
      '/other',
    ),
    differs: ['retry after'],
  },
  {
    name: 'maintenance',
    files: { 'www/maintenance.html': '<p>back soon</p>' },
    http: `
      server {
        listen LISTEN;
        root FOLDER/www;
        error_page 503 @maintenance;
        location / { return 503; }
        location @maintenance { rewrite ^ /maintenance.html break; }
        location = /maintenance.html { }
      }`,
    asked: get('/', '/a/b', '/maintenance.html'),
    differs: ['fields of error pages'],
  },
  {
    name: 'CORS, as guides have it',
    http: `
      server {
        listen LISTEN;
        location /api/ {
          if ($request_method = OPTIONS) {
            add_header Access-Control-Allow-Origin "*";
            add_header Access-Control-Allow-Methods "GET, POST, OPTIONS";
            add_header Access-Control-Max-Age 1728000;
            return 204;
          }
          add_header Access-Control-Allow-Origin "*" always;
          proxy_pass http://BACKEND;
        }
      }`,
    asked: [
      ...['GET', 'POST', 'OPTIONS'].map((method) => ({ target: '/api/x', method })),
      { target: '/api/status/403' },
      { target: '/other' },
    ],
    differs: ['forwarded fields'],
  },
  {
    name: 'a cache in front of the application',
    http: `
      proxy_cache_path FOLDER/cache levels=1:2 keys_zone=pages:1m max_size=10m inactive=10m;
      server {
        listen LISTEN;
        location / { proxy_pass http://BACKEND; proxy_set_header Host $host; proxy_cache pages; proxy_cache_valid 200 1m; proxy_cache_valid 404 1m; }
        location /never/ { proxy_pass http://BACKEND; proxy_set_header Host $host; }
      }`,
    asked: [
      ...get('/a', '/a', '/a?b', '/status/404', '/status/404', '/never/x'),
      { target: '/a', method: 'POST', body: 'x' },
      { target: '/a', method: 'HEAD' },
    ],
    differs: ['forwarded fields', 'fields of the cache'],
    missing: ['proxy_cache_path'],
  },
  {
    name: 'a cache that keeps nothing of those who are logged in, whatever the application says of cookies',
    http: `
      proxy_cache_path FOLDER/cache levels=1:2 keys_zone=pages:1m;
      server {
        listen LISTEN;
        location / {
          proxy_pass http://BACKEND;
          proxy_set_header Host $host;
          proxy_cache pages;
          proxy_cache_valid 200 1m;
          proxy_cache_bypass $cookie_session $http_authorization;
          proxy_no_cache $cookie_session $http_authorization;
          proxy_ignore_headers Set-Cookie Cache-Control;
        }
      }`,
    asked: [
      { target: '/a', fields: ['Cookie: session=1'] },
      { target: '/a' },
      { target: '/a', fields: ['Cookie: session=2'] },
      { target: '/a' },
      { target: '/a', fields: ['Cache-Control: no-cache', 'X-Own: 1'] },
    ],
    differs: ['forwarded fields', 'fields of the cache'],
    missing: ['proxy_cache_path'],
  },
];

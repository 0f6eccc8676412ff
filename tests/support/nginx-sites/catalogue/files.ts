// Static files.

import { get, type SiteCase } from '../site-case.ts';

const FILES = {
  'static/css/site.css': 'body { color: red }\n',
  'static/js/app.js': 'console.log(1);\n',
  'static/img/logo.png': 'PNG',
  'static/a b.txt': 'blank',
  'static/unknown.zzz': '?',
  'static/sub/index.html': '<p>sub</p>',
  'static/empty/': '',
  'media/photos/one.jpg': 'JPG',
  'www/index.html': '<p>index</p>',
  'www/robots.txt': 'User-agent: *\n',
  'www/favicon.ico': 'ICO',
  'www/page.html': '<p>page</p>',
  'www/assets/app.123.js': 'app();',
  'www/errors/404.html': '<p>not here</p>',
  'www/errors/50x.html': '<p>sorry</p>',
} as const;

export const FILE_SITES: readonly SiteCase[] = [
  {
    name: 'static files by an alias, with a listing and expires max, and media by a root',
    files: FILES,
    http: `
      server {
        listen LISTEN;
        server_name shop.example;
        location /static/ { alias FOLDER/static/; autoindex on; expires max; add_header Cache-Control public; }
        location /media/ { root FOLDER; expires 7d; }
        location = /favicon.ico { alias FOLDER/www/favicon.ico; access_log off; log_not_found off; }
      }`,
    asked: [
      ...get(
        '/static/css/site.css',
        '/static/js/app.js',
        '/static/img/logo.png',
        '/static/a%20b.txt',
        '/static/unknown.zzz',
        '/static/sub/',
        '/static/sub',
        '/static/none',
        '/static/css/site.css?v=1',
        '/static//css/site.css',
        '/static',
        '/media/photos/one.jpg',
        '/media/photos/none.jpg',
        '/media',
        '/favicon.ico',
        '/other',
      ),
      { target: '/static/css/site.css', method: 'HEAD' },
      { target: '/static/css/site.css', fields: ['If-Modified-Since: Tue, 02 Jan 2024 03:04:05 GMT'] },
      { target: '/static/css/site.css', fields: ['Range: bytes=0-3'] },
      { target: '/static/css/site.css', method: 'DELETE' },
      { target: '/static/empty/' },
    ],
    differs: [
      'relative location',
      'listings',
      'media types',
      'methods of files',
      'caching of what is no file',
      'accept ranges',
    ],
  },
  {
    name: 'one page for all addresses, as frameworks of JavaScript want it',
    files: FILES,
    http: `
      server {
        listen LISTEN;
        root FOLDER/www;
        index index.html;
        location /assets/ { expires 1y; add_header Cache-Control "public, immutable"; }
        location / { try_files $uri $uri/ /index.html; }
      }`,
    asked: get(
      '/',
      '/index.html',
      '/page.html',
      '/assets/app.123.js',
      '/assets/none.js',
      '/deep/link',
      '/errors',
      '/errors/404.html',
      '/robots.txt',
      '/a?b=c',
      '/x.png',
    ),
    differs: ['folders without a slash', 'media types'],
  },
  {
    name: 'pages for errors',
    files: FILES,
    http: `
      server {
        listen LISTEN;
        root FOLDER/www;
        error_page 404 /errors/404.html;
        error_page 403 =404 /errors/404.html;
        error_page 500 502 503 504 /errors/50x.html;
        location / { try_files $uri =404; }
        location /closed/ { deny all; }
        location /maintenance/ { return 503; }
        location /empty { error_page 404 =200 /robots.txt; return 404; }
        location /errors/ { internal; }
      }`,
    asked: get(
      '/page.html',
      '/none',
      '/none/x',
      '/closed/a',
      '/maintenance/',
      '/empty',
      '/errors/404.html',
      '/',
    ),
    differs: ['fields of error pages'],
  },
  {
    name: 'one page for all addresses, that is not to be kept, and assets that are',
    files: { ...FILES, 'www/.well-known/security.txt': 'Contact: mailto:a@shop.example\n' },
    http: `
      server {
        listen LISTEN;
        root FOLDER/www;
        index index.html;
        location / { try_files $uri $uri/ /index.html; }
        location ~* \\.(?:js|png)$ { expires 1y; add_header Cache-Control "public, max-age=31536000, immutable"; }
        location = /index.html { add_header Cache-Control "no-store"; }
        location ~ /\\.(?!well-known) { deny all; }
        error_page 404 /index.html;
      }`,
    asked: get(
      '/',
      '/index.html',
      '/page.html',
      '/assets/app.123.js',
      '/assets/none.js',
      '/deep/link',
      '/.env',
      '/.well-known/security.txt',
    ),
    differs: ['media types', 'fields of error pages', 'one Cache-Control'],
  },
  {
    name: 'files that nothing else than another location has, and aliases of regular expressions',
    files: FILES,
    http: `
      server {
        listen LISTEN;
        root FOLDER/www;
        location / { try_files $uri /app; }
        location = /app { proxy_pass http://BACKEND; }
        location ~ ^/photos/(?<name>\\w+)$ { alias FOLDER/media/photos/$name.jpg; }
        location ~ ^/styles/([a-z]+)/(\\w+)$ { alias FOLDER/static/$1/$2.css; }
        location ~ ^/(logo|icon)$ { alias FOLDER/static/img/logo.png; }
      }`,
    asked: get(
      '/page.html',
      '/none?a=b',
      '/photos/one',
      '/photos/two',
      '/styles/css/site',
      '/styles/js/app',
      '/logo',
      '/icon',
    ),
    differs: ['forwarded fields', 'types of aliases'],
  },
];

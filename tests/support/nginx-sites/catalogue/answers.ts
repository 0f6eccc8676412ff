// Redirects, fixed answers, hosts, access: what needs no server behind.

import { get, type SiteCase } from '../site-case.ts';

/** `openssl passwd -apr1 secret` */
const PASSWORDS = 'shop:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/\n';

export const ANSWERS: readonly SiteCase[] = [
  {
    name: 'a redirect to www',
    http: `
      server { listen LISTEN; server_name shop.example; return 301 http://www.shop.example$request_uri; }
      server { listen LISTEN; server_name www.shop.example; location / { return 200 "the shop\\n"; default_type text/plain; } }`,
    asked: [
      ...get('/', '/a?b=c', '/a%20b', '/a/?x'),
      ...['/', '/cart'].map((target) => ({ target, host: 'www.shop.example' })),
      { target: '/', host: 'WWW.Shop.Example' },
      { target: '/a', method: 'POST', body: 'x=1' },
      { target: '/a', method: 'HEAD' },
      { target: '/', host: 'other.example' },
    ],
  },
  {
    name: 'old addresses that have moved',
    http: `
      server {
        listen LISTEN;
        rewrite ^/articles/(\\d+)\\.html$ /news/$1/ permanent;
        rewrite ^/feed$ /rss.xml redirect;
        rewrite ^/away/(.*)$ https://other.example/$1? permanent;
        location = /old { return 301 /new; }
        location /gone { return 410; }
        location /blog/ { return 308 https://blog.example$request_uri; }
        location / { return 200 "here"; default_type text/plain; }
      }`,
    asked: get(
      '/articles/12.html',
      '/articles/12.html?a=b',
      '/articles/x.html',
      '/feed',
      '/feed?a',
      '/away/x/y?z',
      '/old',
      '/old?a=b',
      '/old/',
      '/gone',
      '/gone/x',
      '/goner',
      '/blog/x?y',
      '/blog',
      '/',
    ),
    differs: ['relative location', 'types of answers'],
  },
  {
    name: 'locations by regular expressions, and their precedence',
    http: `
      server {
        listen LISTEN;
        default_type text/plain;
        location = / { return 200 "exact"; }
        location / { return 200 "rest"; }
        location /images/ { return 200 "images"; }
        location ^~ /static/ { return 200 "static"; }
        location /static/deep/ { return 200 "deep"; }
        location ~ \\.(gif|jpg)$ { return 200 "pictures"; }
        location ~* \\.PNG$ { return 200 "png"; }
        location ~ ^/user/(?<name>\\w+)$ { return 302 /u/$1; }
        location /api { return 200 "api"; }
        location /docs/ { location /docs/en/ { return 200 "english"; } location ~ \\.pdf$ { return 200 "pdf"; } return 200 "docs"; }
      }`,
    asked: get(
      '/',
      '/x',
      '/images/a',
      '/images/a.gif',
      '/images/a.png',
      '/images/a.PnG',
      '/static/a',
      '/static/a.gif',
      '/static',
      '/static/deep/a',
      '/static/deep/a.gif',
      '/a.jpg',
      '/a.jpg/b',
      '/user/ann',
      '/user/ann/x',
      '/api',
      '/api/x',
      '/apix',
      '/docs/a',
      '/docs/a.pdf',
      '/docs/en/a',
      '/docs',
      '//images//a',
      '/%69mages/a',
      '/images/%2e%2e/a.gif',
    ),
    differs: ['relative location', 'segments of dots', 'types of answers'],
  },
  {
    name: 'several sites, wildcards, and a default that closes',
    http: `
      server { listen LISTEN default_server; server_name _; return 444; }
      server { listen LISTEN; server_name shop.example www.shop.example; default_type text/plain; return 200 "shop"; }
      server { listen LISTEN; server_name *.shop.example; default_type text/plain; return 200 "wild $host"; }
      server { listen LISTEN; server_name .blog.example; default_type text/plain; location / { return 200 "blog"; } }
      server { listen SECOND; default_type text/plain; return 200 "second"; }`,
    asked: [
      ...['shop.example', 'www.shop.example', 'blog.example', 'a.blog.example', 'a.b.blog.example'].map(
        (host) => ({ target: '/', host }),
      ),
      { target: '/x', host: 'shop.example:8080' },
      { target: '/', port: 'SECOND' as const },
      { target: '/', port: 'SECOND' as const, host: 'other.example' },
    ],
    missing: ['return 200 "wild $host"'],
  },
  {
    name: 'networks that may, and those that may not',
    http: `
      server {
        listen LISTEN;
        default_type text/plain;
        root FOLDER/www;
        location /admin/ { allow 192.0.2.0/24; deny all; }
        location /local/ { allow 127.0.0.1; allow ::1; deny all; }
        location /blocked/ { deny 127.0.0.0/8; allow all; }
        location /closed/ { deny all; }
        location ~ /\\.ht { deny all; }
      }`,
    files: {
      'www/admin/a.txt': 'a',
      'www/local/a.txt': 'a',
      'www/blocked/a.txt': 'a',
      'www/closed/a.txt': 'a',
      'www/.htaccess': 'a',
      'www/a.txt': 'a',
    },
    asked: get(
      '/admin/a.txt',
      '/admin/',
      '/local/a.txt',
      '/blocked/a.txt',
      '/closed/a.txt',
      '/.htaccess',
      '/x/.htpasswd',
      '/a.txt',
      '/%61dmin/a.txt',
      '/none',
    ),
  },
  {
    name: 'a password for a part of the site',
    http: `
      server {
        listen LISTEN;
        root FOLDER/www;
        location /private/ { auth_basic "Private"; auth_basic_user_file FOLDER/passwords; }
        location /either/ { satisfy any; allow 127.0.0.1; deny all; auth_basic "Either"; auth_basic_user_file FOLDER/passwords; }
        location /both/ { allow 192.0.2.1; deny all; auth_basic "Both"; auth_basic_user_file FOLDER/passwords; }
      }`,
    files: {
      passwords: PASSWORDS,
      'www/private/a.txt': 'a',
      'www/either/a.txt': 'a',
      'www/both/a.txt': 'a',
      'www/a.txt': 'a',
    },
    asked: [
      ...get('/private/a.txt', '/private/', '/a.txt', '/either/a.txt', '/both/a.txt'),
      ...['shop:secret', 'shop:wrong', 'other:secret', 'shop'].map((pair) => ({
        target: '/private/a.txt',
        fields: [`Authorization: Basic ${Buffer.from(pair).toString('base64')}`],
      })),
      { target: '/private/a.txt', fields: ['Authorization: Bearer x'] },
      { target: '/private/a.txt', method: 'HEAD' },
    ],
    differs: ['charset of passwords'],
  },
  {
    name: 'methods that are refused',
    http: `
      server {
        listen LISTEN;
        default_type text/plain;
        if ($request_method !~ ^(GET|HEAD|POST)$) { return 405; }
        location / { return 200 "here"; }
        location /except/ { limit_except GET { deny all; } root FOLDER/www; }
        location /read { if ($request_method = POST) { return 403; } return 200 "read"; }
      }`,
    asked: [
      ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'].map((method) => ({
        target: '/',
        method,
      })),
      ...['GET', 'POST', 'PUT'].map((method) => ({ target: '/read', method })),
      ...['GET', 'HEAD', 'POST', 'DELETE'].map((method) => ({ target: '/except/a.html', method })),
    ],
    files: { 'www/except/a.html': 'a' },
  },
];

// What older guides, and long-lived servers, have.

import { get, type SiteCase } from '../site-case.ts';

const FILES = {
  'static/site.css': 'body {}\n',
  'static/admin/base.css': 'admin {}\n',
  'media/one.txt': 'one',
  'www/index.html': '<p>index</p>',
  'www/page.html': '<p>page</p>',
  'www/there.txt': 'there',
  'www/sub/index.html': '<p>sub</p>',
  'www/news/index.html': '<p>news</p>',
  'www/en/page.html': '<p>english</p>',
  'www/404.html': '<p>none</p>',
} as const;

const PROXY_PARAMS =
  'proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;';

export const OLDER_GUIDES: readonly SiteCase[] = [
  {
    name: "Django's guide, with aliases that have no slash at their end, and uWSGI",
    files: FILES,
    http: `
      upstream django { server unix:SOCKET; }
      server {
        listen LISTEN;
        charset utf-8;
        client_max_body_size 75M;
        location /media { alias FOLDER/media; }
        location /static { alias FOLDER/static; }
        location / { uwsgi_pass django; include /etc/nginx/uwsgi_params; }
      }`,
    asked: get(
      '/static/site.css',
      '/static/admin/base.css',
      '/static/none',
      '/media/one.txt',
      '/media/',
      '/static/../media/one.txt',
    ),
    differs: ['segments of dots'],
    missing: ['uwsgi_pass'],
  },
  {
    name: 'files that are there, and else the application, by an if',
    files: FILES,
    http: `
      server {
        listen LISTEN;
        root FOLDER/www;
        location / {
          ${PROXY_PARAMS}
          proxy_redirect off;
          if (!-f $request_filename) { proxy_pass http://BACKEND; break; }
        }
      }`,
    asked: get('/page.html', '/there.txt', '/none', '/none/x?y=z', '/sub/none'),
    differs: ['forwarded fields'],
  },
  {
    name: 'try_files in all its forms',
    files: FILES,
    http: `
      server {
        listen LISTEN;
        root FOLDER/www;
        index index.html;
        location / { try_files $uri $uri/ =404; }
        location /html/ { try_files $uri.html /en$uri /page.html; }
        location /app/ { try_files $uri @app; }
        location /always/ { try_files /there.txt =404; }
        location /gone/ { try_files $uri =410; }
        location @app { proxy_pass http://BACKEND; ${PROXY_PARAMS} }
      }`,
    asked: get(
      '/',
      '/page.html',
      '/sub/',
      '/sub',
      '/none',
      '/none/',
      '/html/x',
      '/app/x?y',
      '/app/',
      '/always/x',
      '/gone/x',
      '/page.html/',
      '/there.txt',
    ),
    differs: ['forwarded fields', 'relative location'],
  },
  {
    name: 'rewrites within the site',
    files: FILES,
    http: `
      server {
        listen LISTEN;
        root FOLDER/www;
        rewrite ^/neues/(.*)$ /news/$1 last;
        rewrite ^/seite$ /page.html;
        location / { try_files $uri $uri/ =404; }
        location /deep/ { rewrite ^/deep/(.*)$ /app/$1 last; }
        location /query/ { rewrite ^/query/(\\w+)$ /app/q?name=$1 last; }
        location /fixed/ { rewrite ^ /there.txt break; }
        location /app/ { proxy_pass http://BACKEND; ${PROXY_PARAMS} }
        location /old/ { rewrite ^/old/(.*)$ /app/$1 permanent; }
        location /loop/ { rewrite ^/loop/(.*)$ /loop/x$1 last; }
      }`,
    asked: get(
      '/neues/',
      '/seite',
      '/seite?x',
      '/deep/a',
      '/deep/a?b=c',
      '/query/ann',
      '/query/ann?b=c',
      '/fixed/x',
      '/old/a',
      '/old/a?b',
      '/page.html',
      '/loop/a',
    ),
    differs: ['forwarded fields', 'relative location'],
  },
  {
    name: 'another application for what the first does not have',
    files: FILES,
    http: `
      server {
        listen LISTEN;
        root FOLDER/www;
        location / { error_page 404 = @old; proxy_intercept_errors on; proxy_pass http://BACKEND; ${PROXY_PARAMS} }
        location @old { proxy_pass http://BACKEND2; ${PROXY_PARAMS} }
        location /files/ { error_page 404 =200 /page.html; error_page 403 @old; }
        location /elsewhere/ { error_page 404 https://status.example/; }
      }`,
    asked: get('/', '/status/403', '/status/404', '/files/x', '/files/', '/elsewhere/x'),
    differs: ['forwarded fields'],
  },
  {
    name: 'a load balancer in front that speaks TLS',
    http: `
      server {
        listen LISTEN;
        default_type text/plain;
        set_real_ip_from 127.0.0.1;
        set_real_ip_from 10.0.0.0/8;
        real_ip_header X-Forwarded-For;
        real_ip_recursive on;
        location /office { allow 203.0.113.0/24; deny all; proxy_pass http://BACKEND; proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr; }
        if ($http_x_forwarded_proto = "http") { return 301 https://$host$request_uri; }
        location /bots { if ($http_user_agent ~* (curl|bot)) { return 403; } return 200 "people"; }
        location / { return 200 "here"; }
      }`,
    asked: [
      { target: '/' },
      ...['http', 'https'].map((scheme) => ({ target: '/a?b', fields: [`X-Forwarded-Proto: ${scheme}`] })),
      ...['curl/8', 'GoogleBot', 'Mozilla'].map((agent) => ({
        target: '/bots',
        fields: [`User-Agent: ${agent}`],
      })),
      ...['203.0.113.7', '203.0.113.7, 10.0.0.1', '203.0.113.7, 198.51.100.7', 'nobody'].map((clients) => ({
        target: '/office',
        fields: [`X-Forwarded-For: ${clients}`],
      })),
    ],
    differs: ['forwarded fields'],
  },
  {
    name: 'variables that set has set',
    http: `
      server {
        listen LISTEN;
        server_name shop.example;
        set $backend "http://BACKEND";
        set $greeting "hello $host";
        location / { proxy_pass $backend; ${PROXY_PARAMS} proxy_set_header X-Greeting $greeting; proxy_set_header X-Name $server_name; add_header X-Answer "$greeting!"; }
        location /fixed { set $to /there; return 302 $to; }
        location /ask { return 307 https://other.example$uri?from=$host&$args; }
      }`,
    asked: get('/', '/a?b=c', '/fixed', '/ask/a%20b?c=d', '/status/404'),
    differs: ['forwarded fields', 'relative location', 'uri in a redirect'],
  },
  {
    name: 'headers for security, and where they are inherited',
    files: FILES,
    http: `
      add_header X-Frame-Options SAMEORIGIN;
      add_header X-Content-Type-Options nosniff always;
      server {
        listen LISTEN;
        root FOLDER/www;
        server_tokens off;
        location / { try_files $uri =404; }
        location /sub/ { add_header X-Own "$request_method $scheme" always; }
        location /app/ { proxy_pass http://BACKEND; ${PROXY_PARAMS} }
        location /csp/ { add_header Content-Security-Policy "default-src 'self'; img-src *" always; return 200 "x"; default_type text/plain; }
        location /moved { return 301 /page.html; }
      }`,
    asked: get(
      '/page.html',
      '/none',
      '/sub/',
      '/sub/none',
      '/app/x',
      '/app/status/500',
      '/app/cookies',
      '/csp/',
      '/moved',
    ),
    differs: ['forwarded fields', 'relative location'],
  },
  {
    name: 'a table of paths that have moved',
    http: `
      map $uri $moved { default ""; /old /new; /old/page https://other.example/page; ~^/blog/(?<year>\\d+)/ /articles/$year; }
      server {
        listen LISTEN;
        if ($moved) { return 301 $moved; }
        location / { proxy_pass http://BACKEND; proxy_set_header Host $host; }
      }`,
    asked: get('/', '/old', '/old?a=b', '/old/page', '/old/x', '/blog/2024/x', '/blog/x'),
    differs: ['forwarded fields', 'relative location'],
  },
];

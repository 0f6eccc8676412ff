import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drafted } from '../migrated.ts';

/** Lines of the site that one location with these directives stands in. */
function siteLines(directives: string, http = ''): readonly string[] {
  return drafted(`${http} server { listen 80; location /a/ { ${directives} } location / { return 404; } }`)
    .lines;
}

/** Lines of the routes that one location with these directives becomes. */
function routeLines(directives: string, location = '/a/', http = ''): readonly string[] {
  const source = `${http} server { listen 80; location ${location} { ${directives} } location = /other { add_header X-O 1; return 404; } location / { return 404; } }`;
  const [, ...routes] = drafted(source).lines.join('\n').split('[[sites.routes]]\n');
  const own = routes.filter(
    (route) => !/^(exact = "\/other"\n)?(respond = 404|add_headers = .*)\n?/.test(route),
  );
  return own.flatMap((route) => route.trimEnd().split('\n'));
}

const FILES = 'files = { root = "/srv"';
const PROXY = 'proxy = { to = "http://127.0.0.1:8000", set_headers = { Host = "$proxy_host" }';

const rows: readonly (readonly [directives: string, line: string])[] = [
  // Files.
  ['root /srv;', `${FILES} }`],
  ['alias /srv/;', 'files = "/srv"'],
  ['root /srv; index a.html b.html;', `${FILES}, index = ["a.html", "b.html"] }`],
  ['root /srv; autoindex on;', `${FILES}, listing = true }`],
  ['root /srv; expires 30d;', `${FILES}, expires = "30d" }`],
  ['root /srv; expires max;', `${FILES}, expires = "10y" }`],
  ['root /srv; expires -1;', `${FILES}, cache_control = "no-cache" }`],
  [
    'root /srv; expires 1h; add_header Cache-Control "public";',
    `${FILES}, expires = "1h", cache_control = "max-age=3600, public" }`,
  ],
  ['root /srv; try_files $uri $uri/ =404;', `${FILES}, missing = 404 }`],
  ['root /srv; try_files $uri @app;', `${FILES}, missing = "@app", try = ["$uri"] }`],
  ['root /srv; try_files $uri $uri/ /a/index.html;', `${FILES}, try = ["$uri", "$uri/", "/a/index.html"] }`],
  ['root /srv; try_files $uri $uri/ /index.html;', `${FILES}, missing = "/index.html" }`],
  [
    'root /srv; expires 1h; add_header Cache-Control "public, max-age=3600";',
    `${FILES}, expires = "1h", cache_control = "public, max-age=3600" }`,
  ],
  ['root /srv; disable_symlinks on;', `${FILES}, symlinks = "off" }`],
  // Answers.
  ['return 301 https://$host$request_uri;', 'redirect = "https://$host$request_uri"'],
  ['return https://other.example/;', 'status = 302'],
  ['return 410;', 'respond = 410'],
  ['return 200 "a";', 'respond = { status = 200, body = "a", type = "text/plain" }'],
  ['rewrite ^/a/(.*)$ /b/$1 permanent;', 'redirect = "/b/$1$is_args$args"'],
  ['rewrite ^/a/(.*)$ /b/$1? redirect;', 'redirect = "/b/$1"'],
  ['rewrite ^/a/(.*)$ /b/$1 last;', 'rewrite = "/b/$1"'],
  ['rewrite ^/a(/.*)$ $1 last;', 'pattern = "^/a/(.*)$"'],
  ['rewrite ^/a(/.*)$ $1 last;', 'rewrite = "/$1"'],
  ['rewrite ^/(a|b)(/.*)$ $2 permanent;', 'redirect = "/$2$is_args$args"'],
  [
    'rewrite ^/a(/.*)$ $1 break; proxy_pass http://127.0.0.1:8000;',
    'proxy = { to = "http://127.0.0.1:8000/$1$is_args$args", set_headers = { Host = "$proxy_host" }, redirects = false }',
  ],
  // Proxies.
  ['proxy_pass http://127.0.0.1:8000;', `${PROXY} }`],
  ['proxy_pass http://127.0.0.1:8000; proxy_set_header Host $http_host;', 'proxy = "http://127.0.0.1:8000"'],
  [
    'proxy_pass http://127.0.0.1:8000/; proxy_set_header Host $host;',
    'proxy = { to = "http://127.0.0.1:8000/", set_headers = { Host = "$host" } }',
  ],
  [
    'proxy_pass http://unix:/run/a.sock:/b/; proxy_set_header Host $http_host;',
    'proxy = "http://unix:/run/a.sock:/b/"',
  ],
  ['set $to http://127.0.0.1:8000; proxy_pass $to;', `${PROXY} }`],
  ['proxy_pass http://127.0.0.1:8000; proxy_redirect off;', `${PROXY}, redirects = false }`],
  [
    'proxy_pass http://127.0.0.1:8000; proxy_redirect http://a/ /b/;',
    `${PROXY}, redirects = { "http://a/" = "/b/" } }`,
  ],
  ['proxy_pass http://127.0.0.1:8000; proxy_buffering off;', `${PROXY}, buffering = false }`],
  ['proxy_pass http://127.0.0.1:8000; proxy_request_buffering off;', `${PROXY}, request_buffering = false }`],
  ['proxy_pass http://127.0.0.1:8000; proxy_connect_timeout 5s;', `${PROXY}, connect_timeout = "5s" }`],
  [
    'proxy_pass http://127.0.0.1:8000; proxy_read_timeout 300;',
    `${PROXY}, first_byte_timeout = "5m", silence_timeout = "5m" }`,
  ],
  [
    'proxy_pass http://127.0.0.1:8000; proxy_hide_header X-Powered-By;',
    `${PROXY}, hide_headers = ["X-Powered-By"] }`,
  ],
  [
    'proxy_pass http://127.0.0.1:8000; proxy_set_header Host $http_host; proxy_set_header Accept-Encoding "";',
    'proxy = { to = "http://127.0.0.1:8000", remove_headers = ["Accept-Encoding"] }',
  ],
  [
    'proxy_pass http://127.0.0.1:8000; proxy_next_upstream error http_502; proxy_next_upstream_tries 2;',
    `${PROXY}, retry = { on = ["error", 502], tries = 2 } }`,
  ],
  [
    'proxy_pass https://127.0.0.1:8000; proxy_set_header Host $http_host; proxy_ssl_verify on; proxy_ssl_trusted_certificate /ca.pem;',
    'proxy = { to = "https://127.0.0.1:8000", tls = { verify = true, ca = "/ca.pem" } }',
  ],
  // What stands around.
  [
    'root /srv; add_header X-A "a b" always; add_header X-B $host;',
    'add_headers = { X-A = { value = "a b", errors = true }, X-B = "$host" }',
  ],
  ['root /srv; add_header X-A 1; add_header X-A 2;', 'add_headers = { X-A = ["1", "2"] }'],
  ['proxy_pass http://127.0.0.1:8000; expires 1h;', 'add_headers = { Cache-Control = "max-age=3600" }'],
  ['root /srv; client_max_body_size 10M;', 'max_body = "10m"'],
  ['root /srv;', 'max_body = "1m"'],
  [
    'root /srv; gzip on; gzip_types text/css; gzip_min_length 256; gzip_comp_level 5;',
    'compress = { encodings = ["gzip"], types = ["text/html", "text/css"], min_size = 256, level = 5 }',
  ],
  [
    'root /srv; error_page 404 /404.html; error_page 500 502 =200 /sorry.html;',
    'error_pages = { 404 = "/404.html", "500,502" = { to = "/sorry.html", status = 200 } }',
  ],
  ['root /srv; error_page 404 = @app;', 'error_pages = { 404 = "@app" }'],
  ['root /srv; error_page 503 @sorry;', 'error_pages = { 503 = { to = "@sorry", status = "kept" } }'],
  ['root /srv; error_page 404 = /app;', 'error_pages = { 404 = { to = "/app", status = "own" } }'],
  [
    'proxy_pass http://127.0.0.1:8000; proxy_intercept_errors on; error_page 500 /sorry.html;',
    'error_pages = { 500 = "/sorry.html", intercept = true }',
  ],
  ['root /srv; client_max_body_size 0;', 'max_body = 0'],
  ['root /srv; access_log off;', 'access_log = false'],
  ['root /srv; access_log /var/log/a.log;', 'access_log = "/var/log/a.log"'],
  ['root /srv; allow 10.0.0.7/8; deny all;', 'allow = ["10.0.0.0/8"]'],
  ['root /srv; deny 10.0.0.1; allow all;', 'deny = ["10.0.0.1"]'],
  ['root /srv; deny all;', 'deny = ["*"]'],
  ['root /srv; satisfy any; allow 10.0.0.1; deny all;', 'satisfy = "any"'],
  [
    'root /srv; auth_basic "Staff only"; auth_basic_user_file /etc/nginx/htpasswd;',
    'basic_auth = { realm = "Staff only", file = "/etc/nginx/htpasswd" }',
  ],
  ['root /srv; internal;', 'internal = true'],
];

const inHttp: readonly (readonly [http: string, directives: string, line: string])[] = [
  [
    'limit_req_zone $binary_remote_addr zone=one:1m rate=5r/m;',
    'root /srv; limit_req zone=one burst=3 nodelay;',
    'rate_limit = { rate = "5/m", key = "$remote_addr", zone = "one", status = 503, burst = 3, delay = false }',
  ],
  [
    'limit_req_zone $http_x zone=one:1m rate=5r/s; limit_req_status 429;',
    'root /srv; limit_req zone=one delay=2;',
    'rate_limit = { rate = "5/s", key = "$http_x", zone = "one", status = 429, delay = 2 }',
  ],
  [
    'limit_conn_zone $binary_remote_addr zone=two:1m;',
    'root /srv; limit_conn two 5;',
    'connection_limit = { limit = 5, key = "$remote_addr", zone = "two", status = 503 }',
  ],
  [
    "log_format short '$remote_addr ' '\"$request_uri\"';",
    'root /srv; access_log /a.log short;',
    'access_log = { file = "/a.log", format = "$remote_addr \\"$request_uri\\"" }',
  ],
  [
    'proxy_cache_path /c keys_zone=c:1m;',
    'proxy_pass http://127.0.0.1:8000; proxy_cache c; proxy_cache_valid 200 302 10m; proxy_cache_lock on;',
    'cache = { in = "c", valid = { 200 = "10m", 302 = "10m" }, lock = true, client_directives = false }',
  ],
  [
    'proxy_cache_path /c keys_zone=c:1m;',
    'proxy_pass http://127.0.0.1:8000; proxy_cache c; proxy_cache_bypass $cookie_nocache; proxy_no_cache $cookie_session $http_pragma; proxy_cache_lock_timeout 10s;',
    'cache = { in = "c", bypass = ["$cookie_nocache"], no_store = ["$cookie_session", "$http_pragma"], lock_timeout = "10s", client_directives = false }',
  ],
  [
    'proxy_cache_path /c keys_zone=c:1m; proxy_ignore_headers cache-control Set-Cookie;',
    'proxy_pass http://127.0.0.1:8000; proxy_cache c;',
    'cache = { in = "c", client_directives = false, ignore = ["Cache-Control", "Set-Cookie"] }',
  ],
  ['add_header X-A outer;', 'root /srv;', 'add_headers = { X-A = "outer" }'],
];

describe("nginx's directives", () => {
  for (const [directives, line] of rows) {
    it(`in a location: ${directives}`, () => {
      const lines = siteLines(directives);
      assert.ok(lines.includes(line), lines.join('\n'));
    });
  }

  for (const [http, directives, line] of inHttp) {
    it(`around a location: ${http} ${directives}`, () => {
      const lines = siteLines(directives, http);
      assert.ok(lines.includes(line), lines.join('\n'));
    });
  }

  const matches: readonly (readonly [location: string, lines: readonly string[]])[] = [
    ['/a/', ['path = "/a/"']],
    ['/a', ['pattern = "^/a"']],
    ['= /a', ['exact = "/a"']],
    ['^~ /a/', ['path = "/a/"']],
    ['~ \\.php$', ["pattern = '\\.php$'"]],
    ['~* \\.php$', ["pattern = '\\.php$'", 'ignore_case = true']],
  ];
  for (const [location, expected] of matches) {
    it(`are for the paths of ${location}`, () => {
      assert.deepEqual(routeLines('return 410;', location), [...expected, 'respond = 410']);
    });
  }

  it('make upstreams of all that a server may have', () => {
    const { lines } = drafted(`upstream app {
        least_conn;
        keepalive 16;
        server unix:/run/a.sock fail_timeout=0;
        server app:8000 weight=2 max_fails=3 fail_timeout=30s max_conns=5;
        server b.example backup down;
      }
      server { location / { proxy_pass http://app; proxy_set_header Host $http_host; } }`);
    const from = lines.indexOf('[upstreams.app]');
    assert.deepEqual(lines.slice(from, from + 4), [
      '[upstreams.app]',
      'servers = [{ address = "unix:/run/a.sock", fail_timeout = "0s" }, { address = "app:8000", weight = 2, max_fails = 3, fail_timeout = "30s", max_connections = 5 }, { address = "b.example:80", backup = true, down = true }]',
      'balance = "least-connections"',
      'keepalive = 16',
    ]);
    assert.ok(lines.includes('proxy = "http://app"'));
  });

  it('replace what they would inherit', () => {
    const lines = routeLines(
      'proxy_pass http://127.0.0.1:8000; proxy_set_header X-Own 1; proxy_set_header Host $http_host;',
      '/a/',
      'proxy_set_header X-Outer 1; add_header X-A 1;',
    );
    assert.ok(
      lines.includes('proxy = { to = "http://127.0.0.1:8000", set_headers = { X-Own = "1" } }'),
      lines.join('\n'),
    );
  });

  it('need say nothing to pass on upgrades', () => {
    const lines = routeLines(
      'proxy_pass http://127.0.0.1:8000; proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";',
    );
    assert.ok(lines.includes('proxy = "http://127.0.0.1:8000"'));
  });

  it('send a path without its slash where nginx does', () => {
    assert.deepEqual(routeLines('proxy_pass http://127.0.0.1:8000;').slice(0, 3), [
      'exact = "/a"',
      'redirect = "/a/$is_args$args"',
      'status = 301',
    ]);
  });

  const conditions: readonly (readonly [condition: string, lines: readonly string[]])[] = [
    ['$scheme = http', ['scheme = "http"']],
    ['$https = ""', ['scheme = "http"']],
    ['$scheme != https', ['scheme = "http"']],
    ['$server_port = 80', ['port = 80']],
    ['$request_method = POST', ['methods = ["POST"]']],
    ['$request_method ~ ^(POST|PUT)$', ['methods = ["POST", "PUT"]']],
    ['$http_x_forwarded_proto = "http"', ['match_headers = { X-Forwarded-Proto = "http" }']],
    ['$http_x_forwarded_proto = http', ['match_headers = { X-Forwarded-Proto = "http" }']],
    [
      '$http_x_forwarded_proto != https',
      ['match_headers = { X-Forwarded-Proto = { pattern = "^(?!https$)" } }'],
    ],
    ['$http_user_agent ~* bot', ['match_headers = { User-Agent = { pattern = "[bB][oO][tT]" } }']],
    ['$http_authorization', ['match_headers = { Authorization = true }']],
  ];
  for (const [condition, expected] of conditions) {
    it(`are asked for where if (${condition})`, () => {
      const { lines } = drafted(`server { if (${condition}) { return 403; } return 204; }`);
      const from = lines.indexOf('[[sites.routes]]') + 1;
      assert.deepEqual(lines.slice(from, from + expected.length + 1), [...expected, 'respond = 403']);
    });
  }

  const settings: readonly (readonly [directive: string, line: string])[] = [
    ['keepalive_timeout 65;', 'keepalive = 65'],
    ['client_header_timeout 10s;', 'header_timeout = 10'],
    ['client_body_timeout 1m;', 'body_timeout = 60'],
    ['send_timeout 5;', 'send_timeout = 5'],
    ['error_log /var/log/e.log warn;', 'loglevel = "warning"'],
    ['set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For;', 'forwarded_allow_ips = ["10.0.0.0/8"]'],
    ['set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For;', 'real_ip_header = "X-Forwarded-For"'],
    ['set_real_ip_from 10.0.0.0/8;', 'real_ip_header = "X-Real-IP"'],
    ['set_real_ip_from 10.0.0.0/8; real_ip_header proxy_protocol;', 'proxy_allow_ips = ["10.0.0.0/8"]'],
  ];
  for (const [directive, line] of settings) {
    it(`are settings: ${directive}`, () => {
      const { lines } = drafted(`${directive} server { return 204; }`);
      assert.ok(lines.includes(line), lines.join('\n'));
    });
  }

  it('have the application run by Kirin, in the place of a server on this machine', () => {
    const source = `upstream app { server unix:/run/gunicorn.sock; }
      server { location / { proxy_pass http://app; } location /away/ { proxy_pass http://192.0.2.1; } location /u/ { uwsgi_pass 127.0.0.1:3031; } }`;
    const { lines } = drafted(source, 'shop:app');
    assert.equal(lines[0], 'app = "shop:app"');
    assert.equal(lines.filter((line) => line === 'app = true').length, 2);
    assert.ok(lines.some((line) => line.includes('192.0.2.1')));
    assert.ok(!lines.includes('[upstreams.app]'));
  });
});

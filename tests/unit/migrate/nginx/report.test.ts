import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { migrated, said } from './migrated.ts';

const saidOf = (source: string, app: string | null = null) => said(migrated(source, { app }).entries);

describe('the report', () => {
  it('names every directive, in the order of the file', () => {
    const { entries } = migrated(
      'worker_processes 1;\nserver {\n  listen 80;\n  return 204;\n}\nfancy on;\n',
    );
    assert.deepEqual(
      entries.map(({ outcome, directive, place }) => `${outcome} ${place.line} ${directive}`),
      [
        'carried 1 worker_processes 1',
        'carried 2 server { … }',
        'carried 3 listen 80',
        'carried 4 return 204',
        'missing 6 fancy on',
      ],
    );
    assert.deepEqual(entries.at(-1)?.notes, ['it is not known to kirin migrate']);
  });

  const rows: readonly (readonly [source: string, what: RegExp])[] = [
    ['user www-data; server { return 204; }', /^differs user www-data: with user = "www-data"/],
    ['server { charset koi8-r; return 204; }', /^differs charset koi8-r: texts are said to be UTF-8$/],
    ['server { location / { uwsgi_pass unix:/a.sock; } }', /^missing uwsgi_pass .*--app/],
    ['server { location / { limit_rate 10k; root /srv; } }', /^missing limit_rate 10k: /],
    ['server { ssl_protocols TLSv1 TLSv1.2; return 204; }', /^$/],
    ['map $uri $a { default 1; } server { return 204; }', /^missing map .*: there are no maps/],
    ['server { if ($arg_a) { return 403; } return 204; }', /^missing if .*by the query/],
    ['server { location ~ a++ { return 204; } }', /^missing location ~ a\+\+ .*: JavaScript has no such/],
    [
      'server { location /a/ { proxy_pass http://192.0.2.1/b; } }',
      /^differs proxy_pass .*: what follows \/a\/ is put behind \/b\/;/,
    ],
    [
      'server { root /srv; add_header X-A $no_such; }',
      /^missing add_header X-A \$no_such: there is no \$no_such$/,
    ],
    [
      'proxy_cache_path /c keys_zone=c:1m; server { location / { proxy_pass http://192.0.2.1; proxy_cache c; proxy_cache_methods GET POST; } }',
      /^missing proxy_cache_methods GET POST: only GET and HEAD/,
    ],
    [
      'server { location / { proxy_pass http://192.0.2.1; proxy_ignore_headers Expires X-Accel-Redirect; } }',
      /^missing proxy_ignore_headers .*: x-accel-redirect of a backend is heeded/,
    ],
    [
      'geo $a { default 1; } limit_req_zone $a zone=a:1m rate=1r/s; server { limit_req zone=a; }',
      /missing limit_req zone=a: there is no \$a: each address is limited by itself$/,
    ],
    [
      'server { location / { fastcgi_pass unix:/a.sock; } }',
      /^missing fastcgi_pass .*: FastCGI is not spoken/,
    ],
    ['server { location / { secure_link $arg_a; root /srv; } }', /^missing secure_link .*403 to everybody$/],
    ['server { lisen 80; }', /^missing lisen 80: it is not known .*; did you mean listen\?$/],
    ['server { location / { alias $document_root/a; } }', /^missing alias .*: folders have no variables$/],
    [
      'server { location ~ ^/(a)$ { alias /$1; } }',
      /^missing alias .*: an alias that begins with a variable/,
    ],
    [
      'server { root /srv; location / { } location ~ \\.html$ { expires -1; } }',
      /^differs location ~ \\\.html\$ .*: holds for \/index\.html, and not where/,
    ],
    ['include absent.conf; server { return 204; }', /^missing include absent\.conf: the file cannot be read/],
    ['server { root html; }', /^differs root html: taken as relative to \/usr\/share\/nginx/],
    ['stream { server { listen 1; } } server { return 204; }', /^missing stream .*HTTP alone/],
  ];
  for (const [source, what] of rows) {
    it(`says of ${source}`, () => assert.match(saidOf(source).join('\n'), what));
  }

  it('makes redirects of a map of paths, and says how they differ', () => {
    const { lines, entries } = migrated(
      `map $uri $new { default ""; ~^/blog/(\\d+)$ /articles/$1; /old /new; }
      server { if ($new != "") { return 301 https://$host$new; } return 204; }`,
    );
    assert.deepEqual(
      lines.filter((line) => /^(exact|pattern|redirect|status)/.test(line)),
      [
        'exact = "/old"',
        'redirect = "https://$host/new"',
        'status = 301',
        "pattern = '^/blog/(\\d+)$'",
        'redirect = "https://$host/articles/$1"',
        'status = 301',
      ],
    );
    assert.match(said(entries).join('\n'), /^differs map .*: a route for each; /);
  });

  it('leaves other maps alone', () => {
    for (const map of ['map $uri $new { default /all; /a /b; }', 'map $host $new { a /b; }']) {
      const { entries } = migrated(`${map} server { if ($new) { return 301 $new; } return 204; }`);
      assert.match(said(entries).join('\n'), /missing map .*there are no maps/);
    }
  });

  it('says of what nginx has no use for either that it is never reached', () => {
    const { entries } = migrated(
      'limit_req_zone $a zone=a:1m rate=1r/s; server { location / { limit_req zone=a; deny all; return 204; } }',
    );
    const notes = entries.filter(({ directive }) => /^(limit_req|deny) /.test(directive));
    assert.deepEqual(
      notes.map((entry) => [entry.outcome, entry.notes]),
      [
        ['carried', ['it is never reached']],
        ['carried', ['it is never reached']],
      ],
    );
  });

  it('does not say so of what some hosts of a server reach', () => {
    const { entries } = migrated(
      'server { server_name a.example www.a.example; if ($host = www.a.example) { return 301 https://a.example$request_uri; } location /b { return 204; } }',
    );
    assert.deepEqual(
      entries.filter(({ notes }) => notes.includes('it is never reached')),
      [],
    );
    assert.ok(entries.some(({ directive }) => directive.startsWith('location /b')));
  });

  it('says when one application takes the place of several', () => {
    const source =
      'server { location / { proxy_pass http://127.0.0.1:8000; } location /b { proxy_pass http://127.0.0.1:8001; } }';
    assert.match(
      saidOf(source, 'a:b').join('\n'),
      /differs proxy_pass .*: one application is run in the place of 127\.0\.0\.1:800/,
    );
    assert.deepEqual(saidOf('server { location / { proxy_pass http://127.0.0.1:8000; } }', 'a:b'), []);
  });

  it('opens nothing that another server has guarded', () => {
    const { lines, entries } = migrated(
      'server { location / { auth_request /auth; proxy_pass http://192.0.2.1; } }',
    );
    assert.ok(lines.includes('respond = 403') && !lines.some((line) => line.startsWith('proxy')));
    assert.match(said(entries).join('\n'), /missing auth_request \/auth: /);
  });
});

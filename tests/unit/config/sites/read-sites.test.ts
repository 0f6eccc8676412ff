import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readToml } from '../../../../src/config/toml/toml-document.ts';
import { tomlSettings } from '../../../../src/config/toml/toml-settings.ts';
import type { SiteSpec } from '../../../../src/protocol/supervision/site.ts';

function read(source: string) {
  const document = readToml(source);
  assert.ok(!('fault' in document), JSON.stringify(document));
  const { front, problems } = tomlSettings('kirin.toml', '/srv', document);
  return { sites: front.sites, problems: problems.map(({ message }) => message) };
}

function sitesOf(source: string): readonly SiteSpec[] {
  const { sites, problems } = read(source);
  assert.deepEqual(problems, []);
  return sites;
}

/** Of a route with these lines, in a site of its own. */
function routeOf(lines: string) {
  return sitesOf(`[[sites]]\n[[sites.routes]]\n${lines}\n`)[0]?.routes[0];
}

function complaintOf(lines: string): string {
  const { problems } = read(`[[sites]]\n[[sites.routes]]\n${lines}\n`);
  assert.equal(problems.length, 1, problems.join('\n'));
  return problems[0] as string;
}

describe('the sites of a kirin.toml', () => {
  it('have hosts and routes, each in their order', () => {
    const [first, second, ...more] = sitesOf(`
[[sites]]
hosts = ["Shop.Example.", "*.shop.example"]
[[sites.routes]]
exact = "/a"
respond = 404
[[sites.routes]]
path = "/b/"

[[sites]]
hosts = "[::1]"
`);
    assert.deepEqual(first?.hosts, ['shop.example', '*.shop.example']);
    assert.deepEqual(
      first?.routes.map(({ path, action }) => [path, action.do]),
      [
        [{ kind: 'exact', path: '/a' }, 'respond'],
        [{ kind: 'prefix', path: '/b', isBelow: true }, 'app'],
        [{ kind: 'any' }, 'app'],
      ],
    );
    assert.deepEqual(second?.hosts, ['[::1]']);
    assert.deepEqual(
      second?.routes.map(({ path }) => path),
      [{ kind: 'any' }],
    );
    assert.equal(more.length, 0);
  });

  it('say for all of their routes what a route does not say itself', () => {
    const [site] = sitesOf(`
[[sites]]
allow = ["192.0.2.0/24"]
deny = ["192.0.2.1"]
[[sites.routes]]
path = "/open"
allow = "*"
`);
    assert.deepEqual(
      site?.routes.map(({ allow, deny }) => [allow, deny]),
      [
        [['*'], ['192.0.2.1']],
        [['192.0.2.0/24'], ['192.0.2.1']],
      ],
    );
  });

  it('may be for one scheme alone', () => {
    assert.equal(routeOf('scheme = "http"')?.scheme, 'http');
    assert.equal(routeOf('path = "/a"')?.scheme, null);
    assert.match(complaintOf('scheme = "ftp"'), /scheme = "ftp": not "http" or "https"/);
    assert.equal(routeOf('port = 8080')?.port, 8080);
    assert.match(complaintOf('port = "80"'), /not a whole number from 1 to 65535/);
    assert.match(complaintOf('path = "/a"\nignore_case = true'), /ignore_case belongs to pattern/);
    const both = '[[sites]]\n[[sites.routes]]\nscheme = "http"\n[[sites.routes]]\n';
    assert.equal(sitesOf(`${both}scheme = "https"\n`)[0]?.routes.length, 3);
    assert.match(read(`${both}scheme = "http"\npath = "/a"\n`).problems[0] ?? '', /never asked/);
    assert.match(
      read('[[sites]]\n[[sites.routes]]\n[[sites.routes]]\nscheme = "http"\n').problems[0] ?? '',
      /never asked/,
    );
  });

  const paths: readonly (readonly [lines: string, path: object])[] = [
    ['', { kind: 'any' }],
    ['path = "/"', { kind: 'any' }],
    ['path = "/a//b/"', { kind: 'prefix', path: '/a/b', isBelow: true }],
    ['path = "/a"', { kind: 'prefix', path: '/a', isBelow: false }],
    ['exact = "/a/"', { kind: 'exact', path: '/a/' }],
    ['pattern = "^/a"', { kind: 'pattern', source: '^/a', ignoresCase: false }],
    ['pattern = "^/a"\nignore_case = true', { kind: 'pattern', source: '^/a', ignoresCase: true }],
  ];
  for (const [lines, path] of paths) {
    it(`have routes for ${lines || 'every path'}`, () => assert.deepEqual(routeOf(lines)?.path, path));
  }

  const actions: readonly (readonly [lines: string, action: object])[] = [
    ['', { do: 'app', app: 'default' }],
    ['app = true', { do: 'app', app: 'default' }],
    ['rewrite = "/b/$1"', { do: 'rewrite', to: '/b/$1', again: false }],
    ['rewrite = "$1"\nagain = true', { do: 'rewrite', to: '$1', again: true }],
    ['redirect = "/b"', { do: 'redirect', to: '/b', status: 308 }],
    [
      'redirect = "https://$host$request_uri"\nstatus = 301',
      { do: 'redirect', to: 'https://$host$request_uri', status: 301 },
    ],
    ['respond = 404', { do: 'respond', status: 404, body: '', type: 'text/plain; charset=utf-8' }],
    ['respond = "pong"', { do: 'respond', status: 200, body: 'pong', type: 'text/plain; charset=utf-8' }],
    [
      'respond = { status = 503, body = "{}", type = "application/json" }',
      { do: 'respond', status: 503, body: '{}', type: 'application/json' },
    ],
  ];
  it('serve files of a folder that is relative to the file', () => {
    const usual = {
      do: 'files',
      folder: '/srv/static',
      mapping: 'alias',
      index: ['index.html'],
      listing: false,
      missing: 404,
      cacheControl: null,
      expires: null,
      symlinks: 'inside',
      dotfiles: false,
      precompressed: true,
      tries: null,
    };
    assert.deepEqual(routeOf('path = "/s"\nfiles = "static"')?.action, usual);
    assert.deepEqual(routeOf('files = { folder = "/srv/static" }')?.action, usual);
    const all =
      `files = { root = "../www", index = ["a", "b"], listing = true, missing = "next", expires = "30d",
      cache_control = "public", symlinks = "off", dotfiles = true, precompressed = false }`.replace(
        /\n\s*/g,
        ' ',
      );
    assert.deepEqual(routeOf(all)?.action, {
      do: 'files',
      folder: '/www',
      mapping: 'root',
      index: ['a', 'b'],
      listing: true,
      missing: 'next',
      cacheControl: 'public',
      expires: 30 * 86_400,
      symlinks: 'off',
      dotfiles: true,
      precompressed: false,
      tries: null,
    });
  });

  for (const [lines, action] of actions) {
    it(`do what ${JSON.stringify(lines)} says`, () => assert.deepEqual(routeOf(lines)?.action, action));
  }

  it('let in whom they say', () => {
    const route = routeOf('allow = ["10.0.0.0/8", "::1"]\ndeny = "10.1.0.0/16"\nmethods = ["GET", "HEAD"]');
    assert.deepEqual(route?.allow, ['10.0.0.0/8', '::1']);
    assert.deepEqual(route?.deny, ['10.1.0.0/16']);
    assert.deepEqual(route?.methods, ['GET', 'HEAD']);
  });

  it('add and remove headers', () => {
    const route = routeOf(
      'add_headers = { X-A = "$host", X-B = ["1", { value = "2", errors = true }] }\nremove_headers = "X-C"\nrequest_id = true',
    );
    assert.deepEqual(route?.addHeaders, [
      { name: 'X-A', value: '$host', onErrors: false },
      { name: 'X-B', value: '1', onErrors: false },
      { name: 'X-B', value: '2', onErrors: true },
    ]);
    assert.deepEqual(route?.removeHeaders, ['x-c']);
    assert.equal(route?.requestId, true);
  });

  it('try paths, and say who answers where there is none', () => {
    const triesOf = (lines: string) => {
      const { action } = routeOf(lines) ?? {};
      return action?.do === 'files' ? [action.tries, action.missing] : null;
    };
    assert.deepEqual(
      triesOf('files = { root = "a", try = ["$uri", "$uri/"], missing = "/index.php?$args" }'),
      [['$uri', '$uri/'], '/index.php?$args'],
    );
    assert.deepEqual(triesOf('name = "a"\nfiles = { root = "a", try = "$uri", missing = "@a" }'), [
      ['$uri'],
      '@a',
    ]);
    assert.deepEqual(triesOf('files = { root = "a", missing = 503 }'), [null, 503]);
  });

  it('have names, are internal, and are for fields of requests', () => {
    const route = routeOf(
      'name = "app"\ninternal = true\nmatch_headers = { Upgrade = "websocket", X-A = true, X-B = false, X-C = { pattern = "^1" } }',
    );
    assert.deepEqual([route?.name, route?.internal], ['app', true]);
    assert.deepEqual(route?.fields, [
      { kind: 'is', name: 'upgrade', value: 'websocket' },
      { kind: 'there', name: 'x-a', isThere: true },
      { kind: 'there', name: 'x-b', isThere: false },
      { kind: 'pattern', name: 'x-c', source: '^1' },
    ]);
  });

  it('are told of names that are there twice, or not at all', () => {
    const { problems } = read(
      '[[sites]]\n[[sites.routes]]\nname = "one"\npath = "/a"\n[[sites.routes]]\nname = "one"\nfiles = { folder = "x", missing = "@onee" }\n',
    );
    assert.deepEqual(problems, [
      'kirin.toml:5:1: this route is named one, and so is that at kirin.toml:2:1',
      'kirin.toml:5:1: no route is named onee; did you mean @one?',
    ]);
  });

  it('have pages for errors', () => {
    const route = routeOf(
      `name = "a"\nerror_pages = { ${[
        '404 = "/404.html"',
        '"502, 503" = "@a"',
        '5xx = { to = "/x", status = 200 }',
        '500-501 = { to = "@a", status = "kept" }',
        '403 = "https://a.b/$uri"',
        'intercept = true',
      ].join(', ')} }`,
    );
    assert.deepEqual(route?.errorPages, {
      intercept: true,
      pages: [
        { from: 403, to: 403, target: 'https://a.b/$uri', status: 302 },
        { from: 404, to: 404, target: '/404.html', status: 'kept' },
        { from: 502, to: 502, target: '@a', status: 'own' },
        { from: 503, to: 503, target: '@a', status: 'own' },
        { from: 500, to: 501, target: '@a', status: 'kept' },
        { from: 500, to: 599, target: '/x', status: 200 },
      ],
    });
    assert.equal(routeOf('error_pages = false')?.errorPages, null);
    assert.deepEqual(routeOf('sendfile_from = ["media", "/a"]')?.sendfileFrom, ['/srv/media', '/a']);
    assert.equal(routeOf('max_body = "1m"')?.maxBody, 1 << 20);
    assert.equal(routeOf('max_body = 0')?.maxBody, 0);
  });

  it('compress', () => {
    assert.equal(routeOf('')?.compress, null);
    assert.equal(routeOf('compress = false')?.compress, null);
    const usual = routeOf('compress = true')?.compress;
    assert.deepEqual(usual?.encodings, ['zstd', 'br', 'gzip']);
    assert.deepEqual(usual?.levels, { zstd: 3, br: 4, gzip: 5 });
    assert.equal(usual?.minBytes, 1024);
    const own = routeOf(
      'compress = { encodings = "gzip", types = ["Text/*", "*"], min_size = "2k", level = 11 }',
    )?.compress;
    assert.deepEqual(own, {
      encodings: ['gzip'],
      types: ['text/*', '*'],
      minBytes: 2048,
      levels: { zstd: 11, br: 11, gzip: 9 },
    });
    assert.deepEqual(routeOf('compress = { level = { gzip = 1 } }')?.compress?.levels, {
      zstd: 3,
      br: 4,
      gzip: 1,
    });
  });

  const wrong: readonly (readonly [lines: string, complaint: RegExp])[] = [
    ['internal = true', /nothing leads to an internal route/],
    ['name = "a b"', /'a b' is no name of a route/],
    ['path = "/a"\nignore_case = true', /ignore_case belongs to pattern/],
    ['match_headers = "Upgrade"', /not a table such as/],
    ['match_headers = { "A B" = true }', /'A B' is no name of a field/],
    ['match_headers = { A = 1 }', /A: give a text, true, false/],
    ['match_headers = { A = { pattern = "(" } }', /[Uu]nterminated group/],
    ['rewrite = "b"', /a path begins with a slash/],
    ['again = true', /again belongs to rewrite/],
    ['files = { folder = "a", missing = "b" }', /"@NAME" of a route, or a path/],
    ['files = { folder = "a", missing = "@b c" }', /'b c' is no name of a route/],
    ['files = { folder = "a", missing = "@b" }', /no route is named b; give one of this site name = "b"/],
    ['files = { folder = "a", try = [] }', /nothing is tried/],
    ['files = { folder = "a", try = "index.html" }', /'index.html' is no path/],
    ['files = { folder = "a", try = "$urn" }', /did you mean \$uri/],
    ['error_pages = "/404.html"', /not a table such as \{ 404 = /],
    ['error_pages = { 4oo = "/a" }', /'4oo' is no status from 300 to 599, nor a range/],
    ['error_pages = { 504-500 = "/a" }', /'504-500' is no status/],
    ['error_pages = { 404 = "a.html" }', /'a.html' is no path, no @NAME of a route and no URL/],
    ['error_pages = { 404 = "@b" }', /no route is named b/],
    ['error_pages = { 404 = { status = 200 } }', /where to\?/],
    ['error_pages = { 404 = { to = "/a", status = 199 } }', /status is a number from 200 to 599/],
    ['error_pages = { 404 = { to = "/a", code = 1 } }', /code is none of to and status/],
    ['error_pages = { 404 = { to = "http://a", status = 200 } }', /with a URL, status is one of/],
    ['max_body = "much"', /not a number of bytes/],
    ['compress = "gzip"', /not true or false/],
    ['compress = { encodings = "deflate" }', /'deflate' is none of zstd, br, gzip/],
    ['compress = { encodings = [] }', /none is left/],
    ['compress = { types = "html" }', /'html' is no media type/],
    ['compress = { min_size = "1kb" }', /not a number of bytes, or one such as "10m"/],
    ['compress = { level = 0.5 }', /levels from/],
    ['compress = { level = { gzip = 10 } }', /gzip has levels from 1 to 9/],
    ['compress = { level = { deflate = 1 } }', /deflate is none of/],
    ['compress = { levels = 1 }', /levels is nothing that compress has; did you mean level\?/],
    ['add_headers = "X-A: 1"', /not a table such as/],
    ['add_headers = { "X A" = "1" }', /'X A' is no name of a field/],
    ['add_headers = { X-A = "$hots" }', /did you mean \$host/],
    ['add_headers = { X-A = "a\\nb" }', /the value of X-A holds a control character/],
    ['add_headers = { X-A = { errors = true } }', /X-A has no value/],
    ['add_headers = { X-A = { value = "1", error = true } }', /X-A has error, which is none of/],
    ['add_headers = { Content-Length = "1" }', /Content-Length is Kirin's own/],
    ['remove_headers = "Transfer-Encoding"', /Transfer-Encoding is Kirin's own/],
    ['request_id = "yes"', /not true or false/],
    ['location = "/a"', /location is nothing that a route has; what nginx says by it stands in path$/],
    ['try_files = "$uri"', /what nginx says by it stands in files$/],
    ['files = { root = "a", try_files = "$uri" }', /what nginx says by it stands in try$/],
    ['paths = "/a"', /^kirin\.toml:3:1: paths is nothing that a route has; did you mean path\?$/],
    ['path = "a"', /^kirin\.toml:3:1: path = "a": a path begins with a slash$/],
    ['path = "/a?b"', /no query/],
    ['path = "/%61"', /not percent-encoded/],
    ['exact = "/a/../b"', /segment of dots/],
    ['path = "/a"\nexact = "/b"', /^kirin\.toml:2:1: a route has one of path and exact$/],
    ['pattern = "("', /^kirin\.toml:3:1: pattern = "\(": .*[Uu]nterminated group/],
    ['app = true\nrespond = 404', /one thing; here it has app and respond$/],
    ['app = false', /give true/],
    ['status = 301', /^kirin\.toml:3:1: status belongs to redirect/],
    ['redirect = "b"', /give a URL/],
    ['redirect = "/a b"', /no spaces/],
    ['redirect = "https://$hots/"', /there is no \$hots; did you mean \$host\?/],
    ['redirect = "/$nonsense"', /there is no \$nonsense; there are \$args, .*\$cookie_NAME.* and \$1 to \$9/],
    ['redirect = "/b"\nstatus = 200', /^kirin\.toml:4:1: status = 200: not one of 301, 302, 303, 307, 308$/],
    ['respond = 199', /from 200 to 599/],
    ['respond = 600', /from 200 to 599/],
    ['respond = { code = 1 }', /code is none of status, body and type/],
    ['respond = { type = "json" }', /no media type/],
    ['respond = true', /give a status, a text, or a table/],
    ['files = 1', /^kirin\.toml:3:1: files = 1: not a string$/],
    ['files = {}', /^kirin\.toml:3:9: files need a folder/],
    ['files = { folder = "a", root = "b" }', /either a folder or a root/],
    ['files = { folder = "a", indx = "b" }', /indx is nothing that files has; did you mean index\?$/],
    ['files = { folder = "a", index = "b/c" }', /'b\/c' is no name of a file/],
    ['files = { folder = "a", expires = "30 days" }', /not a number of seconds, or one such as "30d"/],
    ['files = { folder = "a", expires = "11y" }', /at most "10y"/],
    ['files = { folder = "a", missing = 200 }', /^.*: not a status|@NAME/],
    ['files = { folder = "a", symlinks = "on" }', /not "off", "inside"/],
    ['files = { folder = "a", listing = 1 }', /not true or false/],
    ['files = { folder = "a", cache_control = "a\\nb" }', /not a value for Cache-Control/],
    ['files = "a"\nrespond = 404', /here it has files and respond/],
    ['methods = ["get"]', /'get' is no method/],
    ['allow = ["10.0.0.1/8"]', /address within a network/],
    ['deny = [1]', /not a string, or an array of strings/],
    ['path = 2026-01-01', /a date/],
  ];
  for (const [lines, complaint] of wrong) {
    it(`are told when a route has ${JSON.stringify(lines)}`, () =>
      assert.match(complaintOf(lines), complaint));
  }

  it('are told whose host it is already', () => {
    const { problems } = read(
      '[[sites]]\nhosts = "a.b"\n[[sites]]\nhosts = ["c", "A.b"]\n[[sites]]\n[[sites]]\n',
    );
    assert.deepEqual(problems, [
      'kirin.toml:4:1: this is the site of a.b, and so is that at kirin.toml:2:1',
      'kirin.toml:6:1: this is the site of all hosts that no other names, and so is that at kirin.toml:5:1',
    ]);
  });

  it('are told what is no host, and what is no array of tables', () => {
    assert.match(read('[[sites]]\nhosts = "a.b:80"\n').problems[0] ?? '', /has a port/);
    assert.match(read('[[sites]]\nhosts = "a b"\n').problems[0] ?? '', /is no host/);
    assert.match(
      read('[[sites]]\nhosts = "*.bücher.example"\n').problems[0] ?? '',
      /asked for as '\*\.xn--bcher-kva\.example'/,
    );
    assert.match(
      read('[sites]\nhosts = "a"\n').problems[0] ?? '',
      /not an array of tables; each begins with \[\[sites\]\]/,
    );
  });

  const shadowed: readonly (readonly [first: string, second: string])[] = [
    ['', 'path = "/a"'],
    ['path = "/a"', 'path = "/a/b"'],
    ['path = "/a"', 'exact = "/a"'],
    ['path = "/a"', 'path = "/a"\nmethods = ["GET"]'],
    ['path = "/a"\nmethods = ["GET", "HEAD"]', 'exact = "/a/b"\nmethods = ["GET"]'],
    ['exact = "/a"', 'exact = "/a"'],
    ['pattern = "^/a"', 'pattern = "^/a"'],
    ['pattern = "^/a"\nignore_case = true', 'pattern = "^/a"'],
    ['path = "/a/"', 'path = "/a/"'],
    ['path = "/a/"', 'exact = "/a/b"'],
    ['port = 80', 'path = "/a"\nport = 80'],
  ];
  for (const [first, second] of shadowed) {
    it(`are told that ${JSON.stringify(second)} is never asked behind ${JSON.stringify(first)}`, () => {
      const { problems } = read(`[[sites]]\n[[sites.routes]]\n${first}\n[[sites.routes]]\n${second}\n`);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? '', /never asked: the one at kirin\.toml:2:1 takes all/);
    });
  }

  const beside: readonly (readonly [first: string, second: string])[] = [
    ['path = "/a"', 'path = "/ab"'],
    ['path = "/a/b"', 'path = "/a"'],
    ['exact = "/a"', 'path = "/a"'],
    ['path = "/a"\nmethods = ["GET"]', 'path = "/a"'],
    ['path = "/a"\nmethods = ["GET"]', 'path = "/a"\nmethods = ["GET", "POST"]'],
    ['pattern = "^/a"', 'path = "/a"'],
    ['pattern = "^/a"', 'pattern = "^/a"\nignore_case = true'],
    ['path = "/a/"', 'path = "/a"'],
    ['path = "/a/"', 'exact = "/a"'],
    ['port = 80', 'path = "/a"\nport = 8080'],
    ['port = 80', 'path = "/a"'],
    ['files = { folder = "a", missing = "next" }', 'path = "/a"'],
    ['rewrite = "/b"', 'path = "/a"'],
    ['match_headers = { A = true }', 'path = "/a"'],
    ['path = "/a"', 'path = "/a"\nname = "other"'],
    ['name = "inside"\ninternal = true', 'path = "/a"'],
  ];
  for (const [first, second] of beside) {
    it(`may have ${JSON.stringify(second)} behind ${JSON.stringify(first)}`, () => {
      assert.equal(sitesOf(`[[sites]]\n[[sites.routes]]\n${first}\n[[sites.routes]]\n${second}\n`).length, 1);
    });
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from '../../../../src/migrate/nginx/parser.ts';
import { type Directive, shownPlace } from '../../../../src/migrate/nginx/syntax.ts';

/** `name arg arg { … }`, in one line. */
function shown(directives: readonly Directive[]): string {
  return directives
    .map(({ name, args, block }) => {
      const words = [name, ...args.map(({ text, isQuoted }) => (isQuoted ? JSON.stringify(text) : text))];
      return `${words.join(' ')}${block === null ? ';' : ` { ${shown(block)} }`}`;
    })
    .join(' ');
}

function faultsOf(source: string): readonly string[] {
  return parse(source, 'nginx.conf').faults.map(({ message, place }) => `${shownPlace(place)}: ${message}`);
}

function treeOf(source: string): string {
  assert.deepEqual(faultsOf(source), []);
  return shown(parse(source, 'nginx.conf').directives);
}

describe("nginx's configuration", () => {
  const sources: readonly (readonly [source: string, tree: string])[] = [
    ['user www-data;\nhttp{server{listen 80;}}', 'user www-data; http { server { listen 80; } }'],
    ['# a\ngzip on; # b\n', 'gzip on;'],
    ['location ~ ^/(\\d+)\\.html$ { return 404; }', 'location ~ ^/(\\d+)\\.html$ { return 404; }'],
    ['location ~ "^/a{2}$" { deny all; }', 'location ~ "^/a{2}$" { deny all; }'],
    ['add_header X "a \\"b\\" c";', 'add_header X "a \\"b\\" c";'],
    ["return 200 'it''s';".replace("''", '"'), 'return 200 "it\\"s";'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: nginx's own
    ['set $a ${b}c;', 'set $a ${b}c;'],
    ['log_format main\n  "a"\n  "b";', 'log_format main "a" "b";'],
    [
      'if ($host = www.a.b) { return 301 https://a.b$request_uri; }',
      'if ($host = www.a.b) { return 301 https://a.b$request_uri; }',
    ],
    ['server_name a.b\n  www.a.b;', 'server_name a.b www.a.b;'],
    ['map $a $b { http 1; server 2; }', 'map $a $b { http 1; server 2; }'],
    ['location ~ \\.(js|css)$ { return 404; }', 'location ~ \\.(js|css)$ { return 404; }'],
    ['return 200 "a\\nb";', 'return 200 "a\\nb";'],
    ['rewrite_by_lua_block { local a = { 1 } } listen 80;', 'rewrite_by_lua_block {  } listen 80;'],
    ['map $a $b { default 0; ~x 1; }', 'map $a $b { default 0; ~x 1; }'],
    ['', ''],
  ];
  for (const [source, tree] of sources) {
    it(`is read: ${JSON.stringify(source)}`, () => assert.equal(treeOf(source), tree));
  }

  it('gives every directive and word its place', () => {
    const [server] = parse('\nserver {\n  listen  80;\n}\n', 'a.conf').directives;
    const listen = server?.block?.[0];
    assert.deepEqual(listen?.place, { file: 'a.conf', line: 3, column: 3 });
    assert.deepEqual(listen?.args[0]?.place, { file: 'a.conf', line: 3, column: 11 });
  });

  const faults: readonly (readonly [source: string, fault: RegExp])[] = [
    [
      'server {\n  server_name a.b\n  listen 80;\n}\n',
      /^nginx\.conf:2:18: a semicolon is missing behind: server_name a\.b$/,
    ],
    [
      'server {\n  listen 80\n  server_name a.b;\n}\n',
      /^nginx\.conf:2:12: a semicolon is missing behind: listen 80$/,
    ],
    ['server {\n  listen 80\n}\n', /^nginx\.conf:2:12: a semicolon is missing behind: listen 80$/],
    [
      'server {\n  root /srv\n  location / { }\n}\n',
      /^nginx\.conf:2:12: a semicolon is missing behind: root \/srv$/,
    ],
    ['gzip on', /^nginx\.conf:1:8: a semicolon is missing behind: gzip on$/],
    ['server {\n  listen 80;\n', /^nginx\.conf:1:8: the block of server is never closed/],
    [
      'server {\n  location / {\n    return 204;\n  location /a {\n    return 204;\n  }\n}\n',
      /^nginx\.conf:2:14: the block of location \/ is never closed: a \} is missing$/,
    ],
    [
      'add_header A "b;\nreturn 200 "ok";\n',
      /^nginx\.conf:1:14: a closing " is missing behind this one: its text goes on to line 2, /,
    ],
    ['server {\n}\n}\n', /^nginx\.conf:3:1: this \} closes nothing/],
    [';', /^nginx\.conf:1:1: this semicolon ends nothing/],
    ['{ }', /^nginx\.conf:1:1: this \{ has no directive before it/],
    ['return 200 "a;\n', /^nginx\.conf:1:12: this " is never closed/],
    ['return 200 "a"b;', /^nginx\.conf:1:15: a blank or a semicolon is missing behind the closing "/],
    ['server;', /^nginx\.conf:1:7: server needs a block/],
    ['listen 80 { }', /^nginx\.conf:1:10: a semicolon is missing behind: listen 80$/],
  ];
  for (const [source, fault] of faults) {
    it(`is told to be wrong: ${JSON.stringify(source)}`, () =>
      assert.match(faultsOf(source).join('\n'), fault));
  }

  it('is told all that is wrong, and read on behind it', () => {
    const source =
      'server {\n  server_name a.b\n  listen 80\n  root /srv;;\n  location / {\n    return 404\n  }\n}\n}\n';
    assert.deepEqual(faultsOf(source), [
      'nginx.conf:2:18: a semicolon is missing behind: server_name a.b',
      'nginx.conf:3:12: a semicolon is missing behind: listen 80',
      'nginx.conf:4:13: this semicolon ends nothing',
      'nginx.conf:6:15: a semicolon is missing behind: return 404',
      'nginx.conf:9:1: this } closes nothing: a { is missing before, or there is a } too many',
    ]);
    const [server] = parse(source, 'nginx.conf').directives;
    assert.deepEqual(
      server?.block?.map(({ name }) => name),
      ['server_name', 'listen', 'root', 'location'],
    );
  });

  it('names the directive that is meant', () => {
    assert.deepEqual(faultsOf('servername a.b\n'), [
      'nginx.conf:1:15: a semicolon is missing behind: servername a.b (and servername may be meant as server_name)',
    ]);
  });
});

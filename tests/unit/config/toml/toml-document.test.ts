import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readToml } from '../../../../src/config/toml/toml-document.ts';
import type { TomlNode, TomlTable } from '../../../../src/config/toml/toml-node.ts';
import { fileValue } from '../../../../src/config/toml/toml-value.ts';

function tableOf(source: string): TomlTable {
  const read = readToml(source);
  assert.ok(!('fault' in read), JSON.stringify(read));
  return read;
}

/** `line:column` of every key and value, by its path. */
function places(node: TomlNode, path = ''): Record<string, string> {
  const own = { [path]: `${node.place.line}:${node.place.column}` };
  if (node.kind === 'scalar') return own;
  const inner =
    node.kind === 'array'
      ? node.items.map((item, index) => places(item, `${path}[${index}]`))
      : [...node.entries].map(([key, entry]) => places(entry.node, `${path}.${key}`));
  return Object.assign(own, ...inner);
}

describe('a TOML document', () => {
  it('gives every key of its top with its value, as it is written, and its place', () => {
    const { entries } = tableOf(
      '# comment\napp = "shop.wsgi"\n\n  workers = 0x10\nbind = [":80",\n  ":81"]\n',
    );
    const shown = [...entries].map(([key, { place, node }]) => [
      key,
      fileValue(node),
      node.text,
      `${place.line}:${place.column}`,
    ]);
    assert.deepEqual(shown, [
      ['app', 'shop.wsgi', '"shop.wsgi"', '2:1'],
      ['workers', 16, '0x10', '4:3'],
      ['bind', [':80', ':81'], '[":80",\n  ":81"]', '5:1'],
    ]);
  });

  it('gives a table as one value, however it is written', () => {
    for (const source of [
      'a = { b.c = 1 }',
      'a.b.c = 1',
      '[a.b]\nc = 1',
      '[a]\n[a.b]\nc = 1',
      '"a".b = { c = 1 }',
    ]) {
      assert.deepEqual(fileValue(tableOf(source)), { a: { b: { c: 1 } } }, source);
    }
  });

  it('gives tables in arrays, and tables and arrays within these, each with its place', () => {
    const source = `
[[sites]]
hosts = ["a", "b"]

[[sites.routes]]
path = "/"

[sites.routes.files]
root = "x"

[[sites.routes]]
path = "/b"

[[sites]]
routes = [{ path = "/c" }]
`;
    const document = tableOf(source);
    assert.deepEqual(fileValue(document), {
      sites: [
        { hosts: ['a', 'b'], routes: [{ path: '/', files: { root: 'x' } }, { path: '/b' }] },
        { routes: [{ path: '/c' }] },
      ],
    });
    const found = places(document);
    assert.equal(found['.sites[0].hosts[1]'], '3:15');
    assert.equal(found['.sites[0].routes[0]'], '5:1');
    assert.equal(found['.sites[0].routes[0].files'], '8:1');
    assert.equal(found['.sites[0].routes[1].path'], '12:8');
    assert.equal(found['.sites[1]'], '14:1');
    assert.equal(found['.sites[1].routes[0].path'], '15:20');
  });

  const faults: readonly (readonly [source: string, place: string, fault: RegExp])[] = [
    ['a = 1\na = 2\n', '2:1', /multiple times/],
    ['a == 1', '1:4', /token/],
    ['a = 1 b = 2', '1:7', /newline/],
    ['a = "b\n', '1:7', /[Uu]nterminated/],
    ['a = "\\q"', '1:7', /escape/],
    ['\n\na = \n', '3:4', /[Uu]nspecified/],
    ['[a]\nb = 1\n[a]\n', '3:2', /multiple times/],
  ];
  for (const [source, place, fault] of faults) {
    it(`says where ${JSON.stringify(source)} is wrong`, () => {
      const read = readToml(source);
      assert.ok('fault' in read);
      assert.equal(`${read.place.line}:${read.place.column}`, place, read.fault);
      assert.match(read.fault, fault);
    });
  }
});

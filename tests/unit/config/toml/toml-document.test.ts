import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readToml, type TomlEntry } from '../../../../src/config/toml/toml-document.ts';

function entriesOf(source: string): readonly TomlEntry[] {
  const read = readToml(source);
  assert.ok(!('fault' in read), JSON.stringify(read));
  return read;
}

describe('a TOML document', () => {
  it('gives every key of its top with its value, as it is written, and its place', () => {
    const entries = entriesOf('# comment\napp = "shop.wsgi"\n\n  workers = 0x10\nbind = [":80",\n  ":81"]\n');
    assert.deepEqual(entries, [
      { key: 'app', value: 'shop.wsgi', text: '"shop.wsgi"', place: { line: 2, column: 1 } },
      { key: 'workers', value: 16, text: '0x10', place: { line: 4, column: 3 } },
      { key: 'bind', value: [':80', ':81'], text: '[":80",\n  ":81"]', place: { line: 5, column: 1 } },
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
      const [entry, ...more] = entriesOf(source);
      assert.deepEqual([entry?.key, entry?.value, more.length], ['a', { b: { c: 1 } }, 0], source);
      assert.deepEqual(entry?.place.line, 1);
    }
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

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseEntityTags, strongMatch, weakMatch } from '../../../../src/protocol/fields/entity-tags.ts';

describe('entity tags', () => {
  for (const [text, tags] of [
    ['*', '*'],
    ['"a"', ['"a"']],
    ['W/"a"', ['W/"a"']],
    ['"a", W/"b" ,"c"', ['"a"', 'W/"b"', '"c"']],
    ['"a,b", "c"', ['"a,b"', '"c"']],
    ['""', ['""']],
    [', ,"a",,', ['"a"']],
    ['"\xe4"', ['"\xe4"']],
    ['', []],
  ] as const) {
    it(`are read from ${text}`, () => assert.deepEqual(parseEntityTags(text), tags));
  }

  for (const text of ['a', '"a', 'a"', 'w/"a"', 'W/a', '"a" "b"', '"a"b', '*, "a"', "'a'", '"a b"']) {
    it(`are not ${text}`, () => assert.equal(parseEntityTags(text), null));
  }

  it('are compared as the table of RFC 9110 8.8.3.2 says', () => {
    for (const [a, b, strong, weak] of [
      ['W/"1"', 'W/"1"', false, true],
      ['W/"1"', 'W/"2"', false, false],
      ['W/"1"', '"1"', false, true],
      ['"1"', '"1"', true, true],
    ] as const) {
      assert.equal(strongMatch(a, b), strong, `${a} ${b}`);
      assert.equal(weakMatch(a, b), weak, `${a} ${b}`);
    }
  });

  it('of any length are read in a time that grows with it alone', () => {
    const started = performance.now();
    assert.equal(parseEntityTags(`${'"a", '.repeat(100_000)}x`), null);
    assert.equal(parseEntityTags(`${' '.repeat(100_000)}x`), null);
    assert.ok(performance.now() - started < 2000);
  });
});

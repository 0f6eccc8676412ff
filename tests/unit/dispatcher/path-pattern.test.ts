import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PathPattern } from '../../../src/dispatcher/path-pattern.ts';

const matching = (pattern: string, ...paths: readonly string[]): string[] =>
  paths.filter((path) => new PathPattern(pattern).matches(path));

describe('a pattern of paths', () => {
  it('without a star is one path', () => {
    assert.deepEqual(matching('/a', '/a', '/a/', '/ab', '/', '', 'x/a', '/A'), ['/a']);
  });

  it('has stars that stand for any characters, also none', () => {
    assert.deepEqual(matching('/a/*', '/a/', '/a/b', '/a/b/c\nd', '/a', '/b/a/'), [
      '/a/',
      '/a/b',
      '/a/b/c\nd',
    ]);
    assert.deepEqual(matching('*.pdf', '.pdf', '/a.pdf', '/a.pdf/', '/apdf'), ['.pdf', '/a.pdf']);
    assert.deepEqual(matching('*', '', '/a'), ['', '/a']);
    assert.deepEqual(matching('/a**b', '/ab', '/axb', '/a'), ['/ab', '/axb']);
  });

  it('does not use a character twice', () => {
    assert.deepEqual(matching('/aa*aa', '/aa', '/aaa', '/aaaa'), ['/aaaa']);
    assert.deepEqual(matching('/a*b*b', '/ab', '/abb', '/axbxb'), ['/abb', '/axbxb']);
  });

  it('is what a regular expression says, for every short pattern and path', () => {
    const words = (letters: string, length: number): string[] =>
      length === 0
        ? ['']
        : words(letters, length - 1).flatMap((word) => [...letters].map((letter) => word + letter));
    const upTo = (letters: string, length: number) =>
      Array.from({ length: length + 1 }, (_, n) => words(letters, n)).flat();
    const paths = upTo('ab', 7);
    for (const pattern of upTo('ab*', 5)) {
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 's');
      const expected = paths.filter((path) => expression.test(path));
      assert.deepEqual(matching(pattern, ...paths), expected, pattern);
    }
  });

  it('takes no longer the more stars it has', () => {
    const pattern = new PathPattern(`/a${'*b'.repeat(30)}*d*`);
    const path = `/a${'bc'.repeat(100_000)}`;
    const start = process.cpuUsage();
    for (let times = 0; times < 100; times += 1) assert.equal(pattern.matches(path), false);
    assert.ok(process.cpuUsage(start).user < 2_000_000);
  });
});

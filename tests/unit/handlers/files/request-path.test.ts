import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeName, PathProblem, parseFilePath } from '../../../../src/handlers/files/request-path.ts';

function names(path: string): readonly string[] | string {
  const parsed = parseFilePath(path);
  return parsed instanceof PathProblem ? parsed.reason : parsed.names;
}

describe('the path of a file', () => {
  for (const [path, expected] of [
    ['', []],
    ['/', []],
    ['/a/b.css', ['a', 'b.css']],
    ['/a//b.css', ['a', 'b.css']],
    ['//a', ['a']],
    ['/a%20b', ['a b']],
    ['/%61', ['a']],
    ['/%C3%A4', ['\xc3\xa4']],
    // Not UTF-8, which names on a disk need not be.
    ['/%E4', ['\xe4']],
    ['/\xe4', ['\xe4']],
    ['/100%25', ['100%']],
    // Decoded once.
    ['/%252e%252e/etc', ['%2e%2e', 'etc']],
    ['/%252f', ['%2f']],
    ['/a%0Ab', ['a\nb']],
    ['/...', ['...']],
    ['/a..', ['a..']],
    ['/..a', ['..a']],
    ['/a;b', ['a;b']],
    ['/a:b', ['a:b']],
    ['/a+b', ['a+b']],
  ] as const) {
    it(`${JSON.stringify(path)} is ${JSON.stringify(expected)}`, () =>
      assert.deepEqual(names(path), expected));
  }

  for (const [path, reason] of [
    ['/..', /dots/],
    ['/../etc/passwd', /dots/],
    ['/a/../b', /dots/],
    ['/./a', /dots/],
    ['/a/.', /dots/],
    ['/%2e%2e/etc/passwd', /dots/],
    ['/%2E%2E%2Fetc', /slash/],
    ['/.%2e/a', /dots/],
    ['/a%2fb', /slash/],
    ['/a%2Fb', /slash/],
    ['/..\\etc', /backslash/],
    ['/a\\b', /backslash/],
    ['/a%5cb', /backslash/],
    ['/a%00', /NUL/],
    ['/a%00.css', /NUL/],
    ['/a%', /percent/],
    ['/a%2', /percent/],
    ['/a%zz', /percent/],
    ['/%u002e%u002e/', /percent/],
  ] as const) {
    it(`is not ${path}`, () => assert.match(names(path) as string, reason));
  }

  it('says whether a folder is meant', () => {
    assert.deepEqual(parseFilePath('/a/'), { names: ['a'], isFolder: true });
    assert.deepEqual(parseFilePath('/a'), { names: ['a'], isFolder: false });
    assert.deepEqual(parseFilePath('/'), { names: [], isFolder: true });
  });

  it('is written so that it is read as the same names', () => {
    const every = String.fromCharCode(...Array.from({ length: 255 }, (_, code) => code + 1));
    const name = every.replace(/[/\\]/g, '');
    assert.deepEqual(names(`/${encodeName(name)}`), [name]);
    assert.match(encodeName(name), /^[!-~]+$/);
    assert.doesNotMatch(encodeName(name), /[":<>?#[\]\\^`{|}/]/);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { comparablePath } from '../../../../src/handlers/sites/comparable-path.ts';

describe('a path, as routes are compared with it', () => {
  const paths: readonly (readonly [path: string, comparable: string | null])[] = [
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/%61/b', '/a/b'],
    ['/a%2Fb', '/a/b'],
    ['//a///b/', '/a/b/'],
    ['/a%2f%2Fb', '/a/b'],
    ['/%C3%A4', '/ä'],
    ['/\xc3\xa4', '/ä'],
    ['/%E4', '/\ufffd'],
    ['/a%20b%3F', '/a b?'],
    ['/%2561', '/%61'],
    ['/a.b/..c/.d', '/a.b/..c/.d'],
    ['/..', null],
    ['/a/./b', null],
    ['/a/%2e%2E/b', null],
    ['/a%2F..%2Fb', null],
    ['/%', null],
    ['/%4', null],
    ['/%zz', null],
    ['/%00', null],
    ['/a%0Ab', '/a\nb'],
    ['/a%0A', null],
    ['*', '*'],
  ];
  for (const [path, comparable] of paths) {
    it(`${path} is ${comparable ?? 'refused'}`, () => assert.equal(comparablePath(path), comparable));
  }
});

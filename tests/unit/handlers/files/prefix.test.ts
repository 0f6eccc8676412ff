import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PathPrefix } from '../../../../src/handlers/files/prefix.ts';

describe('a prefix', () => {
  for (const [prefix, path, rest] of [
    ['/static', '/static/a.css', '/a.css'],
    ['/static', '/static/', '/'],
    ['/static', '/static', ''],
    ['/static/', '/static/a', '/a'],
    ['/static', '/staticfiles/a', null],
    ['/static', '/', null],
    ['/static', '/Static/a', null],
    ['/static', '//static/a', null],
    ['/static', '/a/../static/a', null],
    ['/static', '/%73tatic/a', '/a'],
    ['/static', '/static%2Fa', null],
    ['/static', '/%73tatic', ''],
    ['/a/b', '/a/b/c', '/c'],
    ['/a/b', '/a/%62/c', '/c'],
    ['/a/b', '/a/bc', null],
    ['/a/b', '/a%2Fb/c', null],
    ['/my files', '/my%20files/a', '/a'],
    ['/ä', '/%C3%A4/a', '/a'],
    ['/ä', '/%c3%a4/a', '/a'],
    ['/ä', '/\xc3\xa4/a', '/a'],
    ['', '/a', '/a'],
    ['', '/', '/'],
    ['/', '/a%20b', '/a%20b'],
    ['', '*', null],
  ] as const) {
    it(`${prefix || '(none)'} leaves ${rest === null ? 'nothing' : JSON.stringify(rest)} of ${JSON.stringify(path)}`, () =>
      assert.equal(new PathPrefix(prefix).restOf(path), rest));
  }
});

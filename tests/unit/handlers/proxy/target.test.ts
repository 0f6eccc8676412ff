import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { targetOf } from '../../../../src/handlers/proxy/target.ts';
import type { PathMatch } from '../../../../src/protocol/supervision/site.ts';
import { FakeExchange, get, headOf } from '../fake-exchange.ts';

const prefix = (path: string): PathMatch => ({ kind: 'prefix', path, isBelow: false });
const CASES: readonly (readonly [match: PathMatch, path: string | null, asked: string, got: string])[] = [
  [{ kind: 'any' }, null, '/a%2F/b?c?', '/a%2F/b?c?'],
  [{ kind: 'any' }, '/', '/a', '/a'],
  [{ kind: 'any' }, '/base', '/a', '/base/a'],
  [prefix('/api'), '/v1', '/api/a', '/v1/a'],
  [prefix('/api'), '/v1/', '/api/a', '/v1/a'],
  [prefix('/api'), '/v1/', '/api', '/v1/'],
  [prefix('/api'), '/', '/api//a', '//a'],
  [prefix('/api'), '/v1', '//api/a', '/v1/a'],
  [prefix('/api'), '/v1', '/%61pi/%3F%23', '/v1/%3F%23'],
  [prefix('/ä'), '/v1', '/%C3%A4/%C3%B6', '/v1/%C3%B6'],
  [{ kind: 'exact', path: '/a' }, '/b', '/a?c', '/b?c'],
  [{ kind: 'pattern', source: '^/a', ignoresCase: false }, '/b', '/abc?d', '/b?d'],
];

describe('what an upstream is asked for', () => {
  for (const [match, path, asked, got] of CASES) {
    it(`is ${got} for ${asked}, where ${path ?? 'nothing'} takes the place of ${JSON.stringify(match)}`, () => {
      assert.equal(targetOf(match, path)(new FakeExchange(get(asked))), got);
    });
  }

  it('may be made of variables, from which nothing gets into the request line', () => {
    const exchange = new FakeExchange(get('/a%20b%0d%0aX:y?c'));
    exchange.groups = ['a b\r\nX: y', 'ä'];
    const target = targetOf({ kind: 'pattern', source: '', ignoresCase: false }, '/$1/$2?$args');
    assert.equal(target(exchange), '/a%20b%0D%0AX:%20y/%C3%A4?c');
  });

  it('is * for what is asked about the server', () => {
    const exchange = new FakeExchange(headOf('OPTIONS * HTTP/1.1', 'Host: a'));
    assert.equal(targetOf({ kind: 'any' }, null)(exchange), '*');
  });
});

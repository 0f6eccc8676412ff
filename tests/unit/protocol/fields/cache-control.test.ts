import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deltaSeconds, parseCacheControl } from '../../../../src/protocol/fields/cache-control.ts';
import { Random } from '../../../support/random.ts';

const read = (...values: readonly string[]) => Object.fromEntries(parseCacheControl(values));

describe('Cache-Control', () => {
  it('is a list of directives, in any case, over several lines', () => {
    assert.deepEqual(read('Max-Age=60, no-cache', ' PRIVATE'), {
      'max-age': '60',
      'no-cache': '',
      private: '',
    });
    assert.deepEqual(read('', ' , ,no-store,,'), { 'no-store': '' });
    assert.deepEqual(read(), {});
  });

  it('has arguments as tokens or in quotes, with blanks or without', () => {
    assert.deepEqual(read('max-age="60", private="a, b\\"c", x = y , z=""'), {
      'max-age': '60',
      private: 'a, b"c',
      x: 'y',
      z: '',
    });
  });

  it('holds though something in it is not valid', () => {
    assert.deepEqual(read('max age=1, no-store'), { 'no-store': '' });
    assert.deepEqual(read('=, @@, no-store'), { 'no-store': '' });
    assert.deepEqual(read('no-store; private, max-age=5'), { 'max-age': '5' });
  });

  it('has the first of what comes twice', () => {
    assert.deepEqual(read('max-age=1, max-age=2'), { 'max-age': '1' });
  });

  it('is read to its end whatever it is', () => {
    const letters = ['a', '=', '"', ',', ' ', '\\', ';', '\t', 'max-age', '1'];
    for (let seed = 1; seed <= 3000; seed += 1) {
      const random = new Random(seed);
      const text = Array.from({ length: random.below(20) }, () => random.of(letters)).join('');
      assert.ok(parseCacheControl([text, 'no-store']).has('no-store'), text);
    }
  });

  it('has seconds that are numbers; others are none at all', () => {
    const seconds = (text: string) => deltaSeconds(parseCacheControl([text]), 'max-age');
    assert.equal(seconds('max-age=60'), 60);
    assert.equal(seconds('max-age=99999999999999'), 2 ** 31);
    for (const text of ['max-age', 'max-age=', 'max-age=-1', 'max-age=1.5', 'max-age=1s'])
      assert.equal(seconds(text), 0, text);
    assert.equal(seconds('s-maxage=60'), null);
  });
});

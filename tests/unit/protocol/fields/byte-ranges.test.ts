import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseByteRanges } from '../../../../src/protocol/fields/byte-ranges.ts';

/** As `first-last`. */
function ranges(text: string, size: number): string[] | null {
  const found = parseByteRanges(text, size);
  return found?.map(({ offset, length }) => `${offset}-${offset + length - 1}`) ?? null;
}

describe('byte ranges', () => {
  for (const [text, expected] of [
    ['bytes=0-499', ['0-499']],
    ['bytes=500-999', ['500-999']],
    ['bytes=-500', ['9500-9999']],
    ['bytes=9500-', ['9500-9999']],
    ['bytes=0-0,-1', ['0-0', '9999-9999']],
    ['bytes=500-600,601-999', ['500-600', '601-999']],
    ['bytes=500-700,601-999', ['500-700', '601-999']],
    ['bytes= 0-1 ,\t2-3', ['0-1', '2-3']],
    ['bytes=,0-1,,', ['0-1']],
    ['BYTES=0-1', ['0-1']],
    // The order is the client's: the end of a file may be wanted first.
    ['bytes=900-999,0-99', ['900-999', '0-99']],
    // Cut at the end of what there is.
    ['bytes=9990-20000', ['9990-9999']],
    ['bytes=-20000', ['0-9999']],
    ['bytes=0-18446744073709551616', ['0-9999']],
    // What lies outside is left out …
    ['bytes=0-1,10000-', ['0-1']],
    ['bytes=0-1,-0', ['0-1']],
    // … and if all of it does, nothing can be sent.
    ['bytes=10000-', []],
    ['bytes=10000-10001,20000-', []],
    ['bytes=-0', []],
    ['bytes=99999999999999999999-', []],
  ] as const) {
    it(`of 10000 for ${text}`, () => assert.deepEqual(ranges(text, 10_000), expected));
  }

  for (const text of [
    '',
    'bytes',
    'bytes=',
    'bytes=,',
    'bytes=-',
    'bytes=a-b',
    'bytes=1-0',
    'bytes=0-1,5-4',
    'bytes=0x0-0x1',
    'bytes=+1-2',
    'bytes=1.5-2',
    'bytes=0-1-2',
    'bytes 0-1',
    'items=0-1',
    'bytes=0-1;2-3',
    'bytes=0 -1',
  ]) {
    it(`are ignored in ${JSON.stringify(text)}`, () => assert.equal(ranges(text, 10_000), null));
  }

  it('of an empty file are not there, but for its end, which is the whole', () => {
    assert.deepEqual(ranges('bytes=0-', 0), []);
    assert.deepEqual(ranges('bytes=0-0', 0), []);
    assert.equal(ranges('bytes=-5', 0), null);
  });

  it('may be 64, and not more', () => {
    const many = (count: number) =>
      `bytes=${Array.from({ length: count }, (_, n) => `${n * 2}-${n * 2}`).join(',')}`;
    assert.equal(ranges(many(64), 10_000)?.length, 64);
    assert.equal(ranges(many(65), 10_000), null);
  });

  it('may overlap until together they are more than the whole', () => {
    assert.deepEqual(ranges('bytes=0-4999,0-4999', 10_000), ['0-4999', '0-4999']);
    assert.equal(ranges('bytes=0-4999,0-5000', 10_000), null);
    assert.equal(ranges('bytes=0-,0-,0-,0-,0-', 10_000), null);
  });

  it('reach beyond 4 GiB', () => {
    const size = 5 * 2 ** 30;
    assert.deepEqual(ranges('bytes=5368709119-', size), ['5368709119-5368709119']);
    assert.deepEqual(ranges('bytes=-1', size), ['5368709119-5368709119']);
  });
});

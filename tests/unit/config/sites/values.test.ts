import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FileValue, ValueProblem } from '../../../../src/config/setting.ts';
import { byteCount, seconds, waitFrom } from '../../../../src/config/sites/values.ts';

describe('values of kirin.toml', () => {
  const times: readonly (readonly [value: FileValue, ms: number])[] = [
    ['500ms', 500],
    ['1.5s', 1500],
    ['10s', 10_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['24d', 24 * 86_400_000],
    [3, 3000],
    [0.25, 250],
    [0, 0],
  ];
  for (const [value, ms] of times) {
    it(`takes ${JSON.stringify(value)} for a time to wait`, () => assert.equal(waitFrom(0)(value), ms));
  }

  for (const value of ['', '10', 's', '-1s', '10 s', '25d', '1y', -1, true, null, ['1s'], Number.NaN]) {
    it(`takes ${JSON.stringify(value)} for no time to wait`, () => {
      assert.throws(() => waitFrom(0)(value), ValueProblem);
    });
  }

  it('has a least time where nothing shorter makes sense, and says it', () => {
    assert.equal(waitFrom(100)('100ms'), 100);
    assert.throws(() => waitFrom(100)('99ms'), /at least "100ms"/);
  });

  it('takes whole seconds where dates are meant', () => {
    assert.equal(seconds('30d'), 2_592_000);
    assert.equal(seconds(60), 60);
    for (const value of [0.5, '0.5s', '500ms', '11y', -1]) assert.throws(() => seconds(value), ValueProblem);
  });
});

it('sizes are bytes, or have a unit', () => {
  assert.deepEqual([0, 10, '10', '1k', '10m', '2G'].map(attempt(byteCount)), [
    0,
    10,
    'wrong',
    1024,
    10 << 20,
    2 * 2 ** 30,
  ]);
  assert.deepEqual([-1, 0.5, '1kb', '', true].map(attempt(byteCount)), Array(5).fill('wrong'));
});

function attempt(read: (value: FileValue) => number) {
  return (value: FileValue) => {
    try {
      return read(value);
    } catch {
      return 'wrong';
    }
  };
}

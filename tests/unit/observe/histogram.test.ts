import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Histogram } from '../../../src/observe/histogram.ts';

function of(...valuesUs: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of valuesUs) histogram.record(value);
  return histogram;
}

/** The greatest value of the bucket that holds this one. */
const boundOf = (valueUs: number): number => of(valueUs).toJSON().buckets[0]?.[0] as number;

/** Reproducible numbers from 0 to 1. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('a histogram of microseconds', () => {
  it('keeps values up to 31 exactly', () => {
    for (let value = 0; value < 32; value += 1) assert.equal(boundOf(value), value);
  });

  it('cuts every power of two into 16 buckets', () => {
    assert.deepEqual([31, 32, 33, 34].map(boundOf), [31, 33, 33, 35]);
    assert.deepEqual([62, 63, 64, 67, 68].map(boundOf), [63, 63, 67, 67, 71]);
    assert.deepEqual([1023, 1024, 1087, 1088].map(boundOf), [1023, 1087, 1087, 1151]);
    assert.deepEqual([2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1].map(boundOf), [
      2 ** 31 - 1,
      2 ** 31 + 2 ** 27 - 1,
      2 ** 32 - 1,
    ]);
  });

  it('has buckets that meet without gaps and never exceed a sixteenth', () => {
    let lower = 0;
    let buckets = 0;
    for (; lower < 2 ** 32; buckets += 1) {
      const upper = boundOf(lower);
      assert.ok(upper >= lower);
      assert.equal(boundOf(upper), upper);
      assert.ok((upper - lower) * 16 < Math.max(lower, 16), `${lower} to ${upper}`);
      lower = upper + 1;
    }
    assert.equal(buckets, 464);
  });

  it('takes what is negative for 0, and what is longer than 71 minutes for that', () => {
    assert.deepEqual(of(-1, Number.NaN, 0.9, 31.9).toJSON(), {
      count: 4,
      sumUs: 31,
      maxUs: 31,
      buckets: [
        [0, 3],
        [31, 1],
      ],
    });
    const longest = 2 ** 32 - 1;
    assert.deepEqual(of(2 ** 40, Number.POSITIVE_INFINITY, longest).toJSON().buckets, [[longest, 3]]);
  });

  it('has quantiles that are at most a sixteenth too high, whatever the values', () => {
    const random = randomNumbers(7);
    for (let round = 0; round < 200; round += 1) {
      const size = 1 + Math.floor(random() * 300);
      const scale = 2 ** (random() * 32);
      const values = Array.from({ length: size }, () => Math.floor(random() ** 3 * scale));
      const sorted = values.toSorted((one, other) => one - other);
      const histogram = of(...values);
      for (const share of [0, 0.01, 0.5, 0.9, 0.99, 0.999, 1]) {
        const exact = sorted[Math.max(1, Math.ceil(share * size)) - 1] as number;
        const said = histogram.quantileUs(share);
        assert.ok(said >= exact && said <= exact + exact / 16, `${share} of ${size}: ${said}, not ${exact}`);
      }
      assert.equal(histogram.quantileUs(1), sorted.at(-1));
      assert.equal(histogram.count, size);
      assert.equal(histogram.maxUs, sorted.at(-1));
      assert.equal(
        histogram.sumUs,
        values.reduce((sum, value) => sum + value, 0),
      );
    }
  });

  it('is that of all values when others are merged into it', () => {
    const random = randomNumbers(11);
    const values = Array.from({ length: 1000 }, () => Math.floor(random() ** 4 * 1e7));
    const merged = of(...values.slice(0, 300));
    merged.merge(of());
    merged.merge(of(...values.slice(300)));
    assert.deepEqual(merged.toJSON(), of(...values).toJSON());
  });

  it('is empty at first', () => {
    assert.deepEqual(of().toJSON(), { count: 0, sumUs: 0, maxUs: 0, buckets: [] });
    assert.equal(of().quantileUs(0.5), 0);
  });
});

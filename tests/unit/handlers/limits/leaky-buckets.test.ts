import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LeakyBuckets } from '../../../../src/handlers/limits/leaky-buckets.ts';
import { Random } from '../../../support/random.ts';

/** Asks for one request; whether it is let in. */
function isLetIn(buckets: LeakyBuckets, key: string, burst: number, nowMs: number): boolean {
  const excess = buckets.excessWith(key, nowMs);
  if (excess > burst + 1e-6) return false;
  buckets.charge(key, excess, nowMs);
  return true;
}

describe('a leaky bucket', () => {
  it('lets in the first and the burst, and then one whenever the rate allows', () => {
    const buckets = new LeakyBuckets(10, 100);
    const at = (nowMs: number) => isLetIn(buckets, 'a', 2, nowMs);
    assert.deepEqual([at(0), at(0), at(0), at(0)], [true, true, true, false]);
    assert.deepEqual([at(99), at(100), at(100)], [false, true, false]);
    assert.deepEqual([at(10_000), at(10_000), at(10_000), at(10_000)], [true, true, true, false]);
  });

  it('is one for each key', () => {
    const buckets = new LeakyBuckets(1, 100);
    assert.ok(isLetIn(buckets, 'a', 0, 0));
    assert.ok(isLetIn(buckets, 'b', 0, 0));
    assert.ok(!isLetIn(buckets, 'a', 0, 1));
  });

  it('is not charged for what is not let in', () => {
    const buckets = new LeakyBuckets(1, 100);
    assert.ok(isLetIn(buckets, 'a', 0, 0));
    for (let ms = 1; ms < 1000; ms += 1) assert.ok(!isLetIn(buckets, 'a', 0, ms));
    assert.ok(isLetIn(buckets, 'a', 0, 1000));
  });

  it('never lets in more than the rate, the burst and the first in any time, and hardly fewer', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = new Random(seed);
      const [perSecond, burst] = [1 + random.below(50), random.below(20)];
      const buckets = new LeakyBuckets(perSecond, 10);
      const letIn: number[] = [];
      let nowMs = 0;
      for (let request = 0; request < 400; request += 1) {
        nowMs += random.below(4) === 0 ? random.below(500) : random.below(3);
        if (isLetIn(buckets, 'a', burst, nowMs)) letIn.push(nowMs);
      }
      for (let from = 0; from < letIn.length; from += 1) {
        for (let to = from; to < letIn.length; to += 1) {
          const seconds = ((letIn[to] as number) - (letIn[from] as number)) / 1000;
          const most = perSecond * seconds + burst + 1 + 1e-3;
          assert.ok(to - from + 1 <= most, `seed ${seed}: ${to - from + 1} in ${seconds} s`);
        }
      }
      // Asked all the time, it lets in all that it may.
      const steady = new LeakyBuckets(perSecond, 10);
      let count = 0;
      for (let ms = 0; ms <= 10_000; ms += 1) count += isLetIn(steady, 'a', burst, ms) ? 1 : 0;
      assert.ok(count >= perSecond * 9.5 + burst, `seed ${seed}: ${count} of ${perSecond}/s`);
    }
  });

  it('is forgotten when there are too many, the one that was not used for longest first', () => {
    const buckets = new LeakyBuckets(0.001, 3);
    for (const key of ['a', 'b', 'c']) assert.ok(isLetIn(buckets, key, 1, 0));
    assert.ok(isLetIn(buckets, 'a', 1, 1));
    assert.ok(isLetIn(buckets, 'd', 1, 2));
    assert.equal(buckets.size, 3);
    assert.ok(!isLetIn(buckets, 'a', 1, 3), 'it was used later than b');
    assert.equal(buckets.excessWith('b', 3), 0);
  });

  it('is forgotten when it has run out', () => {
    const buckets = new LeakyBuckets(10, 1000);
    for (let index = 0; index < 100; index += 1) isLetIn(buckets, `old ${index}`, 0, 0);
    assert.equal(buckets.size, 100);
    for (let index = 0; index < 100; index += 1) isLetIn(buckets, `new ${index}`, 0, 60_000);
    assert.equal(buckets.size, 100);
  });
});

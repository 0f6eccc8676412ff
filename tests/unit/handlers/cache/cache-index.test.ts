import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CacheIndex, type IndexLimits } from '../../../../src/handlers/cache/cache-index.ts';
import { StoredResponse } from '../../../../src/handlers/cache/stored-response.ts';
import type { StoredFacts } from '../../../../src/protocol/caching/stored-facts.ts';
import { Random } from '../../../support/random.ts';

const FACTS: StoredFacts = {
  status: 200,
  receivedMs: 0,
  initialAge: 0,
  lifetime: 60,
  entityTag: null,
  lastModified: null,
  mustRevalidate: false,
  noCache: false,
  staleWhileRevalidate: 0,
  staleIfError: 0,
  isForEverybody: false,
  vary: [],
  varyValues: [],
  unspoken: '',
  route: '',
};

const LIMITS: IndexLimits = { maxBytes: 1 << 20, maxEntries: 100, maxVariants: 3, inactiveMs: 10_000 };

function index(limits: Partial<IndexLimits> = {}) {
  const removed: string[] = [];
  return { index: new CacheIndex({ ...LIMITS, ...limits }, ({ key }) => removed.push(key)), removed };
}

function stored(key: string, bytes = 10, nowMs = 0): StoredResponse {
  const described = { facts: FACTS, head: '200 OK\r\n', flags: 0 };
  return new StoredResponse(key, described, { kind: 'memory', content: 'x'.repeat(bytes) }, bytes, nowMs);
}

const never = () => false;

describe('the index of a cache', () => {
  it('removes what was not used for longest, beyond its bytes or its number', () => {
    const { index: byNumber, removed } = index({ maxEntries: 3 });
    const [a, b, c] = ['a', 'b', 'c'].map((key) => stored(key));
    for (const each of [a, b, c]) byNumber.add(each as StoredResponse, never);
    byNumber.touch(a as StoredResponse, 5000);
    byNumber.add(stored('d'), never);
    assert.deepEqual(removed, ['b']);

    const { index: byBytes, removed: gone } = index({ maxBytes: 10_000 });
    for (const key of ['a', 'b', 'c']) byBytes.add(stored(key, 2500), never);
    assert.deepEqual(gone, ['a']);
    assert.ok(byBytes.bytes <= 10_000);
    byBytes.add(stored('huge', 20_000), never);
    assert.deepEqual([byBytes.size, byBytes.bytes], [0, 0]);
  });

  it('has so many variants of a key, the last that came first', () => {
    const { index: variants, removed } = index();
    const all = Array.from({ length: 5 }, () => stored('a'));
    for (const each of all) variants.add(each, never);
    assert.deepEqual(variants.variants('a'), [all[4], all[3], all[2]]);
    assert.equal(removed.length, 2);
    variants.add(stored('a'), (other) => other === all[3]);
    assert.equal(variants.variants('a').includes(all[3] as StoredResponse), false);
  });

  it('has so many variants of a key for each route, which all go with it', () => {
    const { index: variants, removed } = index();
    const of = (route: string) => {
      const made = stored('a');
      made.facts = { ...FACTS, route };
      variants.add(made, never);
      return made;
    };
    const own = of('mine');
    for (let time = 0; time < 9; time += 1) of('other');
    assert.ok(variants.has(own));
    assert.deepEqual([variants.size, removed.length], [4, 6]);
    assert.equal(variants.deleteKey('a'), 4);
  });

  it('gives up what was not used for longest until that is as much as was asked for', () => {
    const { index: some, removed } = index();
    for (const key of ['a', 'b', 'c', 'd']) some.add(stored(key), never);
    const each = some.bytes / 4;
    some.deleteOldest(0);
    assert.deepEqual(removed, []);
    some.deleteOldest(each + 1);
    assert.deepEqual(removed, ['a', 'b']);
    some.deleteOldest(10 * each);
    assert.deepEqual([some.size, some.bytes], [0, 0]);
  });

  it('gives up variants that only odd fields have made before the others, and then what was not used for longest', () => {
    const { index: variants } = index();
    const [usual, used, odd] = [stored('a'), stored('a'), stored('a')];
    odd.facts = { ...FACTS, unspoken: 'x-forwarded-host: evil\n' };
    for (const each of [usual, used, odd]) variants.add(each, never);
    variants.touch(odd, 9000);
    variants.touch(usual, 5000);
    variants.add(stored('a', 10, 9000), never);
    assert.deepEqual(
      [usual, used, odd].map((each) => variants.has(each)),
      [true, true, false],
    );
    variants.add(stored('a', 10, 9000), never);
    assert.deepEqual(
      [usual, used].map((each) => variants.has(each)),
      [true, false],
    );
  });

  it('removes what nobody has asked for, a key, or all that begin alike', () => {
    const { index: some, removed } = index();
    for (const [number, key] of ['/a', '/b/1', '/b/2', '/c'].entries())
      some.add(stored(key, 10, number * 5000), never);
    some.deleteInactive(12_000);
    assert.deepEqual(removed, ['/a']);
    assert.equal(some.deletePrefix('/b/'), 2);
    assert.equal(some.deleteKey('/c'), 1);
    assert.equal(some.deleteKey('/c'), 0);
    assert.deepEqual([some.size, some.bytes], [0, 0]);
  });

  it('counts its bytes right whatever happens', () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const random = new Random(seed);
      const { index: any } = index({ maxBytes: 30_000, maxEntries: 12 });
      const live: StoredResponse[] = [];
      for (let step = 0; step < 300; step += 1) {
        const key = `k${random.below(8)}`;
        const which = random.below(5);
        if (which < 2) {
          const added = stored(key, random.below(4000), step);
          live.push(added);
          any.add(added, () => random.chance(0.3));
        } else if (which === 2) any.deleteKey(key);
        else if (which === 3) any.deleteInactive(step * 100);
        else any.touch(random.of(live.length > 0 ? live : [stored('x')]), step * 100);
        const there = live.filter((each) => any.has(each));
        assert.equal(
          any.bytes,
          there.reduce((sum, { bytes }) => sum + bytes, 0),
          `seed ${seed}`,
        );
        assert.equal(any.size, there.length);
        assert.ok(any.bytes <= 30_000 && any.size <= 12);
        for (const each of there) assert.ok(any.variants(each.key).includes(each));
      }
    }
  });
});

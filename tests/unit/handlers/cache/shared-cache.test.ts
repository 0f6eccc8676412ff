import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { MemoryStore } from '../../../../src/handlers/cache/memory-store.ts';
import { SharedCache } from '../../../../src/handlers/cache/shared-cache.ts';
import { shortId } from '../../../../src/handlers/cache/short-id.ts';

/** What a cache remembers of requests that it has nothing for, whatever clients ask for. */
const MOST = 10_000;

describe('what a cache remembers of requests', () => {
  let cache: SharedCache;

  beforeEach(() => {
    cache = new SharedCache(
      new MemoryStore({ maxBytes: 1000, maxEntries: 10, maxVariants: 3, inactiveMs: 600_000 }),
    );
  });

  afterEach(() => cache.store.close());

  it('is how often something was asked for, as long as no ten thousand others have been asked for since', () => {
    assert.deepEqual([cache.countUse('mine'), cache.countUse('mine')], [1, 2]);
    for (let number = 1; number < MOST; number += 1) cache.countUse(`other ${number}`);
    assert.equal(cache.countUse('mine'), 3, 'it is one of the ten thousand');
    for (let number = 1; number <= MOST; number += 1) cache.countUse(`another ${number}`);
    assert.equal(cache.countUse('mine'), 1, 'it was the ten thousand and first');
  });

  it('is what could not be stored, for five seconds, and for no more than ten thousand', () => {
    cache.notePassed('mine', 0);
    assert.deepEqual([cache.isPassed('mine', 4999), cache.isPassed('mine', 5000)], [true, false]);
    for (let number = 1; number < MOST; number += 1) cache.notePassed(`other ${number}`, 0);
    assert.equal(cache.isPassed('mine', 0), true);
    cache.notePassed('one more', 0);
    assert.deepEqual([cache.isPassed('mine', 0), cache.isPassed('one more', 0)], [false, true]);
  });

  it('is forgotten once it is stored', () => {
    cache.notePassed('mine', 0);
    cache.countUse('mine');
    cache.noteStored('mine');
    assert.deepEqual([cache.isPassed('mine', 0), cache.countUse('mine')], [false, 1]);
  });
});

describe('the name under which a request is remembered', () => {
  it('is what tells it apart up to 256 characters, and a digest of it beyond', () => {
    const [short, long] = ['a'.repeat(256), 'a'.repeat(257)];
    assert.equal(shortId(short), short);
    assert.match(shortId(long), /^[\w+/]{43}=$/);
    assert.equal(shortId(long), shortId('a'.repeat(257)));
    assert.notEqual(shortId(long), shortId(`${short}b`));
    assert.equal(shortId('x'.repeat(1_000_000)).length, 44);
  });
});

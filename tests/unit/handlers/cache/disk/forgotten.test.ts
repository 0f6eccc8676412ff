import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DiskStore } from '../../../../../src/handlers/cache/disk/disk-store.ts';
import { Forgotten } from '../../../../../src/handlers/cache/disk/forgotten.ts';
import type { StoredFacts } from '../../../../../src/protocol/caching/stored-facts.ts';
import { makeTemporaryFolder, removeFolder } from '../../../../support/temporary-folder.ts';
import { waitFor } from '../../../../support/wait-for.ts';

const LIMITS = { maxBytes: 1 << 20, maxEntries: 100, maxVariants: 3, inactiveMs: 600_000 };
const FACTS = { status: 200, receivedMs: 1, lifetime: 60, vary: [], varyValues: [], unspoken: '', route: '' };
const DESCRIBED = { facts: FACTS as unknown as StoredFacts, head: '200 OK\r\nDate: now\r\n', flags: 4 };

describe('a cache in files that still looks through its folder', () => {
  it('does not find what is purged or changed meanwhile', async () => {
    const folder = makeTemporaryFolder();
    const log = { error: () => {}, info: () => {} };
    const stores: DiskStore[] = [];
    const open = () => {
      const store = new DiskStore(folder, LIMITS, log);
      stores.push(store);
      return store;
    };
    const keys = ['/a', '/b/1', '/b/2', '/c'];
    const before = open();
    for (const key of keys) {
      const writer = before.begin(key, 1000) ?? assert.fail('nothing is kept');
      await new Promise((resolve) => writer.finish(DESCRIBED, resolve));
    }
    before.close();
    const store = open();
    store.deleteKey('/a');
    store.deletePrefix('/b');
    await waitFor(() => !store.isLoading, { what: 'the index' });
    assert.deepEqual(
      keys.map((key) => store.variants(key).length),
      [0, 0, 0, 1],
    );
    store.close();
    const again = open();
    await waitFor(() => !again.isLoading, { what: 'the index' });
    assert.equal(again.size, 1);
    for (const each of stores) each.close();
    removeFolder(folder);
  });

  it('remembers ten thousand keys that are gone, and takes more for all of them', () => {
    const forgotten = new Forgotten();
    for (let number = 1; number <= 10_000; number += 1) forgotten.addKey(`${number}`);
    forgotten.addKey('1');
    assert.deepEqual([forgotten.has('10000'), forgotten.has('other')], [true, false]);
    forgotten.addKey('10001');
    assert.equal(forgotten.has('other'), true);
  });
});

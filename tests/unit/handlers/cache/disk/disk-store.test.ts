import assert from 'node:assert/strict';
import fs, { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { EntryWriter } from '../../../../../src/handlers/cache/cache-store.ts';
import { DiskStore } from '../../../../../src/handlers/cache/disk/disk-store.ts';
import type { StoredResponse } from '../../../../../src/handlers/cache/stored-response.ts';
import type { StoredFacts } from '../../../../../src/protocol/caching/stored-facts.ts';
import { Random } from '../../../../support/random.ts';
import { replaceInFs } from '../../../../support/replaced-fs.ts';
import { makeTemporaryFolder, removeFolder } from '../../../../support/temporary-folder.ts';
import { waitFor } from '../../../../support/wait-for.ts';

const LIMITS = { maxBytes: 1 << 20, maxEntries: 10, maxVariants: 3, inactiveMs: 600_000 };
const FACTS = {
  status: 200,
  receivedMs: 1,
  lifetime: 60,
  vary: [],
  varyValues: [],
  unspoken: '',
  route: '',
} as unknown as StoredFacts;
const DESCRIBED = { facts: FACTS, head: '200 OK\r\nDate: now\r\n', flags: 4 };

describe('the files of a cache', () => {
  let folder: string;
  let stores: DiskStore[];
  const problems: string[] = [];
  const LOG = { error: (line: string) => problems.push(line), info: () => {} };

  beforeEach(() => {
    folder = makeTemporaryFolder();
    stores = [];
    problems.length = 0;
  });

  afterEach(async () => {
    for (const store of stores) {
      store.close();
      await waitFor(() => store.writing === 0, { what: 'the end of what is written' });
    }
    removeFolder(folder);
  });

  async function open(limits = LIMITS): Promise<DiskStore> {
    const store = new DiskStore(folder, limits, LOG);
    stores.push(store);
    await waitFor(() => !store.isLoading, { what: 'the index' });
    return store;
  }

  const begin = (store: DiskStore, key: string, maxBytes: number): EntryWriter =>
    store.begin(key, maxBytes) ?? assert.fail('nothing is kept');

  const write = (writer: EntryWriter) =>
    new Promise<StoredResponse | null>((resolve) => writer.finish(DESCRIBED, resolve));

  const files = (): readonly string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());

  it('hold what was written, for the next one as well', async () => {
    const store = await open();
    const writer = begin(store, 'http://a/', 1 << 20);
    for (let piece = 0; piece < 100; piece += 1)
      assert.ok(writer.write(Buffer.alloc(5000, String(piece % 10))));
    const stored = await write(writer);
    assert.ok(stored?.body.kind === 'file');
    assert.equal(stored.bodyBytes, 500_000);
    assert.match(stored.head, /Content-Length: 500000\r\n/);
    assert.equal(
      readFileSync(stored.body.path).subarray(0, 500_000).toString('latin1').slice(-5000),
      '9'.repeat(5000),
    );
    store.renew(stored, { ...DESCRIBED, head: `${stored.head}X-New: 1\r\n` });
    await waitFor(() => statSync((stored.body as { path: string }).path).size === stored.bytes, {
      what: 'its new end',
    });
    const again = await open();
    const [found] = again.variants('http://a/');
    assert.match(found?.head ?? '', /X-New: 1/);
    assert.deepEqual(problems, []);
  });

  it('are written anew no more often than the disk can, and say what was last said', async (t) => {
    const store = await open();
    const writer = begin(store, 'a', 1000);
    writer.write(Buffer.alloc(100));
    const stored = (await write(writer)) ?? assert.fail();
    const { ftruncate } = fs;
    const hanging: (() => void)[] = [];
    let count = 0;
    const restore = replaceInFs(t, 'ftruncate', (...args: unknown[]) => {
      count += 1;
      hanging.push(() => (ftruncate as (...args: unknown[]) => void)(...args));
    });
    for (let number = 0; number < 100; number += 1) {
      store.renew(stored, { ...DESCRIBED, head: `200 OK\r\nX-Number: ${number}\r\n` });
    }
    await waitFor(() => {
      for (const goOn of hanging.splice(0)) goOn();
      return store.writing === 0;
    });
    restore();
    assert.equal(count, 2);
    assert.match((await open()).variants('a')[0]?.head ?? '', /X-Number: 99\r/);
  });

  it('are no more than may be, one by one and together', async () => {
    const store = await open();
    const small = begin(store, 'a', 1000);
    assert.ok(small.write(Buffer.alloc(1000)));
    assert.ok(!small.write(Buffer.alloc(1)));
    small.discard();
    const large = [begin(store, 'b', 1 << 20), begin(store, 'c', 1 << 20)];
    assert.ok(large[0]?.write(Buffer.alloc(1 << 19)));
    assert.ok(large[1]?.write(Buffer.alloc(1 << 19)));
    assert.ok(!large[1]?.write(Buffer.alloc(1)), 'what is on its way counts');
    for (const writer of large) writer.discard();
    await waitFor(() => store.writing === 0, { what: 'the end of what was begun' });
    assert.deepEqual(files(), []);
    assert.equal(store.pendingBytes, 0);
  });

  it('tell whoever writes faster than the disk to wait', async () => {
    const store = await open({ ...LIMITS, maxBytes: 1 << 24 });
    const writer = begin(store, 'a', 1 << 24);
    const drained = new Promise<void>((resolve) => {
      writer.drained = () => {
        if (!writer.isFull) resolve();
      };
    });
    for (let piece = 0; piece < 80; piece += 1) writer.write(Buffer.alloc(65_536));
    assert.ok(writer.isFull);
    await drained;
    assert.equal((await write(writer))?.bodyBytes, 80 * 65_536);
  });

  it('are those that the index knows, whatever is begun, ended, given up and removed', async () => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const random = new Random(seed);
      const store = await open();
      let writers: EntryWriter[] = [];
      for (let step = 0; step < 60; step += 1) {
        const key = `key ${random.below(6)}`;
        const what = random.weighted({ begin: 3, write: 4, finish: 3, discard: 1, delete: 1, pause: 2 });
        const writer = writers.length > 0 ? random.of(writers) : undefined;
        if (what === 'begin') writers.push(begin(store, key, 200_000));
        else if (what === 'write') writer?.write(Buffer.alloc(random.below(100_000), 'x'));
        else if (what === 'delete') store.deleteKey(key);
        else if (what === 'pause') await new Promise((resolve) => setImmediate(resolve));
        else if (writer !== undefined) {
          writers = writers.filter((other) => other !== writer);
          if (what === 'finish') writer.finish(DESCRIBED, () => {});
          else writer.discard();
        }
      }
      for (const writer of writers) writer.discard();
      await waitFor(() => store.writing === 0, { what: 'the end of what was begun' });
      const known = () =>
        Array.from({ length: 6 }, (_, number) => store.variants(`key ${number}`))
          .flat()
          .map(({ body }) => (body.kind === 'file' ? body.path : ''));
      await waitFor(() => files().length === known().length, {
        what: `the end of what was removed, seed ${seed}`,
      });
      assert.deepEqual([...files()].sort(), [...known()].sort());
      assert.equal(store.pendingBytes, 0);
      store.close();
    }
    assert.deepEqual(problems, []);
  });

  it('of others are left alone, and where they are in the way nothing is kept', async () => {
    writeFileSync(join(folder, 'mine'), 'mine');
    const store = new DiskStore(join(folder, 'mine'), LIMITS, LOG);
    stores.push(store);
    assert.match(problems.join(), /Nothing new is kept in .*mine, .*: (ENOTDIR|EEXIST)/);
    assert.equal(store.begin('a', 1000), null);
    assert.equal(readFileSync(join(folder, 'mine'), 'utf8'), 'mine');
  });
});

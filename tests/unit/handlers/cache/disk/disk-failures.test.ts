import assert from 'node:assert/strict';
import fs, { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, type TestContext } from 'node:test';
import type { EntryWriter } from '../../../../../src/handlers/cache/cache-store.ts';
import { DiskStore } from '../../../../../src/handlers/cache/disk/disk-store.ts';
import { serve } from '../../../../../src/handlers/cache/serve.ts';
import type { StoredResponse } from '../../../../../src/handlers/cache/stored-response.ts';
import type { StoredFacts } from '../../../../../src/protocol/caching/stored-facts.ts';
import { replaceInFs } from '../../../../support/replaced-fs.ts';
import { makeTemporaryFolder, removeFolder } from '../../../../support/temporary-folder.ts';
import { waitFor } from '../../../../support/wait-for.ts';
import { FakeExchange, get } from '../../fake-exchange.ts';

const LIMITS = { maxBytes: 1 << 26, maxEntries: 100, maxVariants: 3, inactiveMs: 600_000 };
const FACTS = { status: 200, receivedMs: 1, lifetime: 60, vary: [], varyValues: [], unspoken: '', route: '' };
const DESCRIBED = {
  facts: FACTS as unknown as StoredFacts,
  head: '200 OK\r\nDate: now\r\n',
  flags: 4,
};

type Callback = (error: NodeJS.ErrnoException) => void;

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: it fails`), { code });
}

/** Of one of node:fs's, which then fails for the caches' files. */
function fail(t: TestContext, name: 'fdatasync' | 'mkdir' | 'open' | 'rename' | 'writev', code: string) {
  return replaceInFs(t, name, (...args: unknown[]) => {
    setImmediate(() => (args.at(-1) as Callback)(failure(code)));
  });
}

describe('a cache in files whose disk fails', () => {
  let top: string;
  let folder: string;
  let stores: DiskStore[];
  let errors: string[];
  let news: string[];
  let aheadMs: number;

  beforeEach((context) => {
    top = makeTemporaryFolder();
    folder = join(top, 'kept');
    [stores, errors, news, aheadMs] = [[], [], [], 0];
    const now = performance.now.bind(performance);
    (context as TestContext).mock.method(performance, 'now', () => now() + aheadMs);
  });

  afterEach(async () => {
    for (const store of stores) {
      store.close();
      await waitFor(() => store.writing === 0, { what: 'the end of what is written' });
    }
    removeFolder(top);
  });

  async function open(): Promise<DiskStore> {
    const store = new DiskStore(folder, LIMITS, {
      error: (line) => errors.push(line),
      info: (line) => news.push(line),
    });
    stores.push(store);
    await waitFor(() => !store.isLoading, { what: 'the index' });
    return store;
  }

  const begin = (store: DiskStore, key: string): EntryWriter =>
    store.begin(key, 1 << 24) ?? assert.fail('nothing is kept');

  async function keep(store: DiskStore, key: string, bytes = 1000): Promise<StoredResponse | null> {
    const writer = begin(store, key);
    writer.write(Buffer.alloc(bytes));
    return new Promise((resolve) => writer.finish(DESCRIBED, resolve));
  }

  const files = (): readonly string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());

  for (const [name, code] of [
    ['open', 'EMFILE'],
    ['open', 'EROFS'],
    ['writev', 'ENOSPC'],
    ['writev', 'EIO'],
    ['fdatasync', 'EIO'],
    ['mkdir', 'ENOSPC'],
    ['rename', 'EDQUOT'],
  ] as const) {
    it(`keeps nothing after ${code} of ${name}, says so once, and keeps responses again when that is over`, async (t) => {
      const store = await open();
      assert.ok(await keep(store, 'before'));
      const kept = files();
      const restore = fail(t, name, code);
      const begun = Array.from({ length: 5 }, (_, number) => begin(store, `during ${number}`));
      for (const writer of begun) writer.write(Buffer.alloc(1000));
      const ends = begun.map((writer) => new Promise((resolve) => writer.finish(DESCRIBED, resolve)));
      assert.deepEqual(await Promise.all(ends), [null, null, null, null, null]);
      assert.equal(store.begin('during', 1000), null, 'it is not tried with each request');
      await waitFor(() => store.writing === 0, { what: 'the removal of what was half written' });
      assert.deepEqual([files(), store.pendingBytes, store.size], [kept, 0, 1]);
      assert.equal(errors.length, 1);
      assert.match(
        errors[0] as string,
        new RegExp(`^Nothing new is kept in ${folder}, .*: ${code}: it fails$`),
      );
      restore();
      aheadMs += 1000;
      assert.ok(await keep(store, 'after'));
      assert.ok(await keep(store, 'after that'));
      assert.deepEqual(news, [`Responses are kept in ${folder} again`]);
      assert.equal(errors.length, 1);
    });
  }

  it('goes on with others after one that is larger than a file may be, and says so once', async (t) => {
    const store = await open();
    const restore = fail(t, 'writev', 'EFBIG');
    assert.equal(await keep(store, 'large'), null);
    assert.equal(await keep(store, 'large'), null);
    restore();
    assert.ok(await keep(store, 'small'));
    assert.deepEqual(errors, [`Responses are too large to be kept in ${folder}: EFBIG: it fails`]);
    await waitFor(() => files().length === 1, { what: 'the removal of what was half written' });
  });

  it('lets those go on who wait for it', async (t) => {
    const store = await open();
    const written = new Promise<Callback>((resolve) => {
      replaceInFs(t, 'writev', (...args: unknown[]) => resolve(args.at(-1) as Callback));
    });
    const writer = begin(store, 'large');
    const drained = new Promise<void>((resolve) => {
      writer.drained = resolve;
    });
    for (let piece = 0; piece < 40; piece += 1) writer.write(Buffer.alloc(65_536));
    const done = await written;
    assert.ok(writer.isFull);
    done(failure('ENOSPC'));
    await drained;
    assert.equal(writer.isFull, false);
    assert.equal(writer.write(Buffer.alloc(1)), false);
    assert.equal(store.pendingBytes, 0);
  });

  it('gives up an eighth of what it has for room on a full disk, unless that would be too little', async (t) => {
    const store = await open();
    for (let number = 10; number < 26; number += 1) assert.ok(await keep(store, `${number}`, 10_000));
    const restore = fail(t, 'writev', 'ENOSPC');
    assert.equal(await keep(store, 'huge', 1_000_000), null);
    assert.equal(store.size, 16);
    aheadMs += 1000;
    assert.equal(await keep(store, 'small'), null);
    assert.equal(store.size, 14);
    assert.deepEqual([store.variants('11').length, store.variants('12').length], [0, 1], 'the oldest first');
    aheadMs += 2000;
    restore();
    assert.ok(await keep(store, 'small'));
    await waitFor(() => files().length === 15, { what: 'the removal of two files' });
  });

  it('makes its folder anew where somebody has removed it', async () => {
    const store = await open();
    assert.ok(await keep(store, 'before'));
    rmSync(folder, { recursive: true });
    const after = await keep(store, 'after');
    assert.ok(after?.body.kind === 'file' && existsSync(after.body.path));
    assert.deepEqual([errors, news], [[], []]);
  });

  it('finds what is there once its folder can be reached', async () => {
    const before = await open();
    assert.ok(await keep(before, 'before'));
    before.close();
    fs.renameSync(folder, `${folder}-elsewhere`);
    writeFileSync(folder, 'in the way');
    const store = await open();
    assert.equal(store.begin('a', 1000), null);
    assert.match(errors.join(), /Nothing new is kept in .*: (EEXIST|ENOTDIR)/);
    assert.equal(readFileSync(folder, 'utf8'), 'in the way');
    rmSync(folder);
    fs.renameSync(`${folder}-elsewhere`, folder);
    aheadMs += 1000;
    const after = await keep(store, 'after');
    await waitFor(() => !store.isLoading && store.size === 2, { what: 'the index' });
    assert.equal(store.variants('before').length, 1);
    assert.ok(after?.body.kind === 'file' && existsSync(after.body.path));
    assert.equal(news.length, 1);
  });

  it('leaves alone what it cannot read at its start, and finds it at the next', async (t) => {
    const before = await open();
    assert.ok(await keep(before, 'before'));
    before.close();
    const restore = fail(t, 'open', 'EMFILE');
    assert.equal((await open()).size, 0);
    restore();
    assert.equal((await open()).size, 1);
  });

  it('does not lose what is kept while it is still looking at its folder', async () => {
    const store = new DiskStore(folder, LIMITS, { error: () => {}, info: () => {} });
    stores.push(store);
    const kept: (StoredResponse | null)[] = [];
    for (let number = 0; number < 50; number += 1) kept.push(await keep(store, `${number}`));
    await waitFor(() => !store.isLoading, { what: 'the index' });
    await waitFor(() => store.writing === 0);
    assert.equal(store.size, 50);
    assert.equal(files().length, 50);
  });

  it('takes so much into memory while the disk hangs, and no more', async (t) => {
    const store = await open();
    const hanging: (() => void)[] = [];
    const { writev } = fs;
    const restore = replaceInFs(t, 'writev', (...args: unknown[]) => {
      hanging.push(() => (writev as (...args: unknown[]) => void)(...args));
    });
    const large = Array.from({ length: 8 }, (_, number) => begin(store, `large ${number}`));
    const piece = Buffer.alloc(1 << 20);
    for (const writer of large) for (let count = 0; count < 4; count += 1) assert.ok(writer.write(piece));
    const small = begin(store, 'small');
    assert.equal(small.write(Buffer.alloc(1)), false, 'beyond 32 MB');
    small.discard();
    assert.ok(large[0]?.isFull);
    const ends = large.map((writer) => new Promise((resolve) => writer.finish(DESCRIBED, resolve)));
    await waitFor(() => hanging.length >= 6, { what: 'the disk to be asked' });
    restore();
    for (const goOn of hanging) goOn();
    assert.equal((await Promise.all(ends)).includes(null), false);
    assert.ok(await keep(store, 'small'));
    assert.equal(store.pendingBytes, 0);
  });

  it('begins so many responses while the disk hangs, and no more', async (t) => {
    const store = await open();
    const hanging: (() => void)[] = [];
    const open_ = fs.open;
    const restore = replaceInFs(t, 'open', (...args: unknown[]) => {
      hanging.push(() => (open_ as (...args: unknown[]) => void)(...args));
    });
    const begun = Array.from({ length: 1000 }, (_, number) => begin(store, `${number}`));
    assert.equal(store.begin('one more', 1000), null);
    for (const writer of begun) writer.discard();
    restore();
    for (const goOn of hanging) goOn();
    await waitFor(() => store.writing === 0, { what: 'the end of what was begun' });
    assert.ok(await keep(store, 'one more'));
  });

  it('is not asked for what it has while too many files are open, which stays', async (t) => {
    const store = await open();
    const stored = (await keep(store, 'a', 100_000)) ?? assert.fail('it was not kept');
    const restore = fail(t, 'open', 'EMFILE');
    const become = () =>
      new Promise<string>((resolve) => {
        const exchange = new FakeExchange(get('/a'));
        const hooks = {
          lost: () => resolve('lost'),
          cut: () => resolve('cut'),
          outOfReach: () => resolve('out of reach'),
          read: () => {},
        };
        exchange.respondFile = (_head, _flags, { length }) => resolve(`${length} bytes`);
        serve(exchange, stored, '', false, hooks);
      });
    assert.equal(await become(), 'out of reach');
    restore();
    assert.equal(await become(), '100000 bytes');
    if (stored.body.kind === 'file') rmSync(stored.body.path);
    assert.equal(await become(), 'lost');
  });
});

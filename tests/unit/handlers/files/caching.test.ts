import assert from 'node:assert/strict';
import { readdirSync, readlinkSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FileCache, type FoundFile } from '../../../../src/handlers/files/file-cache.ts';
import type { OpenFile } from '../../../../src/handlers/files/open-file.ts';
import type { Representation } from '../../../../src/handlers/files/representation.ts';
import { fieldValue } from '../../../support/response-reader.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { FileSite, MODIFIED } from './file-site.ts';

/** Descriptors of this process that lead below the folder. */
function descriptorsIn(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(`${folder}/`) ? [path] : [];
    } catch {
      return [];
    }
  });
}

describe('what is known of a file', () => {
  let site: FileSite;
  beforeEach(async () => {
    site = await FileSite.start();
  });
  afterEach(() => site.stop());

  it('is looked up again when it may have changed', async () => {
    const path = site.write('a.txt', 'one');
    const body = async () => (await site.get('/static/a.txt')).body.toString();
    assert.equal(await body(), 'one');
    writeFileSync(path, 'longer');
    assert.equal(await body(), 'longer');
    // Of the same length, and with the old time.
    const { mtime } = statSync(path);
    writeFileSync(path, 'rewrit');
    utimesSync(path, mtime, mtime);
    assert.equal(await body(), 'rewrit');
    site.write('b.txt', 'other file', MODIFIED);
    renameSync(join(site.root, 'b.txt'), path);
    assert.equal(await body(), 'other file');
    rmSync(path);
    assert.equal((await site.get('/static/a.txt')).status, 404);
  });

  it('is believed while it is fresh', async () => {
    const fresh = await FileSite.start({ freshMs: 3_600_000 });
    const path = fresh.write('a.txt', 'one');
    assert.equal((await fresh.get('/static/a.txt')).body.toString(), 'one');
    writeFileSync(path, 'two');
    const response = await fresh.get('/static/a.txt');
    assert.equal(response.body.toString(), 'one');
    assert.equal(fieldValue(response, 'Content-Length'), '3');
    await fresh.stop();
  });

  it('includes the content of a larger one from the second time on, and then needs no descriptor', async () => {
    const fresh = await FileSite.start({ freshMs: 3_600_000 });
    const content = Buffer.alloc(500_000, 'x');
    fresh.write('a.bin', content);
    assert.ok((await fresh.get('/static/a.bin')).body.equals(content));
    assert.equal(descriptorsIn(fresh.root).length, 1);
    for (let round = 0; round < 3; round += 1)
      assert.ok((await fresh.get('/static/a.bin')).body.equals(content));
    await waitFor(() => descriptorsIn(fresh.root).length === 0);
    assert.ok(fresh.cache.bytes > content.length);
    assert.ok((await fresh.get('/static/a.bin')).body.equals(content));
    await fresh.stop();
  });

  it('is found out once for all that ask at the same time', async () => {
    site.write('a.txt', 'content');
    const clients = await Promise.all(Array.from({ length: 20 }, () => site.open()));
    for (const client of clients) client.send('GET /static/a.txt HTTP/1.1\r\nHost: a\r\n\r\n');
    for (const client of clients) {
      assert.equal((await client.readResponse()).body.toString(), 'content');
      client.destroy();
    }
  });

  it('leaves no descriptor behind, however clients leave', async () => {
    const content = Buffer.alloc(5_000_000, 'x');
    site.write('a.bin', content);
    site.write('small.txt', 'small');
    await site.get('/static/small.txt');
    await site.get('/static/none');
    assert.ok((await site.get('/static/a.bin')).body.equals(content));
    for (let round = 0; round < 5; round += 1) {
      const client = await site.open();
      client.pause();
      client.send('GET /static/a.bin HTTP/1.1\r\nHost: a\r\n\r\n');
      client.resume();
      await client.peek(1000);
      client.reset();
    }
    site.cache.close();
    await waitFor(() => descriptorsIn(site.root).length === 0);
  });

  it('may be let go while it is sent', async () => {
    const content = Buffer.alloc(5_000_000, 'x');
    const path = site.write('a.bin', content);
    const client = await site.open();
    client.pause();
    client.send('GET /static/a.bin HTTP/1.1\r\nHost: a\r\n\r\n');
    client.resume();
    await client.peek(1000);
    rmSync(path);
    site.cache.close();
    assert.ok((await client.readResponse()).body.equals(content));
    client.destroy();
    await waitFor(() => descriptorsIn(site.root).length === 0);
  });
});

describe('the cache of files', () => {
  class FakeFile {
    readonly fd = -1;
    released = 0;
    retain(): void {}
    release(): void {
      this.released += 1;
    }
  }

  function found(content: Buffer | null, file: FakeFile | null = null): FoundFile {
    const representation = { content, file: file as unknown as OpenFile } as Representation;
    return {
      representations: [representation],
      names: ['a'],
      canBeRenewed: true,
      freshUntilMs: Number.POSITIVE_INFINITY,
      isUsed: false,
    };
  }

  it('holds as many bytes as it may, and lets the oldest go', () => {
    const cache = new FileCache(10_000);
    for (let number = 0; number < 20; number += 1) cache.set(`/${number}`, found(Buffer.alloc(1000)));
    assert.ok(cache.bytes <= 10_000);
    assert.equal(cache.get('/0'), undefined);
    assert.ok(cache.get('/19'));
    cache.close();
  });

  it('gives what is used another turn', () => {
    const cache = new FileCache(10_000);
    const used = found(Buffer.alloc(1000));
    cache.set('/used', used);
    for (let number = 0; number < 20; number += 1) {
      used.isUsed = true;
      cache.set(`/${number}`, found(Buffer.alloc(1000)));
    }
    assert.equal(cache.get('/used'), used);
    cache.close();
  });

  it('closes descriptors of what it lets go, once', () => {
    const cache = new FileCache(1 << 20);
    const files = Array.from({ length: 10 }, () => new FakeFile());
    for (const [number, file] of files.entries()) cache.set(`/${number}`, found(null, file));
    const open = files.filter(({ released }) => released === 0).length;
    assert.ok(open > 0 && open < 10, `${open} are open`);
    cache.set('/9', found(Buffer.alloc(1)));
    assert.equal(files[9]?.released, 1);
    cache.close();
    assert.deepEqual(new Set(files.map(({ released }) => released)), new Set([1]));
    const late = new FakeFile();
    cache.set('/late', found(null, late));
    assert.equal(late.released, 1);
  });
});

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fieldValue } from '../../../support/response-reader.ts';
import { FileSite, MODIFIED } from './file-site.ts';

const LATER = new Date(MODIFIED.getTime() + 1000);
const EARLIER = new Date(MODIFIED.getTime() - 1000);

describe('a precompressed sibling', () => {
  let site: FileSite;
  before(async () => {
    site = await FileSite.start();
    site.write('all.css', 'original content');
    site.write('all.css.br', 'brotli', LATER);
    site.write('all.css.zst', 'zstandard', LATER);
    site.write('all.css.gz', 'gzipped');
    site.write('only.js', 'original content');
    site.write('only.js.gz', 'gzipped', LATER);
    site.write('stale.js', 'original content');
    site.write('stale.js.gz', 'gzipped', EARLIER);
    site.write('longer.js', 'short');
    site.write('longer.js.gz', 'longer than it', LATER);
    site.write('alone.css.gz', 'gzipped');
    site.write('folder/index.html', 'original content');
    site.write('folder/index.html.br', 'brotli', LATER);
    site.write('large.js', 'x'.repeat(200_000));
    site.write('large.js.gz', 'y'.repeat(100_000), LATER);
  });
  after(() => site.stop());

  for (const [accepted, coding, body] of [
    ['br', 'br', 'brotli'],
    ['gzip, deflate, br, zstd', 'br', 'brotli'],
    ['gzip, zstd', 'zstd', 'zstandard'],
    ['gzip', 'gzip', 'gzipped'],
    ['x-gzip', 'gzip', 'gzipped'],
    ['br;q=0.1, gzip', 'gzip', 'gzipped'],
    ['*', 'br', 'brotli'],
    ['br;q=0, *', 'zstd', 'zstandard'],
    ['identity;q=0, gzip;q=0.1', 'gzip', 'gzipped'],
    ['identity', undefined, 'original content'],
    ['gzip;q=0.5, identity;q=0.9', undefined, 'original content'],
    ['deflate', undefined, 'original content'],
    ['br;q=0, zstd;q=0, gzip;q=0', undefined, 'original content'],
    // Nothing that is there is acceptable: better the original than nothing.
    ['*;q=0', undefined, 'original content'],
  ] as const) {
    it(`${coding ?? 'none'} is for Accept-Encoding: ${accepted}`, async () => {
      const response = await site.get('/static/all.css', `Accept-Encoding: ${accepted}`);
      assert.equal(response.body.toString(), body);
      assert.equal(fieldValue(response, 'Content-Encoding'), coding);
      assert.equal(fieldValue(response, 'Content-Type'), 'text/css; charset=utf-8');
      assert.equal(fieldValue(response, 'Vary'), 'Accept-Encoding');
    });
  }

  it('is chosen by all lines of Accept-Encoding', async () => {
    const response = await site.get('/static/all.css', 'Accept-Encoding: identity', 'Accept-Encoding: gzip');
    assert.equal(response.body.toString(), 'gzipped');
  });

  it('is not for a client that does not say what it takes', async () => {
    const response = await site.get('/static/all.css');
    assert.equal(response.body.toString(), 'original content');
    assert.equal(fieldValue(response, 'Vary'), 'Accept-Encoding');
  });

  it('has a tag of its own, for which alone it is not modified', async () => {
    const tags = new Map<string, string>();
    for (const coding of ['identity', 'br', 'zstd', 'gzip']) {
      const response = await site.get('/static/all.css', `Accept-Encoding: ${coding}`);
      tags.set(coding, fieldValue(response, 'ETag') ?? '');
    }
    assert.equal(new Set(tags.values()).size, 4);
    for (const [coding, tag] of tags) {
      const same = await site.get('/static/all.css', `Accept-Encoding: ${coding}`, `If-None-Match: ${tag}`);
      assert.equal(same.status, 304);
      assert.equal(fieldValue(same, 'Vary'), 'Accept-Encoding');
    }
    const other = await site.get(
      '/static/all.css',
      'Accept-Encoding: br',
      `If-None-Match: ${tags.get('gzip')}`,
    );
    assert.equal(other.status, 200);
  });

  it('is what ranges are of', async () => {
    const response = await site.get('/static/all.css', 'Accept-Encoding: br', 'Range: bytes=1-2');
    assert.equal(response.body.toString(), 'ro');
    assert.equal(fieldValue(response, 'Content-Range'), 'bytes 1-2/6');
    assert.equal(fieldValue(response, 'Content-Encoding'), 'br');
  });

  it('that is older than the original, or longer, is not used', async () => {
    for (const path of ['/static/stale.js', '/static/longer.js']) {
      const response = await site.get(path, 'Accept-Encoding: gzip');
      assert.equal(fieldValue(response, 'Content-Encoding'), undefined, path);
      assert.equal(fieldValue(response, 'Vary'), undefined, path);
    }
  });

  it('without an original is a file under its own name', async () => {
    assert.equal((await site.get('/static/alone.css', 'Accept-Encoding: gzip')).status, 404);
    const response = await site.get('/static/alone.css.gz', 'Accept-Encoding: gzip');
    assert.equal(fieldValue(response, 'Content-Type'), 'application/gzip');
    assert.equal(fieldValue(response, 'Content-Encoding'), undefined);
  });

  it('may be that of an index', async () => {
    const response = await site.get('/static/folder/', 'Accept-Encoding: br');
    assert.equal(response.body.toString(), 'brotli');
    assert.equal(fieldValue(response, 'Content-Type'), 'text/html; charset=utf-8');
  });

  it('of any length is sent', async () => {
    for (let round = 0; round < 4; round += 1) {
      const response = await site.get('/static/large.js', 'Accept-Encoding: gzip');
      assert.equal(response.body.toString(), 'y'.repeat(100_000));
    }
  });

  it('is taken up when it appears, and left when it goes', async () => {
    site.write('comes.js', 'original content');
    const coding = async () =>
      fieldValue(await site.get('/static/comes.js', 'Accept-Encoding: gzip'), 'Content-Encoding');
    assert.equal(await coding(), undefined);
    const path = site.write('comes.js.gz', 'gzipped', LATER);
    assert.equal(await coding(), 'gzip');
    rmSync(path);
    assert.equal(await coding(), undefined);
  });

  it('is not looked for where that is not asked for', async () => {
    const plain = await FileSite.start({ precompressed: [] });
    plain.write('a.js', 'original content');
    plain.write('a.js.gz', 'gzipped', LATER);
    const response = await plain.get('/static/a.js', 'Accept-Encoding: gzip');
    assert.equal(response.body.toString(), 'original content');
    assert.equal(fieldValue(response, 'Vary'), undefined);
    await plain.stop();
  });
});

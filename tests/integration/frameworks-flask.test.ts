import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Browser } from '../support/browser.ts';
import { fixture } from '../support/project.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

describe('Flask', () => {
  const folder = makeTemporaryFolder();
  const content = randomBytes(400_000);
  writeFileSync(join(folder, 'file.bin'), content);
  after(() => removeFolder(folder));

  const kirin = useKirin({
    app: 'site_app:app',
    args: ['--workers', '2'],
    cwd: fixture('frameworks', 'flask_site'),
    env: { FILE: join(folder, 'file.bin') },
  });
  const browse = async (use: (browser: Browser) => Promise<void>) => {
    const browser = new Browser(kirin().url);
    try {
      await use(browser);
    } finally {
      browser.close();
    }
  };

  it('renders a template', () =>
    browse(async (browser) => {
      const page = await browser.get('/');
      assert.equal(page.status, 200);
      assert.match(page.text, /<p>Hello from &lt;Flask&gt;<\/p>/);
    }));

  it('speaks JSON in both directions, and knows its own address', () =>
    browse(async (browser) => {
      const item = JSON.parse((await browser.get('/api/items/7')).text);
      assert.deepEqual(item, { number: 7, url: `${kirin().url}/api/items/7` });
      const created = await browser.send('/api/items', {
        method: 'POST',
        body: JSON.stringify({ name: 'caf\u00e9' }),
        headers: { 'content-type': 'application/json' },
      });
      assert.equal(created.status, 201);
      assert.deepEqual(JSON.parse(created.text), { received: { name: 'caf\u00e9' } });
    }));

  it('keeps a session in a cookie, flashes and redirects', () =>
    browse(async (browser) => {
      assert.equal((await browser.get('/me')).status, 401);
      const answer = await browser.postForm('/login', { user: 'J\u00fcrgen & Co' });
      assert.equal(answer.status, 302);
      assert.equal(answer.headers.location, '/me');
      const me = await browser.get('/me');
      assert.match(me.text, /<p class="flash">You are logged in<\/p>/);
      assert.match(me.text, /J\u00fcrgen &amp; Co/);
      assert.doesNotMatch((await browser.get('/me')).text, /flash/);
      await browser.follow('/logout');
      assert.equal((await browser.get('/me')).status, 401);
    }));

  it('streams with the request at hand', () =>
    browse(async (browser) => {
      const page = await browser.get('/stream?rows=2000');
      assert.equal(page.headers['transfer-encoding'], 'chunked');
      assert.equal(page.text, Array.from({ length: 2000 }, (_, number) => `row ${number}\n`).join(''));
    }));

  it('takes a file of several megabytes', () =>
    browse(async (browser) => {
      const file = randomBytes(3_500_000);
      const page = await browser.postFile(
        '/upload',
        { field: 'file', name: 'data.bin', content: file },
        { note: 'with a note' },
      );
      assert.deepEqual(JSON.parse(page.text), {
        name: 'data.bin',
        sha256: createHash('sha256').update(file).digest('hex'),
        note: 'with a note',
      });
    }));

  it('sends a file, a part of it, and nothing when the client has it', () =>
    browse(async (browser) => {
      const whole = await browser.get('/file');
      assert.ok(whole.body.equals(content));
      const part = await browser.get('/file', { range: 'bytes=1000-1999' });
      assert.equal(part.status, 206);
      assert.equal(part.headers['content-range'], 'bytes 1000-1999/400000');
      assert.ok(part.body.equals(content.subarray(1000, 2000)));
      const unchanged = await browser.get('/file', { 'if-none-match': whole.headers.etag ?? '' });
      assert.equal(unchanged.status, 304);
      assert.equal(unchanged.body.length, 0);
      const attachment = await browser.get('/attachment');
      assert.match(attachment.headers['content-disposition'] ?? '', /report final\.bin/);
      assert.ok(attachment.body.equals(content));
      const head = await browser.send('/file', { method: 'HEAD' });
      assert.equal(head.headers['content-length'], '400000');
    }));

  it('shows its own error pages, and its tracebacks only in the log', () =>
    browse(async (browser) => {
      const missing = await browser.get('/nowhere?x=1');
      assert.equal(missing.status, 404);
      assert.match(missing.text, /no \/nowhere/);
      const broken = await browser.get('/broken');
      assert.equal(broken.status, 500);
      assert.doesNotMatch(broken.text, /Traceback|broken on purpose/);
      await kirin().waitForLog(/ValueError: broken on purpose/);
    }));

  it('answers OPTIONS, HEAD and a wrong method by itself', () =>
    browse(async (browser) => {
      const options = await browser.send('/login', { method: 'OPTIONS' });
      assert.match(options.headers.allow ?? '', /POST/);
      assert.equal((await browser.send('/', { method: 'HEAD' })).body.length, 0);
      assert.equal((await browser.send('/', { method: 'DELETE' })).status, 405);
    }));

  it('serves many at once', () =>
    browse(async (browser) => {
      const pages = await Promise.all(
        Array.from({ length: 200 }, (_, number) => browser.get(`/api/items/${number}`)),
      );
      for (const [number, page] of pages.entries()) assert.equal(JSON.parse(page.text).number, number);
    }));
});

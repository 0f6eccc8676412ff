import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Browser } from '../support/browser.ts';
import type { KirinOptions } from '../support/kirin.ts';
import { fixture } from '../support/project.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

const folder = makeTemporaryFolder();
const content = randomBytes(300_000);
writeFileSync(join(folder, 'file.bin'), content);
after(() => removeFolder(folder));

const options = (app: string): KirinOptions => ({
  app,
  args: ['--workers', '2'],
  cwd: fixture('frameworks', 'small'),
  env: { FILE: join(folder, 'file.bin') },
});

/** A browser for each test of the enclosing `describe`. */
function useBrowser(app: string): (use: (browser: Browser) => Promise<void>) => () => Promise<void> {
  const kirin = useKirin(options(app));
  return (use) => async () => {
    const browser = new Browser(kirin().url);
    try {
      await use(browser);
    } finally {
      browser.close();
    }
  };
}

describe('Bottle', () => {
  const browse = useBrowser('bottle_site:app');

  it(
    'renders a template',
    browse(async (browser) => {
      assert.equal((await browser.get('/hello/W%C3%B6rld')).text, '<b>Hello W\u00f6rld</b>!');
    }),
  );

  it(
    'reads a form',
    browse(async (browser) => {
      const page = await browser.postForm('/form', { name: 'J\u00fcrgen', count: '3' });
      assert.deepEqual(JSON.parse(page.text), { name: 'J\u00fcrgen', count: '3' });
    }),
  );

  it(
    'takes a file',
    browse(async (browser) => {
      const file = randomBytes(2_000_000);
      const page = await browser.postFile('/upload', { field: 'file', name: 'a.bin', content: file });
      const sha256 = createHash('sha256').update(file).digest('hex');
      assert.deepEqual(JSON.parse(page.text), { name: 'a.bin', sha256 });
    }),
  );

  it(
    'keeps a signed cookie',
    browse(async (browser) => {
      for (const seen of [1, 2, 3])
        assert.deepEqual(JSON.parse((await browser.get('/count')).text), { seen });
    }),
  );

  it(
    'sends a file and a part of it',
    browse(async (browser) => {
      assert.ok((await browser.get('/file')).body.equals(content));
      const part = await browser.get('/file', { range: 'bytes=-100' });
      assert.equal(part.status, 206);
      assert.ok(part.body.equals(content.subarray(-100)));
    }),
  );

  it(
    'streams, and shows its own error pages',
    browse(async (browser) => {
      assert.equal((await browser.get('/stream')).text, 'row 0\nrow 1\nrow 2\nrow 3\nrow 4\n');
      assert.equal((await browser.get('/nowhere')).status, 404);
      assert.equal((await browser.get('/broken')).status, 500);
    }),
  );
});

describe('Falcon', () => {
  const browse = useBrowser('falcon_site:create()');

  it(
    'speaks JSON in both directions',
    browse(async (browser) => {
      const item = JSON.parse((await browser.get('/items/7', { accept: 'application/json' })).text);
      assert.equal(item.number, 7);
      assert.equal(item.accept, 'application/json');
      const put = await browser.send('/items/8', {
        method: 'PUT',
        body: '{"a": [1, 2]}',
        headers: { 'content-type': 'application/json' },
      });
      assert.equal(put.status, 201);
      assert.deepEqual(JSON.parse(put.text), { number: 8, received: { a: [1, 2] } });
    }),
  );

  it(
    'reads a large body to its end',
    browse(async (browser) => {
      const body = randomBytes(2_500_000);
      const sha256 = createHash('sha256').update(body).digest('hex');
      const page = await browser.send('/body', { method: 'POST', body });
      assert.deepEqual(JSON.parse(page.text), { length: body.length, sha256 });
    }),
  );

  it(
    'sends a stream of known length',
    browse(async (browser) => {
      const page = await browser.get('/file');
      assert.equal(page.headers['content-length'], String(content.length));
      assert.ok(page.body.equals(content));
    }),
  );

  it(
    'shows its own error pages',
    browse(async (browser) => {
      assert.equal((await browser.get('/nowhere')).status, 404);
      assert.equal((await browser.get('/broken')).status, 500);
    }),
  );
});

describe('Pyramid', () => {
  const browse = useBrowser('pyramid_site:create()');

  it(
    'routes and renders',
    browse(async (browser) => {
      assert.equal((await browser.get('/')).text, '<h1>Pyramid</h1>');
      const page = await browser.get('/greet/W%C3%B6rld?q=a%20b');
      assert.deepEqual(JSON.parse(page.text), { hello: 'W\u00f6rld', query: { q: 'a b' } });
    }),
  );

  it(
    'keeps a session over a redirect',
    browse(async (browser) => {
      const page = await browser.follow('/remember?note=milk');
      assert.deepEqual(JSON.parse(page.text), { note: 'milk' });
    }),
  );

  it(
    'sends a file',
    browse(async (browser) => {
      assert.ok((await browser.get('/file')).body.equals(content));
    }),
  );

  it(
    'shows its own error page, and has an uncaught error answered with 500',
    browse(async (browser) => {
      assert.equal((await browser.get('/nowhere')).status, 404);
      assert.equal((await browser.get('/broken')).status, 500);
    }),
  );
});

describe('Werkzeug alone', () => {
  const browse = useBrowser('werkzeug_site:app');

  it(
    'routes, redirects and reads forms',
    browse(async (browser) => {
      assert.equal((await browser.get('/')).text, 'Werkzeug');
      assert.equal((await browser.follow('/away')).text, 'Hello you!');
      const page = await browser.postForm('/form', { a: '1', b: '\u20ac' });
      assert.deepEqual(JSON.parse(page.text), { a: '1', b: '\u20ac' });
      assert.equal((await browser.get('/form')).status, 405);
    }),
  );

  it(
    'mounts another application under a path',
    browse(async (browser) => {
      assert.equal((await browser.get('/inner/page')).text, '/inner | /page');
    }),
  );
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Browser } from '../support/browser.ts';
import { type KirinOptions, withKirin } from '../support/kirin.ts';
import { projectRoot } from '../support/project.ts';

const cwd = join(projectRoot, 'examples');

async function browse(options: KirinOptions, use: (browser: Browser) => Promise<void>): Promise<void> {
  await withKirin({ cwd, ...options }, async (kirin) => {
    const browser = new Browser(kirin.url);
    try {
      await use(browser);
    } finally {
      browser.close();
    }
  });
}

describe('an example', () => {
  it('hello.py greets by name, and escapes what it shows', async () => {
    await browse({ app: 'hello:app' }, async (browser) => {
      assert.match((await browser.get('/')).text, /<h1>Hello, world!<\/h1>/);
      assert.match((await browser.get('/?name=%3Cb%3E')).text, /<h1>Hello, &lt;b&gt;!<\/h1>/);
    });
  });

  it('flask_app.py remembers a name', async () => {
    await browse({ app: 'flask_app:create_app("Visitors")' }, async (browser) => {
      await browser.postForm('/', { name: 'Ada' });
      const page = await browser.get('/');
      assert.match(page.text, /<h1>Visitors<\/h1>/);
      assert.match(page.text, /Welcome back, Ada/);
    });
  });

  it('django_app.py needs only its module to be named', async () => {
    await browse({ app: 'django_app' }, async (browser) => {
      assert.match((await browser.get('/')).text, /Hello from Django \d/);
      assert.deepEqual(JSON.parse((await browser.get('/add/2/3/')).text), { sum: 5 });
    });
  });

  it('site/kirin.toml does what a server in front does', async () => {
    const site = { cwd: join(cwd, 'site'), bind: ['127.0.0.1:0'], args: ['-w', '1'] };
    await browse(site, async (browser) => {
      const first = await browser.get(`/?name=${'x'.repeat(2000)}`, { 'accept-encoding': 'br' });
      assert.equal(first.status, 200);
      assert.equal(first.headers['content-encoding'], 'br');
      assert.equal(first.headers['x-content-type-options'], 'nosniff');
      assert.match(String(first.headers['x-request-id']), /^[0-9a-f]{32}$/);
      const file = await browser.get('/static/sorry.html');
      assert.equal(file.headers['cache-control'], 'max-age=3600');
      assert.match(file.text, /Back soon/);
      assert.equal((await browser.get('/favicon.ico')).status, 204);
      assert.equal((await browser.get('/old/page')).headers.location, '/');
      const reports = [await browser.get('/report'), await browser.get('/report')];
      assert.deepEqual(
        reports.map(({ text }) => /answer (\d+)/.exec(text)?.[1]),
        ['2', '2'],
      );
      const searches = await Promise.all(Array.from({ length: 40 }, () => browser.get('/search')));
      assert.ok(searches.some(({ status }) => status === 429));
      assert.ok(searches.filter(({ status }) => status === 200).length >= 21);
    });
  });
});

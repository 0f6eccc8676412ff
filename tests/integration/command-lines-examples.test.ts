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
});

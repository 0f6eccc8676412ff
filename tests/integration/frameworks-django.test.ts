import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Browser, hiddenInput } from '../support/browser.ts';
import { ADMIN, djangoEnvironment, djangoFolder, prepareDjango } from '../support/django-project.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

describe('Django', () => {
  const folder = makeTemporaryFolder();
  before(() => {
    chmodSync(folder, 0o700);
    prepareDjango(folder);
  });
  after(() => removeFolder(folder));

  const kirin = useKirin({
    app: 'mysite.wsgi',
    args: ['--workers', '2'],
    cwd: djangoFolder,
    env: djangoEnvironment(folder),
  });
  const browse = async (use: (browser: Browser) => Promise<void>) => {
    const browser = new Browser(kirin().url);
    try {
      await use(browser);
    } finally {
      browser.close();
    }
  };

  async function logIn(browser: Browser): Promise<void> {
    const form = await browser.follow('/admin/');
    assert.match(form.text, /Django administration/);
    const answer = await browser.postForm('/admin/login/?next=/admin/', {
      ...ADMIN,
      csrfmiddlewaretoken: hiddenInput(form, 'csrfmiddlewaretoken'),
      next: '/admin/',
    });
    assert.equal(answer.status, 302, answer.text);
    assert.equal(answer.headers.location, '/admin/');
  }

  it('refuses a form without its CSRF token', () =>
    browse(async (browser) => {
      assert.equal((await browser.postForm('/admin/login/', ADMIN)).status, 403);
    }));

  it('lets the administrator log in, and add, find, change and delete a product', () =>
    browse(async (browser) => {
      await logIn(browser);
      assert.match((await browser.get('/admin/')).text, /Products/);

      const form = await browser.get('/admin/shop/product/add/');
      const added = await browser.postForm('/admin/shop/product/add/', {
        csrfmiddlewaretoken: hiddenInput(form, 'csrfmiddlewaretoken'),
        name: 'Teapot \u00fc',
        price: '12.50',
        _save: 'Save',
      });
      assert.equal(added.status, 302, added.text);

      const found = await browser.get('/admin/shop/product/?q=teapot');
      const number = /\/admin\/shop\/product\/(\d+)\/change\//.exec(found.text)?.[1];
      assert.ok(number, found.text);
      assert.match((await browser.get('/')).text, /Teapot \u00fc/);

      const path = `/admin/shop/product/${number}/delete/`;
      const question = await browser.get(path);
      const deleted = await browser.postForm(path, {
        csrfmiddlewaretoken: hiddenInput(question, 'csrfmiddlewaretoken'),
        post: 'yes',
      });
      assert.equal(deleted.status, 302);
      assert.doesNotMatch((await browser.get('/')).text, /Teapot/);
    }));

  it('keeps a session in the database, whichever worker answers', () =>
    browse(async (browser) => {
      for (let expected = 1; expected <= 10; expected++) {
        assert.deepEqual(JSON.parse((await browser.get('/visits/')).text), { visits: expected });
      }
    }));

  it('stores an uploaded file of several megabytes, and gives it back', () =>
    browse(async (browser) => {
      const content = randomBytes(4_000_000);
      const form = await browser.get('/upload/');
      const stored = await browser.postFile(
        '/upload/',
        { field: 'manual', name: 'manual.pdf', content },
        { name: 'Kettle', csrfmiddlewaretoken: hiddenInput(form, 'csrfmiddlewaretoken') },
      );
      assert.equal(stored.status, 200, stored.text);
      const { id, size, sha256 } = JSON.parse(stored.text);
      assert.equal(size, content.length);
      assert.equal(sha256, createHash('sha256').update(content).digest('hex'));

      const manual = await browser.get(`/manual/${id}/`);
      assert.ok(manual.body.equals(content));
      assert.match(manual.headers['content-disposition'] ?? '', /manual.*\.pdf/);
    }));

  it('streams', () =>
    browse(async (browser) => {
      assert.match((await browser.get('/stream/')).text, /^row 0\n[\s\S]*row 99\n$/);
    }));

  it('shows its own error pages', () =>
    browse(async (browser) => {
      assert.equal((await browser.get('/nowhere/')).status, 404);
      assert.equal((await browser.get('/manual/999999/')).status, 404);
      const broken = await browser.get('/broken/');
      assert.equal(broken.status, 500);
      assert.doesNotMatch(broken.text, /Traceback/);
    }));

  it('adds the missing slash', () =>
    browse(async (browser) => {
      const answer = await browser.get('/visits');
      assert.equal(answer.status, 301);
      assert.equal(answer.headers.location, '/visits/');
    }));
});

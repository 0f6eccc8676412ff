import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Browser } from '../support/browser.ts';
import { djangoEnvironment, djangoFolder, prepareDjango } from '../support/django-project.ts';
import { testPython } from '../support/project.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { listFolder, makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

describe('the static files of Django', () => {
  const folder = makeTemporaryFolder();
  const collected = join(folder, 'staticfiles');
  before(() => {
    prepareDjango(folder);
    execFileSync(testPython, ['manage.py', 'collectstatic', '--noinput', '--verbosity', '0'], {
      cwd: djangoFolder,
      env: { ...process.env, ...djangoEnvironment(folder) },
      timeout: 120_000,
    });
  });
  after(() => removeFolder(folder));

  const kirin = useKirin({
    app: 'mysite.wsgi',
    args: ['--static', `/static=${collected}`],
    cwd: djangoFolder,
    env: djangoEnvironment(folder),
  });

  it('are there, every one that collectstatic has put into STATIC_ROOT', async () => {
    const browser = new Browser(kirin().url);
    const files = listFolder(collected).filter((name) => /\.\w+$/.test(name));
    assert.ok(files.length > 100, `${files.length} files`);
    for (const name of files) {
      const page = await browser.get(`/static/${name}`);
      assert.equal(page.status, 200, name);
      assert.ok(page.body.equals(readFileSync(join(collected, name))), name);
    }
    browser.close();
  });

  it('are all that the page of the administrator asks for, with the right types', async () => {
    const browser = new Browser(kirin().url);
    const page = await browser.follow('/admin/');
    const links = [...page.text.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((match) => match[1] ?? '');
    assert.ok(links.length >= 4, page.text);
    for (const link of links) {
      const { status, headers } = await browser.get(link);
      assert.equal(status, 200, link);
      const type = link.endsWith('.css') ? 'text/css' : 'text/javascript';
      assert.equal(headers['content-type'], `${type}; charset=utf-8`);
    }
    browser.close();
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { runKirin } from '../support/kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

describe('kirin without an application', () => {
  const root = makeTemporaryFolder();
  after(() => removeFolder(root));

  async function suggestionIn(files: Readonly<Record<string, string>>, ...args: string[]): Promise<string> {
    const cwd = mkdtempSync(join(root, 'app-'));
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(cwd, path)), { recursive: true });
      writeFileSync(join(cwd, path), content);
    }
    const { code, log } = await runKirin({ bind: [], args, cwd });
    assert.equal(code, 1);
    return log;
  }

  it('suggests the command for a Flask application', async () => {
    const log = await suggestionIn({ 'app.py': 'from flask import Flask\napp = Flask(__name__)\n' });
    assert.match(log, /app\.py has a Flask application\. To run it:\n\n {4}kirin app:app\n/);
  });

  it('suggests the command for a Django project', async () => {
    const log = await suggestionIn({
      'manage.py': "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\n",
      'mysite/wsgi.py': 'application = get_wsgi_application()\n',
    });
    assert.match(log, / {4}kirin mysite\.wsgi\n/);
  });

  it('repeats the options that were given, quoted for a shell', async () => {
    const log = await suggestionIn(
      { 'main.py': 'def create_app():\n    pass\n' },
      '-w',
      '4',
      '--name=My App',
    );
    assert.match(log, / {4}kirin -w 4 '--name=My App' 'main:create_app\(\)'\n/);
  });
});

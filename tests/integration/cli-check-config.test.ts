import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { runKirin } from '../support/kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

describe('--check-config', () => {
  const root = makeTemporaryFolder();
  after(() => removeFolder(root));

  function check(source: string, ...args: string[]) {
    const cwd = mkdtempSync(join(root, 'app-'));
    writeFileSync(join(cwd, 'hello.py'), source);
    return runKirin({ bind: [], args: ['--check-config', ...args], cwd });
  }

  it('loads the application in the interpreter that would run it, and exits with 0', async () => {
    const { code, log, stdout } = await check('def app(environ, start_response): ...\n', 'hello:app');
    assert.equal(code, 0, log);
    assert.match(log, /^kirin: hello:app loads in \S+ \(from the active virtual environment\)\n$/);
    assert.equal(stdout, '');
  });

  it('calls a factory with its arguments, and sets the variables of -e', async () => {
    const source =
      "import os\ndef make(name, debug):\n    assert os.environ['MODE'] == 'x'\n    return print\n";
    const { code, log } = await check(source, '-e', 'MODE=x', "hello:make('prod', debug=False)");
    assert.equal(code, 0, log);
  });

  it('shows the traceback of an application that does not load, and exits with 1', async () => {
    const { code, log } = await check('import no_such_module\n', 'hello:app');
    assert.equal(code, 1);
    assert.match(log, /Traceback[\s\S]*hello\.py", line 1[\s\S]*No module named 'no_such_module'/);
  });

  it('exits with 1 when there is no such attribute', async () => {
    const { code, log } = await check('application = print\n', 'hello:app');
    assert.equal(code, 1);
    assert.match(log, /'app'/);
  });

  it('is implied by --print-config', async () => {
    const { code, stdout, log } = await check('import no_such_module\n', '--print-config', 'hello:app');
    assert.equal(code, 1);
    assert.match(stdout, /^wsgi_app += hello:app$/m);
    assert.match(log, /no_such_module/);
  });
});

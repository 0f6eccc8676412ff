import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { runKirin } from '../support/kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

describe('what was typed wrong', () => {
  const root = makeTemporaryFolder();
  after(() => removeFolder(root));
  const emptyFolder = (): string => mkdtempSync(join(root, 'app-'));

  it('misspelt flags and wrong values are reported together, with exit code 2 as argparse has it', async () => {
    const { code, log, stdout } = await runKirin({
      args: ['--wrokers', '3', '-t', 'soon', 'hello:app'],
      bind: [],
    });
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.equal(
      log,
      'kirin: no such option: --wrokers; did you mean --workers?\n' +
        "kirin: -t 'soon' (setting timeout, from the command line): not a number of seconds; give one such as 30 or 0.5\n" +
        "Try 'kirin --help'.\n",
    );
  });

  it('values that are well formed and cannot be have exit code 1', async () => {
    const { code, log } = await runKirin({ args: ['--user', 'no-such-user', 'hello:app'] });
    assert.equal(code, 1);
    assert.equal(
      log,
      "kirin: --user 'no-such-user' (setting user, from the command line): no such user in /etc/passwd\n",
    );
  });

  it('an APP_MODULE that is a path is explained', async () => {
    const { code, log } = await runKirin({ args: ['src/hello.py'] });
    assert.equal(code, 1);
    assert.match(log, /'src\/hello\.py' is no application: it is a path.*\nDid you mean 'src\.hello'\?\n$/);
  });

  it('an interpreter that cannot be run is named', async () => {
    const { code, log } = await runKirin({ args: ['--python', '/nonexistent/python', 'hello:app'] });
    assert.equal(code, 1);
    assert.match(log, /the interpreter named by --python does not exist: \/nonexistent\/python/);
  });

  it('a log that cannot be opened is named', async () => {
    for (const flag of ['--access-logfile', '--error-logfile']) {
      const { code, log } = await runKirin({
        args: [flag, '/nonexistent/log', 'hello:app'],
        cwd: emptyFolder(),
        env: { VIRTUAL_ENV: '' },
      });
      assert.equal(code, 1);
      assert.match(log, /^kirin: the (access|error) log cannot be opened: ENOENT.*\/nonexistent\/log'\n$/);
    }
  });

  it('a temporary folder that is not there is named', async () => {
    const { code, log } = await runKirin({ app: 'dangerous:app', env: { TMPDIR: '/nowhere' } });
    assert.equal(code, 1);
    assert.match(log, /^kirin: no temporary folder can be made in \/nowhere: ENOENT/m);
    assert.match(log, /TMPDIR/);
  });

  it('without an application, in an empty folder, it says what is missing', async () => {
    const { code, log } = await runKirin({ bind: [], cwd: emptyFolder() });
    assert.equal(code, 1);
    assert.match(log, /^kirin: no APP_MODULE was given, and no Python file here defines an application\n/);
    assert.match(log, /kirin hello:app/);
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
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

  it('writes nothing, also where a start would make certificates and folders', async () => {
    const cwd = mkdtempSync(join(root, 'sites-'));
    const toml = [
      'acme_directory = "https://127.0.0.1:1/dir"',
      'acme_folder = "acme"',
      'bind = ["https://127.0.0.1:0"]',
      ...['automatic', 'local'].flatMap((tls) => [
        '[[sites]]',
        `hosts = "${tls}.test"`,
        `tls = "${tls}"`,
        'routes = [{ respond = "yes" }]',
      ]),
    ];
    writeFileSync(join(cwd, 'kirin.toml'), toml.map((line) => `${line}\n`).join(''));
    const home = join(cwd, 'home');
    const env = { HOME: home, XDG_DATA_HOME: join(home, 'data'), STATE_DIRECTORY: join(home, 'state') };
    const { code, log } = await runKirin({ bind: [], args: ['--check-config'], cwd, env });
    assert.equal(code, 0, log);
    assert.doesNotMatch(log, /certificate/i);
    assert.deepEqual(readdirSync(cwd), ['kirin.toml']);
  });

  it('refuses certificates that could not be kept', async () => {
    const cwd = mkdtempSync(join(root, 'sites-'));
    const site = '[[sites]]\nhosts = "shop.test"\ntls = "automatic"\nroutes = [{ respond = "yes" }]\n';
    writeFileSync(
      join(cwd, 'kirin.toml'),
      `bind = "https://127.0.0.1:0"\nacme_folder = "kirin.toml/acme"\n${site}`,
    );
    const { code, log } = await runKirin({ bind: [], args: ['--check-config'], cwd });
    assert.equal(code, 1);
    assert.match(log, /the certificate of the site shop\.test, kirin\.toml:5:1, cannot be kept: .*ENOTDIR/);
  });

  it('is implied by --print-config', async () => {
    const { code, stdout, log } = await check('import no_such_module\n', '--print-config', 'hello:app');
    assert.equal(code, 1);
    assert.match(stdout, /^wsgi_app += hello:app$/m);
    assert.match(log, /no_such_module/);
  });
});

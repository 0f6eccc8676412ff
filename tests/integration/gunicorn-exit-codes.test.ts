// What scripts and supervisors go by: the same mistake ends Gunicorn and Kirin with the same code.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { Gunicorn, gunicornIsMissing } from '../support/gunicorn.ts';
import { runKirin, startKirin } from '../support/kirin.ts';
import { testPython } from '../support/project.ts';

const FILES = {
  'main.py': answering('here'),
  'broken.py': 'raise RuntimeError("broken on purpose")\n',
  'empty.py': '',
  'raises.conf.py': 'raise RuntimeError("broken on purpose")\n',
  'exits.conf.py': 'import sys\nsys.exit(5)\n',
  'syntax.conf.py': 'workers = = 2\n',
  'value.conf.py': 'workers = "many"\n',
  'others.pid': `${process.pid}\n`,
};

/** Arguments, of which the last is the application, and the code. */
const CASES: Readonly<Record<string, readonly [code: number, ...args: string[]]>> = {
  'the version is asked for': [0, '--version'],
  'help is asked for': [0, '--help'],
  'the configuration is checked, and right': [0, '--check-config', 'main:app'],
  'the configuration is checked, and the application does not load': [1, '--check-config', 'broken:app'],
  'the configuration is printed': [0, '--print-config', 'main:app'],
  'a flag is unknown': [2, '--no-such-flag', 'main:app'],
  'a number is none': [2, '--workers', 'many', 'main:app'],
  'a flag has no value': [2, 'main:app', '--workers'],
  'a number makes no sense': [1, '--workers', '-1', 'main:app'],
  'no application is named': [1],
  'the configuration file is missing': [1, '-c', 'no.conf.py', 'main:app'],
  'the configuration file raises': [1, '-c', 'raises.conf.py', 'main:app'],
  'the configuration file ends the program': [5, '-c', 'exits.conf.py', 'main:app'],
  'the configuration file has a syntax error': [1, '-c', 'syntax.conf.py', 'main:app'],
  'the configuration file has a wrong value': [1, '-c', 'value.conf.py', 'main:app'],
  'the folder is missing': [1, '--chdir', '/nowhere', 'main:app'],
  'the user is unknown': [1, '--user', 'nobody-of-that-name', 'main:app'],
  'the pid file names a process that runs': [1, '--pid', 'others.pid', 'main:app'],
  'the pid file cannot be written': [1, '--pid', '/nowhere/kirin.pid', 'main:app'],
  'the error log cannot be opened': [1, '--error-logfile', '/nowhere/error.log', 'main:app'],
  'the certificate is missing': [1, '--certfile', 'no.pem', '--keyfile', 'no.pem', 'main:app'],
  'the module is missing': [3, 'no_such_module:app'],
  'the module raises': [3, 'broken:app'],
  'the module raises, and is preloaded': [3, '--preload', 'broken:app'],
  'the module has no such attribute': [4, 'empty:app'],
  'the module has no such attribute, and is preloaded': [4, '--preload', 'empty:app'],
};

/** Gunicorn's code, where it is another: docs/gunicorn.md says why. */
const OTHERS: Readonly<Record<string, number>> = {
  'the module raises, and is preloaded': 1,
  'the module has no such attribute, and is preloaded': 1,
};

describe('Gunicorn and Kirin end with the same code when', { skip: gunicornIsMissing }, () => {
  let folder: AppFolder;

  before(() => {
    folder = new AppFolder(FILES);
  });
  after(() => folder.remove());

  async function gunicorn(args: readonly string[]): Promise<number | null> {
    const child = spawn(testPython, ['-m', 'gunicorn', '--no-control-socket', ...args], {
      cwd: folder.path,
      stdio: 'ignore',
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  }

  for (const [what, [code, ...args]] of Object.entries(CASES)) {
    it(`${what}: ${code}`, async () => {
      const bind = ['--bind', '127.0.0.1:0'];
      const [theirs, ours] = await Promise.all([
        gunicorn([...bind, ...args]),
        runKirin({ bind: [], args: [...bind, ...args], cwd: folder.path }),
      ]);
      assert.deepEqual([theirs, ours.code], [OTHERS[what] ?? code, code], ours.log);
    });
  }

  it('the address is in use: 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const bind = ['--bind', `127.0.0.1:${(other.address() as { port: number }).port}`, 'main:app'];
    try {
      const [theirs, ours] = await Promise.all([
        gunicorn(bind),
        runKirin({ bind: [], args: bind, cwd: folder.path }),
      ]);
      assert.deepEqual([theirs, ours.code], [1, 1]);
    } finally {
      other.close();
    }
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    it(`${signal} is sent: 0`, async () => {
      const kirin = await startKirin({ app: 'main:app', cwd: folder.path });
      kirin.signal(signal);
      assert.deepEqual(await kirin.ended(), { code: 0, signal: null });
      await kirin.stop();
      const theirs = await Gunicorn.start(['main:app'], folder.path);
      assert.equal(await theirs.stop(signal), 0);
    });
  }
});

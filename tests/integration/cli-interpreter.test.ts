import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { runKirin, withKirin } from '../support/kirin.ts';
import { testPython } from '../support/project.ts';

const TELLS_ITS_PREFIX = `
import sys

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [sys.prefix.encode()]
`;

describe('the interpreter', () => {
  let folder: AppFolder;
  beforeEach(() => {
    folder = new AppFolder({ 'main.py': TELLS_ITS_PREFIX });
  });
  afterEach(() => folder.remove());

  function makeEnvironment(name: string): string {
    const path = join(folder.path, name);
    execFileSync(testPython, ['-m', 'venv', '--without-pip', path]);
    return path;
  }

  for (const [what, { active, args, chosen, told }] of Object.entries({
    "is that of .venv in the application's folder": {
      active: '',
      args: [],
      chosen: '.venv',
      told: "from the virtual environment .venv in the app's folder",
    },
    'is that of the active virtual environment before that': {
      active: 'active',
      args: [],
      chosen: 'active',
      told: 'from the active virtual environment',
    },
    'is the one that --python names before all': {
      active: 'active',
      args: ['--python', 'named/bin/python'],
      chosen: 'named',
      told: 'as --python says',
    },
  })) {
    it(`${what}, and the log names it`, async () => {
      for (const name of ['.venv', 'active', 'named']) makeEnvironment(name);
      const env = { VIRTUAL_ENV: active === '' ? '' : join(folder.path, active) };
      await withKirin({ app: 'main:app', cwd: folder.path, args, env }, async (kirin) => {
        const prefix = join(folder.path, chosen);
        assert.equal(await (await fetch(kirin.url)).text(), prefix);
        const [, path, reason] = await kirin.waitForLog(/Using python: (\S+) \(3\.\S+\), (.*)/);
        assert.equal(path, join(prefix, 'bin', 'python'));
        assert.equal(reason, told);
      });
    });
  }

  it('whose base has been removed is a clear error', async () => {
    const environment = makeEnvironment('.venv');
    unlinkSync(join(environment, 'bin', 'python'));
    const options = { app: 'main:app', cwd: folder.path, env: { VIRTUAL_ENV: '' } };
    const { code, log } = await runKirin(options);
    assert.equal(code, 1);
    assert.match(
      log,
      /the interpreter of the virtual environment \S+\.venv does not exist: \S+\.venv\/bin\/python/,
    );
  });

  it('that is gone when a reload wants it keeps the old generation serving', async () => {
    const environment = makeEnvironment('.venv');
    const options = { app: 'main:app', cwd: folder.path, env: { VIRTUAL_ENV: '' } };
    await withKirin(options, async (kirin) => {
      const workers = kirin.workerPids();
      unlinkSync(join(environment, 'bin', 'python'));
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Not reloaded, the configuration is not valid any more: .*does not exist/);
      assert.equal(await (await fetch(kirin.url)).text(), environment);
      assert.deepEqual(kirin.workerPids(), workers);
    });
  });
});

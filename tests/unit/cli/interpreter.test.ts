import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { KirinError } from '../../../src/base/errors.ts';
import { chooseInterpreter } from '../../../src/cli/interpreter.ts';
import { makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';

const root = makeTemporaryFolder();
after(() => removeFolder(root));

function program(...path: string[]): string {
  const file = join(root, ...path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o755);
  return file;
}

function environment(...path: string[]): string {
  const python = program(...path, 'bin', 'python');
  writeFileSync(join(root, ...path, 'pyvenv.cfg'), '');
  return python;
}

const systemPython = program('bin', 'python3');
const PATH = `/nonexistent:${join(root, 'bin')}`;
const emptyApp = join(root, 'empty');
mkdirSync(emptyApp);

function refuses(choose: () => unknown, message: RegExp): void {
  assert.throws(
    choose,
    (error: unknown) => error instanceof KirinError && error.exitCode === 1 && message.test(error.message),
  );
}

test('--python is taken as a path, as the root of a virtual environment, or by name from PATH', () => {
  const python = environment('named');
  const env = { PATH, VIRTUAL_ENV: '/nonexistent' };
  assert.deepEqual(chooseInterpreter(python, emptyApp, env), { path: python, reason: 'as --python says' });
  assert.equal(chooseInterpreter(join(root, 'named'), emptyApp, env).path, python);
  assert.equal(chooseInterpreter('python3', emptyApp, env).path, systemPython);
});

test('the active virtual environment comes before those in the app’s folder', () => {
  const active = environment('active');
  const local = environment('site', '.venv');
  environment('site', 'venv');
  const site = join(root, 'site');
  assert.deepEqual(chooseInterpreter(null, site, { PATH, VIRTUAL_ENV: join(root, 'active') }), {
    path: active,
    reason: 'from the active virtual environment',
  });
  assert.deepEqual(chooseInterpreter(null, site, { PATH }), {
    path: local,
    reason: "from the virtual environment .venv in the app's folder",
  });
});

test('a folder that merely is called venv is not taken for one', () => {
  program('odd', 'venv', 'bin', 'python');
  assert.equal(chooseInterpreter(null, join(root, 'odd'), { PATH }).path, systemPython);
});

test('without a virtual environment it is the python3 on PATH', () => {
  assert.deepEqual(chooseInterpreter(null, emptyApp, { PATH }), {
    path: systemPython,
    reason: 'the python3 on PATH',
  });
});

test('what cannot be run is refused, with the path and why it was chosen', () => {
  const plain = join(root, 'plain');
  writeFileSync(plain, '');
  const dangling = join(root, 'dangling', 'bin', 'python');
  mkdirSync(dirname(dangling), { recursive: true });
  symlinkSync('/nonexistent/python3', dangling);
  refuses(
    () => chooseInterpreter('/nonexistent/python', emptyApp, { PATH }),
    /named by --python does not exist: \/nonexistent\/python/,
  );
  refuses(() => chooseInterpreter(plain, emptyApp, { PATH }), /may not be executed/);
  refuses(() => chooseInterpreter(emptyApp, emptyApp, { PATH }), /is a folder/);
  refuses(() => chooseInterpreter('python9', emptyApp, { PATH }), /no python9 on PATH/);
  refuses(
    () => chooseInterpreter(null, emptyApp, { PATH, VIRTUAL_ENV: join(root, 'dangling') }),
    /of the active virtual environment, VIRTUAL_ENV does not exist/,
  );
  refuses(() => chooseInterpreter(null, emptyApp, { PATH: '/nonexistent' }), /no Python found/);
});

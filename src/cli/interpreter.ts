import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { KirinError } from '../base/errors.ts';
import type { PythonChoice } from '../config/resolved-config.ts';
import type { Environment } from '../config/sources.ts';

/**
 * The user's interpreter: --python, else the active virtual environment, else .venv or venv in the app's folder, else python3
 * (or python) on PATH. It is only looked at, not run: the arbiter learns its version from the zygote.
 * @throws {KirinError} when what was chosen cannot be run
 */
export function chooseInterpreter(python: string | null, appFolder: string, env: Environment): PythonChoice {
  if (python !== null) return namedInterpreter(python, env);
  return (
    activeEnvironment(env) ??
    localEnvironment(appFolder, '.venv') ??
    localEnvironment(appFolder, 'venv') ??
    systemPython(env)
  );
}

function namedInterpreter(python: string, env: Environment): PythonChoice {
  const reason = 'as --python says';
  if (!python.includes('/')) {
    const path = findOnPath(python, env);
    if (path === null) throw unusable(`no ${python} on PATH`);
    return { path, reason };
  }
  // The root of a virtual environment is close enough to be understood.
  const path = isFolder(python) && exists(pythonIn(python)) ? pythonIn(python) : python;
  return { path: checked(path, 'named by --python'), reason };
}

function activeEnvironment(env: Environment): PythonChoice | null {
  const root = env.VIRTUAL_ENV;
  if (root === undefined || root === '') return null;
  const path = checked(pythonIn(resolve(root)), 'of the active virtual environment, VIRTUAL_ENV');
  return { path, reason: 'from the active virtual environment' };
}

function localEnvironment(appFolder: string, name: string): PythonChoice | null {
  const root = join(appFolder, name);
  // A folder that merely has the name is no environment; PEP 405 marks real ones with this file.
  if (!exists(join(root, 'pyvenv.cfg'))) return null;
  const path = checked(pythonIn(root), `of the virtual environment ${root}`);
  return { path, reason: `from the virtual environment ${name} in the app's folder` };
}

function systemPython(env: Environment): PythonChoice {
  for (const name of ['python3', 'python']) {
    const path = findOnPath(name, env);
    if (path !== null) return { path, reason: `the ${name} on PATH` };
  }
  throw unusable(
    "no Python found: no virtual environment is active, none is in the app's folder, and PATH has no python3",
  );
}

const pythonIn = (environment: string): string => join(environment, 'bin', 'python');

function findOnPath(name: string, env: Environment): string | null {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => resolve(folder, name)).find(isExecutableFile) ?? null;
}

function checked(path: string, role: string): string {
  if (!exists(path)) throw unusable(`the interpreter ${role} does not exist: ${path}`);
  if (isFolder(path)) throw unusable(`the interpreter ${role} is a folder: ${path}`);
  if (!isExecutableFile(path)) throw unusable(`the interpreter ${role} may not be executed: ${path}`);
  return path;
}

// stat follows links: a virtual environment whose base interpreter was removed has a dangling one.
function fileAt(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

const exists = (path: string): boolean => fileAt(path) !== null;
const isFolder = (path: string): boolean => fileAt(path)?.isDirectory() ?? false;

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return fileAt(path)?.isFile() ?? false;
  } catch {
    return false;
  }
}

const unusable = (message: string): KirinError => new KirinError('python-unusable', message);

// Installs what is measured: wrk and nginx from the distribution, the rest from PyPI into one virtual environment.

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VENV = fileURLToPath(new URL('../../../.venvs/bench', import.meta.url));
export const NODE_COPY = join(VENV, 'bin/node');
const INSTALL_LIMIT_MS = 300_000;

/** Each alone, so that one that cannot be built (uWSGI needs a C compiler) does not take the others with it. */
const PYPI_PACKAGES = ['gunicorn', 'flask', 'django', 'granian', 'uwsgi'] as const;

export interface Environment {
  readonly venv: string;
  /** What could not be installed, and why, one line each. */
  readonly missing: readonly string[];
}

/** Throws when there can be no benchmark at all: no wrk, or no virtual environment. */
export function prepareEnvironment(python: string): Environment {
  const missing: string[] = [];
  for (const [program, debianPackage] of [
    ['wrk', 'wrk'],
    ['nginx', 'nginx-light'],
  ] as const) {
    if (!isProgram(program) && !installFromDebian(debianPackage))
      missing.push(`${program} (apt-get install ${debianPackage})`);
  }
  if (!isProgram('wrk'))
    throw new Error('wrk is needed to make load and is not installed: apt-get install wrk');

  const interpreter = join(VENV, 'bin/python');
  if (!existsSync(interpreter)) {
    console.error(`bench: making ${VENV} with ${python}`);
    const made = run(python, ['-m', 'venv', VENV]);
    if (!made.succeeded) throw new Error(`${python} -m venv ${VENV} failed: ${made.lastLine}`);
  }
  copyNode();
  const installed = run(interpreter, ['-m', 'pip', 'list', '--format=freeze']).output.toLowerCase();
  for (const name of PYPI_PACKAGES) {
    if (new RegExp(`^${name}==`, 'm').test(installed)) continue;
    console.error(`bench: installing ${name} from PyPI`);
    const { succeeded, lastLine } = run(interpreter, ['-m', 'pip', 'install', '--quiet', name]);
    if (!succeeded) missing.push(`${name} (pip install: ${lastLine})`);
  }
  return { venv: VENV, missing };
}

/**
 * The servers that are made of Node run a copy of it: of the original this process, and whatever else runs on the machine, shares
 * pages with them, and their PSS would look smaller than it is.
 */
function copyNode(): void {
  const { size } = statSync(process.execPath);
  if (!existsSync(NODE_COPY) || statSync(NODE_COPY).size !== size) copyFileSync(process.execPath, NODE_COPY);
}

/** The versions of what is in the environment, for the report. */
export function versionsIn(venv: string): string {
  const listed = run(join(venv, 'bin/python'), ['-m', 'pip', 'list', '--format=freeze']).output;
  const packages = PYPI_PACKAGES.flatMap((name) => {
    const version = new RegExp(`^${name}==(.+)$`, 'im').exec(listed)?.[1];
    return version === undefined ? [] : [`${name} ${version}`];
  });
  const python = run(join(venv, 'bin/python'), ['--version']).lastLine;
  return [`Node ${process.version}`, python, ...packages].join(', ');
}

/** Whether the program is there, after an attempt to install it. */
export function ensureProgram(program: string, debianPackage: string): boolean {
  return isProgram(program) || (installFromDebian(debianPackage) && isProgram(program));
}

function installFromDebian(name: string): boolean {
  if (process.getuid?.() !== 0 || !isProgram('apt-get')) return false;
  console.error(`bench: installing ${name} with apt-get`);
  return run('apt-get', ['install', '-y', '--no-install-recommends', name]).succeeded;
}

function isProgram(name: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, name)));
}

function run(
  program: string,
  args: readonly string[],
): { succeeded: boolean; output: string; lastLine: string } {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: INSTALL_LIMIT_MS,
  });
  const output = `${stderr ?? ''}${stdout ?? ''}`;
  return { succeeded: status === 0, output, lastLine: output.trim().split('\n').at(-1) ?? '' };
}

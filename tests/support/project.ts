import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of the repository. Tests run from their compiled copies, so it is looked for upwards. */
export const projectRoot = findProjectRoot(import.meta.dirname);

/** The path of something in tests/fixtures. */
export function fixture(...parts: readonly string[]): string {
  return join(projectRoot, 'tests', 'fixtures', ...parts);
}

/** The virtual environment that scripts/test.sh fills from tests/requirements.txt. */
export const testVenv = process.env.KIRIN_TEST_VENV ?? join(projectRoot, '.venvs', 'test');

export const testPython = join(testVenv, 'bin', 'python');

function findProjectRoot(start: string): string {
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'bin', 'kirin.js'))) return folder;
  }
  throw new Error(`no project folder above ${start}`);
}

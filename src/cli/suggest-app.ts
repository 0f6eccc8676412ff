import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KirinError } from '../base/errors.ts';
import { type FoundApp, findApp } from './find-app.ts';
import type { Program } from './program.ts';

/** Called without an application: what to run, judging by what frameworks leave in a folder. */
export function suggestApp(appFolder: string, argv: readonly string[], program: Program): KirinError {
  const found = findApp({
    list: () => namesIn(appFolder),
    read: (path) => readQuietly(join(appFolder, path)),
  });
  const missing = program === 'gunicorn' ? 'No application module specified' : 'no APP_MODULE was given';
  if (found !== null) return suggestion(found, argv, missing, program);
  const message = `${missing}, and no Python file here defines an application`;
  return new KirinError(
    'app-missing',
    message,
    `Name yours as module:attribute, for example '${program} hello:app', or try '${program} --help'.`,
  );
}

function suggestion(
  { file, what, spec }: FoundApp,
  argv: readonly string[],
  missing: string,
  program: Program,
): KirinError {
  const command = [program, ...argv, spec].map(quoted).join(' ');
  return new KirinError('app-missing', `${missing}; ${file} has ${what}. To run it:`, `\n    ${command}\n`);
}

/** As a shell would have to be given it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readQuietly(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Files } from './read-files.ts';

/** The files of this machine. */
export const machineFiles: Files = {
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return null;
    }
  },
  matching: (pattern) =>
    expand(
      '/',
      pattern.split('/').filter((step) => step !== ''),
    ),
};

function expand(folder: string, [step, ...rest]: readonly string[]): readonly string[] {
  if (step === undefined) return [folder];
  if (!/[*?[]/.test(step)) return expand(join(folder, step), rest);
  const names = namesIn(folder).filter(
    (name) => globPattern(step).test(name) && (step.startsWith('.') || !name.startsWith('.')),
  );
  const found = names.sort().flatMap((name) => expand(join(folder, name), rest));
  return rest.length > 0 ? found : found.filter((path) => machineFiles.read(path) !== null);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** As the shell's: of one name. */
export function globPattern(glob: string): RegExp {
  const source = glob.replace(/\[!?[^\]]+\]|[*?]|[^\w]/g, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    if (part.length > 1) return part.replace('[!', '[^').replaceAll('\\', '\\\\');
    return `\\${part}`;
  });
  return new RegExp(`^${source}$`, 's');
}

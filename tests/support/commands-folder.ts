import { symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { projectRoot } from './project.ts';

/** Makes `kirin` a command in the folder, as npm does on installation, and gives the PATH on which it is found. */
export function installCommand(folder: string): string {
  symlinkSync(join(projectRoot, 'bin', 'kirin.js'), join(folder, 'kirin'));
  symlinkSync(process.execPath, join(folder, 'node'));
  return [folder, process.env.PATH].join(delimiter);
}

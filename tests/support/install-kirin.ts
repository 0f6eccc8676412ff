import { chmodSync, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './project.ts';

/**
 * Copies what an installed Kirin consists of into `folder`, for accounts that may not read the project's own. Returns its program.
 */
export function installKirin(folder: string): string {
  const root = join(folder, 'kirin');
  mkdirSync(root);
  chmodSync(root, 0o755);
  for (const part of ['bin', 'dist', 'python', 'package.json']) {
    cpSync(join(projectRoot, part), join(root, part), { recursive: true });
  }
  return join(root, 'bin', 'kirin.js');
}

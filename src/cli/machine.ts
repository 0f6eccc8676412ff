import { existsSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Machine } from '../config/machine.ts';

/** The machine that kirin runs on. */
export const thisMachine: Machine = {
  readFile(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return null;
    }
  },
  isFolder(path) {
    try {
      return statSync(path).isDirectory();
    } catch {
      return false;
    }
  },
  exists: existsSync,
  schedulableCores: availableParallelism,
  uid: process.geteuid?.() ?? 0,
  gid: process.getegid?.() ?? 0,
};

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/** Only for its owner, and whole or not at all: whoever reads it meanwhile gets what was there before. */
export function writePrivateFile(path: string, text: string, mode = PRIVATE_FILE): void {
  mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_FOLDER });
  const unfinished = `${path}.${process.pid}.new`;
  try {
    // One that an earlier process of this number has left would keep its own mode.
    rmSync(unfinished, { force: true });
    writeFileSync(unfinished, text, { mode, flush: true });
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

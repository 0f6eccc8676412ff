import { close, fstat, open, readdir, type Stats, unlink } from 'node:fs';
import { join } from 'node:path';
import { DRAFTS, removeAbandoned } from './drafts.ts';
import type { ReadEntry } from './entry-format.ts';
import { gated, gatedVoid } from './gated.ts';
import { readEntry } from './read-entry.ts';

export interface FoundEntry extends ReadEntry {
  readonly path: string;
  readonly fileBytes: number;
}

const SHELF = /^[0-9a-f]{2}$/;
const NAME = /^[0-9a-f]{32}-[0-9a-f]{16}$/;

/** The responses that a folder holds, one after another. What is not whole is removed; what this cache has not written is left alone. */
export async function* loadFolder(folder: string): AsyncGenerator<FoundEntry> {
  await removeAbandoned(join(folder, DRAFTS));
  for (const shelf of await namesIn(folder)) {
    if (!SHELF.test(shelf)) continue;
    for (const name of await namesIn(join(folder, shelf))) {
      if (!NAME.test(name)) continue;
      const path = join(folder, shelf, name);
      const found = await find(path).catch(() => 'unreadable' as const);
      // Perhaps only for now, as where too many files are open: then it is still there at the next start.
      if (found === 'unreadable') continue;
      if (found === null) await remove(path);
      else yield found;
    }
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return gated<string[]>((done) => readdir(folder, done)).catch(() => []);
}

async function remove(path: string): Promise<void> {
  await gatedVoid((done) => unlink(path, done)).catch(() => {});
}

/** Null: it is not whole. */
async function find(path: string): Promise<FoundEntry | null> {
  const fd = await gated<number>((done) => open(path, 'r', done));
  try {
    const { size: fileBytes } = await gated<Stats>((done) => fstat(fd, done));
    const found = await readEntry(fd, fileBytes);
    return found === null ? null : { ...found, path, fileBytes };
  } finally {
    await gatedVoid((done) => close(fd, done));
  }
}

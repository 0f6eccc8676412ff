import { close, fstat, open, read, readdir, type Stats, unlink } from 'node:fs';
import { join } from 'node:path';
import { DRAFTS, removeAbandoned } from './drafts.ts';
import { END_BYTES, type ReadEntry, readTail, tailBytes } from './entry-format.ts';
import { gated, gatedVoid } from './gated.ts';

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
      const found = await readEntry(path).catch(() => 'unreadable' as const);
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
async function readEntry(path: string): Promise<FoundEntry | null> {
  const fd = await gated<number>((done) => open(path, 'r', done));
  try {
    const { size: fileBytes } = await gated<Stats>((done) => fstat(fd, done));
    const end = await readAt(fd, fileBytes - END_BYTES, END_BYTES);
    const bytes = tailBytes(end, fileBytes);
    if (bytes === null) return null;
    const found = readTail(await readAt(fd, fileBytes - bytes, bytes));
    return found === null ? null : { ...found, path, fileBytes };
  } finally {
    await gatedVoid((done) => close(fd, done));
  }
}

async function readAt(fd: number, position: number, length: number): Promise<Buffer> {
  if (position < 0) return Buffer.alloc(0);
  const bytes = Buffer.allocUnsafe(length);
  const count = await gated<number>((done) => read(fd, bytes, 0, length, position, done));
  return bytes.subarray(0, count);
}

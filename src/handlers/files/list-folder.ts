import { type Dirent, readdir } from 'node:fs';
import { diskGate } from './disk-gate.ts';
import type { FileOptions } from './options.ts';
import type { FileRoot } from './root.ts';

export interface FolderEntry {
  /** Bytes as latin-1. */
  readonly name: string;
  readonly isFolder: boolean;
  /** Of files. */
  readonly size: number;
  readonly modifiedMs: number;
}

export interface ListedFolder {
  /** Below the root. */
  readonly names: readonly string[];
  readonly entries: readonly FolderEntry[];
  /** Entries that are left out, since nobody would read so long a page. */
  readonly omitted: number;
}

const MAX_ENTRIES = 10_000;
/** Entries that are looked at at once. */
const BATCH = 32;

/** What of a folder would be served. Null: it cannot be read. @param fd of the open folder */
export async function listFolder(
  root: FileRoot,
  names: readonly string[],
  fd: number,
  { dotfiles, symlinks }: Pick<FileOptions, 'dotfiles' | 'symlinks'>,
): Promise<ListedFolder | null> {
  const found = await readNames(process.platform === 'linux' ? `/proc/self/fd/${fd}` : root.pathOf(names));
  if (found === null) return null;
  const visible = found.filter(({ name }) => dotfiles || !name.startsWith('.'));
  const entries: FolderEntry[] = [];
  for (let start = 0; start < Math.min(visible.length, MAX_ENTRIES); start += BATCH) {
    const batch = visible.slice(start, start + BATCH).map(async ({ name, isLink }) => {
      if (isLink && symlinks !== 'follow' && !(await root.wouldOpen([...names, name]))) return null;
      const facts = await root.look([...names, name]);
      if (facts === null || !(facts.isFile() || facts.isDirectory())) return null;
      const isFolder = facts.isDirectory();
      return { name, isFolder, size: isFolder ? 0 : Number(facts.size), modifiedMs: Number(facts.mtimeMs) };
    });
    entries.push(...(await Promise.all(batch)).filter((entry) => entry !== null));
  }
  return { names, entries, omitted: Math.max(0, visible.length - MAX_ENTRIES) };
}

function readNames(path: string | Buffer): Promise<{ name: string; isLink: boolean }[] | null> {
  return new Promise((resolve) => {
    diskGate.ask<Dirent[]>(
      (done) => readdir(path, { withFileTypes: true, encoding: 'latin1' as 'utf8' }, done),
      (error, entries) => {
        if (error !== null) resolve(null);
        else resolve(entries.map((entry) => ({ name: entry.name, isLink: entry.isSymbolicLink() })));
      },
    );
  });
}

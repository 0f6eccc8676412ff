import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Interest } from './interest.ts';

/** What a look at a folder has found. */
export interface Findings {
  /** Files that have changed, have come or are gone since the look before. */
  readonly files: readonly string[];
  /** Folders in it that are to be watched as well. */
  readonly folders: readonly string[];
}

/** What was seen of a folder. It is compared with what is there: whatever tells of a change, this says what the change is. */
export class WatchedFolder {
  readonly path: string;
  readonly #interest: Interest;
  /** Of the files that count, what tells one state from another. */
  readonly #states = new Map<string, string>();
  readonly #subfolders = new Set<string>();
  /** When a name in it last came or went, as of the last listing. */
  #listedMs = Number.NaN;
  #hasLooked = false;

  constructor(path: string, interest: Interest) {
    this.path = path;
    this.#interest = interest;
  }

  /** The files that count and are there. */
  get files(): string[] {
    return [...this.#states.keys()].map((name) => join(this.path, name));
  }

  /** Everything in it that counts. The first look only learns what is there, unless it `isNew` itself. */
  async lookAtAll({ isNew = false } = {}): Promise<Findings> {
    const isFirst = !this.#hasLooked && !isNew;
    this.#hasLooked = true;
    const names = new Set(this.#states.keys());
    const folders: string[] = [];
    for (const entry of await this.#newListing()) {
      if (this.#interest.isIn(join(this.path, entry.name))) names.add(entry.name);
      if (!(await this.#isFolder(entry)) || this.#subfolders.has(entry.name)) continue;
      this.#subfolders.add(entry.name);
      if (this.#mayHold(entry.name, isFirst)) folders.push(join(this.path, entry.name));
    }
    const found = await this.lookAt(names);
    return { files: isFirst ? [] : found.files, folders: [...folders, ...found.folders] };
  }

  async lookAt(names: Iterable<string>): Promise<Findings> {
    const files: string[] = [];
    const folders: string[] = [];
    for (const name of names) {
      const path = join(this.path, name);
      const found = await statOrNull(path);
      if (found?.isDirectory()) {
        if (!this.#subfolders.has(name) && this.#interest.reaches(path)) folders.push(path);
        this.#subfolders.add(name);
      } else {
        this.#subfolders.delete(name);
      }
      if (this.#note(name, found) && this.#interest.isIn(path)) files.push(path);
    }
    return { files, folders };
  }

  /** From now on it counts. Returns when it was last written to; 0: it is not there. */
  async learn(name: string): Promise<number> {
    const found = await statOrNull(join(this.path, name));
    this.#note(name, found);
    return found?.mtimeMs ?? 0;
  }

  /** Returns whether it is another than before. */
  #note(name: string, found: Stats | null): boolean {
    const before = this.#states.get(name);
    const now = found?.isFile() ? `${found.ino} ${found.mtimeMs} ${found.size}` : undefined;
    if (now === undefined) this.#states.delete(name);
    else this.#states.set(name, now);
    return now !== before;
  }

  /** What is in it, unless nothing has come or gone since the last time. */
  async #newListing(): Promise<Dirent[]> {
    const found = await statOrNull(this.path);
    const changedMs = found?.mtimeMs ?? Number.NaN;
    if (found === null) this.#subfolders.clear();
    // A clock that ticks slowly gives two changes one time.
    const isSettled = Date.now() - changedMs > 2000;
    if (changedMs === this.#listedMs && isSettled) return [];
    this.#listedMs = changedMs;
    try {
      return await readdir(this.path, { withFileTypes: true });
    } catch {
      return [];
    }
  }

  async #isFolder(entry: Dirent): Promise<boolean> {
    if (!entry.isSymbolicLink()) return entry.isDirectory();
    return (await statOrNull(join(this.path, entry.name)))?.isDirectory() ?? false;
  }

  #mayHold(name: string, isFirst: boolean): boolean {
    const path = join(this.path, name);
    // Of the folders that were there before, those alone that are asked for; packages are watched when they are loaded.
    return isFirst
      ? this.#interest.patterns.some((pattern) => pattern.reaches(path))
      : this.#interest.reaches(path);
  }
}

export async function statOrNull(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch {
    return null;
  }
}

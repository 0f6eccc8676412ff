import { basename, dirname, join } from 'node:path';
import { GlobPattern, isPattern } from './glob-pattern.ts';

/** Where libraries are installed: there only what is loaded counts, and it hardly ever changes. */
const LIBRARY = /\/(?:site|dist)-packages(?:\/|$)|\/lib\/python\d/;

export const isLibrary = (folder: string): boolean => LIBRARY.test(folder);

/** Which files a change of which is a reason to reload. No I/O. */
export class Interest {
  readonly patterns: readonly GlobPattern[];
  /** Files that were named: modules that are loaded, and files that the user gave. */
  readonly #named = new Set<string>();
  /** Folders whose Python files count, loaded or not: one that a broken module was about to import, for example. */
  readonly #sourceFolders = new Set<string>();

  /** `extra`: absolute paths and patterns. A folder stands for all that is in it. */
  constructor(extra: readonly string[], kindOf: (path: string) => 'folder' | 'other' | 'missing') {
    const patterns: GlobPattern[] = [];
    for (const path of extra) {
      const kind = kindOf(path);
      if (kind === 'folder') patterns.push(new GlobPattern(join(path, '**'), path));
      else if (kind === 'missing' && isPattern(path)) patterns.push(new GlobPattern(path));
      else this.#named.add(path);
    }
    this.patterns = patterns;
  }

  /** Returns whether it is news. */
  name(file: string): boolean {
    if (this.#named.has(file)) return false;
    this.#named.add(file);
    this.addSourceFolder(dirname(file));
    return true;
  }

  addSourceFolder(folder: string): void {
    if (!isLibrary(folder)) this.#sourceFolders.add(folder);
  }

  get namedFiles(): readonly string[] {
    return [...this.#named];
  }

  isIn(file: string): boolean {
    return this.#named.has(file) || this.#isSource(file) || this.patterns.some((each) => each.matches(file));
  }

  /** Whether files that count may come to be in this folder. */
  reaches(folder: string): boolean {
    return this.isNewPackage(folder) || this.patterns.some((each) => each.reaches(folder));
  }

  /** A folder that appears among sources is taken for one of sources. */
  isNewPackage(folder: string): boolean {
    return this.#sourceFolders.has(dirname(folder)) && /^[A-Za-z][\w-]*$/.test(basename(folder));
  }

  #isSource(file: string): boolean {
    // `.#main.py` is how Emacs marks a file that is being edited.
    return file.endsWith('.py') && !basename(file).startsWith('.') && this.#sourceFolders.has(dirname(file));
  }
}

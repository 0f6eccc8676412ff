// Reads a configuration with all that it includes.

import { dirname, join } from 'node:path';
import { includedWithoutFile } from './known-includes.ts';
import { type Parsed, parse } from './parser.ts';
import { type Directive, type Fault, words } from './syntax.ts';

/** Where files come from: a machine's folders, or the dump of a configuration. */
export interface Files {
  /** null: there is none, or it may not be read. */
  read(path: string): string | null;
  /** Paths of files, sorted; the pattern may have `*`, `?` and `[…]`. */
  matching(pattern: string): readonly string[];
}

export interface Configuration {
  /** Of all files, includes in their places; `include` itself stays, before what it brings. */
  readonly directives: readonly Directive[];
  readonly files: readonly string[];
  readonly faults: readonly Fault[];
  /** Includes that brought nothing, and why. */
  readonly absent: ReadonlyMap<Directive, string>;
  /** Includes whose file is not here, but known. */
  readonly assumed: ReadonlySet<Directive>;
}

/** nginx has no limit; a file that includes itself has no end. */
const DEEPEST = 16;

/** `prefix`: the folder that includes are relative to; null: the one of each file, or one above it. */
export function readConfiguration(
  paths: readonly string[],
  files: Files,
  prefix: string | null,
): Configuration {
  const reader = new Reader(files, prefix);
  const directives = paths.flatMap((path) => reader.readFile(path, 0));
  const { faults, absent, assumed } = reader;
  return { directives, files: [...reader.parsed.keys()], faults, absent, assumed };
}

class Reader {
  readonly faults: Fault[] = [];
  readonly absent = new Map<Directive, string>();
  readonly assumed = new Set<Directive>();
  readonly parsed = new Map<string, Parsed>();
  readonly #files: Files;
  readonly #prefix: string | null;

  constructor(files: Files, prefix: string | null) {
    this.#files = files;
    this.#prefix = prefix;
  }

  readFile(path: string, depth: number): readonly Directive[] {
    let parsed = this.parsed.get(path);
    if (parsed === undefined) {
      parsed = parse(this.#files.read(path) ?? '', path);
      this.parsed.set(path, parsed);
      this.faults.push(...parsed.faults);
    }
    return this.#expand(parsed.directives, depth);
  }

  #expand(directives: readonly Directive[], depth: number): readonly Directive[] {
    return directives.flatMap((directive) => {
      if (directive.name === 'include') return [directive, ...this.#included(directive, depth + 1)];
      if (directive.block === null) return [directive];
      return [{ ...directive, block: this.#expand(directive.block, depth) }];
    });
  }

  #included(include: Directive, depth: number): readonly Directive[] {
    const [path = ''] = words(include);
    if (depth > DEEPEST) {
      this.faults.push({
        message: `${path} is included within itself, ${DEEPEST} levels deep`,
        place: include.place,
      });
      return [];
    }
    const known = includedWithoutFile(path);
    if (known === 'nothing') return [];
    const found = this.#find(path, dirname(include.place.file));
    if (found.length > 0) return found.flatMap((each) => this.readFile(each, depth));
    if (known !== null) {
      this.assumed.add(include);
      return parse(known, path).directives.map((each) => ({ ...each, place: include.place }));
    }
    const isPattern = /[*?[]/.test(path);
    this.absent.set(include, isPattern ? 'no file matches' : 'the file cannot be read');
    return [];
  }

  #find(path: string, includer: string): readonly string[] {
    for (const folder of this.#folders(path, includer)) {
      const found = this.#matching(path.startsWith('/') ? path : join(folder, path));
      if (found.length > 0) return found;
    }
    return [];
  }

  #matching(path: string): readonly string[] {
    if (/[*?[]/.test(path)) return this.#files.matching(path);
    return this.#files.read(path) === null ? [] : [path];
  }

  /** nginx takes the folder of nginx.conf, which for a file in sites-enabled is one above it. */
  #folders(path: string, includer: string): readonly string[] {
    if (path.startsWith('/')) return [''];
    if (this.#prefix !== null) return [this.#prefix];
    const folders = [includer];
    for (let folder = includer; dirname(folder) !== folder; folder = dirname(folder))
      folders.push(dirname(folder));
    return folders;
  }
}

// Patterns of files, as Python's glob reads them: `*`, `?` and `[…]` stand for characters of one name, `**` for any number of folders.

import { sep } from 'node:path';

/** What no wildcard stands for: there are too many files in it, and nobody edits them. By its own name it is found. */
const NEVER_MEANT = new Set(['__pycache__', 'node_modules']);

type Part = '**' | { readonly regExp: RegExp; readonly isPlain: boolean; readonly isHidden: boolean };

export const isPattern = (text: string): boolean => /[*?[]/.test(text);

export class GlobPattern {
  /** As it was given. */
  readonly text: string;
  /** The folder that everything that matches lies in. */
  readonly base: string;
  readonly #parts: readonly Part[];

  /** `path` is absolute. */
  constructor(path: string, text = path) {
    this.text = text;
    const names = path.split(sep);
    const first = names.findIndex(isPattern);
    this.base = names.slice(0, first).join(sep) || sep;
    this.#parts = names.slice(first).map(partOf);
  }

  matches(path: string): boolean {
    return this.#statesAt(path).has(this.#parts.length);
  }

  /** Whether something in this folder, or further down, may match. */
  reaches(folder: string): boolean {
    const states = this.#statesAt(folder);
    states.delete(this.#parts.length);
    return states.size > 0;
  }

  /** How much of the pattern may stand for that path: the parts that come next. */
  #statesAt(path: string): Set<number> {
    const prefix = this.base === sep ? sep : this.base + sep;
    if (path === this.base) return this.#withEmptyFolders([0]);
    if (!path.startsWith(prefix)) return new Set();
    let states = this.#withEmptyFolders([0]);
    for (const name of path.slice(prefix.length).split(sep)) {
      states = this.#withEmptyFolders([...states].flatMap((state) => this.#after(state, name)));
    }
    return states;
  }

  #after(state: number, name: string): number[] {
    const part = this.#parts[state];
    if (part === undefined) return [];
    if (part === '**') return name.startsWith('.') || NEVER_MEANT.has(name) ? [] : [state];
    if (!part.isPlain && (NEVER_MEANT.has(name) || (name.startsWith('.') && !part.isHidden))) return [];
    return part.regExp.test(name) ? [state + 1] : [];
  }

  /** `**` may stand for no folder at all. */
  #withEmptyFolders(states: readonly number[]): Set<number> {
    const all = new Set(states);
    // A set's loop also visits what is added meanwhile.
    for (const state of all) if (this.#parts[state] === '**') all.add(state + 1);
    return all;
  }
}

function partOf(text: string): Part {
  if (text === '**') return '**';
  return { regExp: nameRegExp(text), isPlain: !isPattern(text), isHidden: text.startsWith('.') };
}

function nameRegExp(text: string): RegExp {
  const tokens = text.match(/\[!?\]?[^\]]*\]|[\s\S]/g) ?? [];
  return new RegExp(`^${tokens.map(tokenText).join('')}$`, 'su');
}

function tokenText(token: string): string {
  if (token === '*') return '.*';
  if (token === '?') return '.';
  if (token.length > 1 && token.startsWith('[')) {
    const isNegated = token[1] === '!';
    const characters = token.slice(isNegated ? 2 : 1, -1).replace(/[\\\]^[]/g, '\\$&');
    return `[${isNegated ? '^' : ''}${characters}]`;
  }
  return token.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

import { nearest } from '../../base/edit-distance.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { placeOfNginxName } from './nginx-names.ts';
import type { AppNames } from './read-apps.ts';
import type { Place, TomlEntry, TomlNode, TomlTable } from './toml-node.ts';
import { fileValue } from './toml-value.ts';

/** Where problems go, and whose they are. */
export interface TomlContext {
  /** The file as people know it. */
  readonly file: string;
  /** The absolute one that it lies in. */
  readonly folder: string;
  /** All of it: what one table says may name another. */
  readonly document: TomlTable;
  readonly problems: TomlProblem[];
  readonly apps: AppNames;
}

export interface TomlProblem {
  readonly place: Place;
  readonly message: string;
}

/** The names of the tables below one at the top of the file: `shop` of `[upstreams.shop]`. */
export function namesBelow({ document }: TomlContext, key: string): readonly string[] {
  const node = document.entries.get(key)?.node;
  return node?.kind === 'table' ? [...node.entries.keys()] : [];
}

/** Reads the keys of one table. What is wrong is noted, and read as if it were not there. */
export class TableReader {
  readonly #table: TomlTable;
  readonly #context: TomlContext;
  readonly #known: readonly string[];

  /** `what`: how people call such a table; `known`: the keys that it may have. */
  constructor(table: TomlTable, what: string, known: readonly string[], context: TomlContext) {
    this.#table = table;
    this.#context = context;
    this.#known = known;
    for (const [key, { place }] of table.entries) {
      if (known.includes(key)) continue;
      this.note(place, `${key} is nothing that ${what} has; ${hintFor(key, known)}`);
    }
  }

  /** Of those keys, the ones that are there. */
  present(...keys: readonly string[]): readonly string[] {
    return keys.filter((key) => this.#table.entries.has(key));
  }

  /** What stands there, in the words of whoever reads it; undefined: nothing, or nothing right. */
  read<T>(key: string, as: (value: FileValue) => T): T | undefined {
    const entry = this.entry(key);
    if (entry === undefined) return undefined;
    try {
      const value = fileValue(entry.node);
      if (value instanceof ValueProblem) throw value;
      return as(value);
    } catch (error) {
      if (!(error instanceof ValueProblem)) throw error;
      this.note(entry.place, `${key} = ${entry.node.text}: ${error.message}`);
      return undefined;
    }
  }

  entry(key: string): TomlEntry | undefined {
    if (!this.#known.includes(key)) throw new Error(`${key} is not among the known keys`);
    return this.#table.entries.get(key);
  }

  /** The tables of an array of them. */
  tables(key: string): readonly TomlTable[] {
    const entry = this.entry(key);
    if (entry === undefined) return [];
    const { node, place } = entry;
    const items: readonly TomlNode[] = node.kind === 'array' ? node.items : [node];
    const tables = items.filter((item) => item.kind === 'table');
    if (node.kind !== 'array' || tables.length < items.length) {
      this.note(place, `${key} = ${node.text}: not an array of tables; each begins with [[${key}]]`);
      return [];
    }
    return tables;
  }

  note(place: Place, message: string): void {
    this.#context.problems.push({ place, message });
  }
}

function hintFor(key: string, known: readonly string[]): string {
  const place = placeOfNginxName(key, known);
  if (place !== null) return `what nginx says by it stands in ${place}`;
  const meant = nearest(key, known);
  return meant === null ? `it may have ${known.join(', ')}` : `did you mean ${meant}?`;
}

// --- what values are read as ---------------------------------------------------------------------------------

export function text(value: FileValue): string {
  if (typeof value === 'string') return value;
  throw new ValueProblem('not a string');
}

export function texts(value: FileValue): readonly string[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.every((item) => typeof item === 'string')) return list;
  throw new ValueProblem('not a string, or an array of strings');
}

/** A whole number within the bounds, both included. */
export function integerFrom(min: number, max: number): (value: FileValue) => number {
  return (value) => {
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) {
      return value as number;
    }
    throw new ValueProblem(`not a whole number from ${min} to ${max}`);
  };
}

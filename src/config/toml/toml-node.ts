// A TOML document as a tree in which everything has its place.

/** Both count from 1; a column is a UTF-16 unit, as in most editors. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** As compilers say it: `kirin.toml:3:1`. */
export function placeIn(file: string, { line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

interface Placed {
  readonly place: Place;
  /** As it is written; of a table with a header of its own, that header. */
  readonly text: string;
}

export interface TomlScalar extends Placed {
  readonly kind: 'scalar';
  readonly value: string | number | bigint | boolean | Date;
}

export interface TomlArray extends Placed {
  readonly kind: 'array';
  readonly items: readonly TomlNode[];
}

export interface TomlTable extends Placed {
  readonly kind: 'table';
  readonly entries: ReadonlyMap<string, TomlEntry>;
}

export type TomlNode = TomlScalar | TomlArray | TomlTable;

export interface TomlEntry {
  /** Of the key. */
  readonly place: Place;
  readonly node: TomlNode;
}

/** What is no TOML. */
export interface TomlFault {
  readonly fault: string;
  readonly place: Place;
}

import type { TableReader, TomlContext } from '../toml/table-reader.ts';

/** One key of a table: what JSON Schema says of its values, and how it is read. */
export interface Part<T> {
  readonly key: string;
  /** Keys beside it that belong to it alone, and what JSON Schema says of theirs. */
  readonly companions?: Readonly<Record<string, object>>;
  readonly schema: object;
  /** undefined: it is not there, or wrong, which has been noted. */
  read(reader: TableReader, context: TomlContext): T | undefined;
}

export function keysOf(parts: readonly Part<unknown>[]): readonly string[] {
  return parts.flatMap(({ key, companions }) => [key, ...Object.keys(companions ?? {})]);
}

export function propertiesOf(parts: readonly Part<unknown>[]): Readonly<Record<string, object>> {
  return Object.assign({}, ...parts.map(({ key, schema, companions }) => ({ [key]: schema, ...companions })));
}

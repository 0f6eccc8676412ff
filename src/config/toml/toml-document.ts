// Reads TOML, with the place of everything. This module alone knows the library, and is a bundle of its own: it is loaded when there is a file.

import { type AST, getStaticTOMLValue, ParseError, parseTOML } from 'toml-eslint-parser';

export type TomlValue =
  | boolean
  | number
  | bigint
  | string
  | Date
  | readonly TomlValue[]
  | { readonly [key: string]: TomlValue };

/** Both count from 1; a column is a UTF-16 unit, as in most editors. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A key of the document's top, which may be a table's. */
export interface TomlEntry {
  readonly key: string;
  readonly value: TomlValue;
  /** The value as it is written; of a table of its own, its header. */
  readonly text: string;
  readonly place: Place;
}

/** What is no TOML. */
export interface TomlFault {
  readonly fault: string;
  readonly place: Place;
}

export function readToml(source: string): readonly TomlEntry[] | TomlFault {
  let program: AST.TOMLProgram;
  try {
    program = parseTOML(source, { tomlVersion: '1.0' });
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const place = { line: error.lineNumber, column: error.column + 1 };
    return { fault: error.message, place: whereTextEnds(source, place) };
  }
  const values = getStaticTOMLValue(program) as Record<string, TomlValue>;
  const entries = new Map<string, TomlEntry>();
  for (const node of program.body[0].body) {
    const { key, text } = described(node, source);
    // A table may be spread over several places: the first is the one that is named.
    if (entries.has(key)) continue;
    const { line, column } = node.loc.start;
    entries.set(key, { key, value: values[key] as TomlValue, text, place: { line, column: column + 1 } });
  }
  return [...entries.values()];
}

/** What is missing at the end of a line is noticed on a later one. */
function whereTextEnds(source: string, place: Place): Place {
  const lines = source.split(/\r?\n/).slice(0, place.line);
  let text = (lines.pop() ?? '').slice(0, place.column);
  if (text.trim() !== '') return place;
  while (text.trim() === '' && lines.length > 0) text = lines.pop() as string;
  return { line: lines.length + 1, column: text.trimEnd().length + 1 };
}

function described(
  node: AST.TOMLKeyValue | AST.TOMLTable,
  source: string,
): { readonly key: string; readonly text: string } {
  const sourceOf = ({ range: [start, end] }: { readonly range: readonly [number, number] }): string =>
    source.slice(start, end);
  if (node.type === 'TOMLTable') {
    const text = sourceOf(node).split('\n', 1)[0] as string;
    return { key: String(node.resolvedKey[0]), text };
  }
  const [first] = node.key.keys;
  return { key: nameOf(first as AST.TOMLBare | AST.TOMLQuoted), text: sourceOf(node.value) };
}

function nameOf(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === 'TOMLBare' ? key.name : key.value;
}

// Reads TOML. This module alone knows the library, and is a bundle of its own: it is loaded when there is a file.

import { type AST, ParseError, parseTOML } from 'toml-eslint-parser';
import type { Place, TomlArray, TomlEntry, TomlFault, TomlNode, TomlTable } from './toml-node.ts';

interface OpenTable extends TomlTable {
  readonly entries: Map<string, TomlEntry>;
}

interface OpenArray extends TomlArray {
  readonly items: TomlNode[];
}

export function readToml(source: string): TomlTable | TomlFault {
  try {
    const program = parseTOML(source, { tomlVersion: '1.0' });
    return new TreeBuilder(source).build(program.body[0]);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const place = { line: error.lineNumber, column: error.column + 1 };
    return { fault: error.message, place: whereTextEnds(source, place) };
  }
}

/** What is missing at the end of a line is noticed on a later one. */
function whereTextEnds(source: string, place: Place): Place {
  const lines = source.split(/\r?\n/).slice(0, place.line);
  let text = (lines.pop() ?? '').slice(0, place.column);
  if (text.trim() !== '') return place;
  while (text.trim() === '' && lines.length > 0) text = lines.pop() as string;
  return { line: lines.length + 1, column: text.trimEnd().length + 1 };
}

/** The library has made sure that nothing is defined twice. */
class TreeBuilder {
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  build(top: AST.TOMLTopLevelTable): TomlTable {
    const root = openTable({ line: 1, column: 1 }, '');
    for (const node of top.body) {
      if (node.type === 'TOMLTable') this.#addTable(root, node);
      else this.#addPair(root, node);
    }
    return root;
  }

  #addTable(root: OpenTable, node: AST.TOMLTable): void {
    let table = root;
    const place = placeOf(node);
    const header = this.#textOf(node).split('\n', 1)[0] as string;
    const path = node.resolvedKey;
    for (const [index, step] of path.entries()) {
      if (typeof step === 'number') continue;
      const element = path[index + 1];
      table =
        typeof element === 'number'
          ? elementOf(arrayIn(table, step, place, header), element, place, header)
          : tableIn(table, step, place, header);
    }
    for (const pair of node.body) this.#addPair(table, pair);
  }

  #addPair(within: OpenTable, pair: AST.TOMLKeyValue): void {
    const names = pair.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value));
    const last = names.pop() as string;
    const place = placeOf(pair);
    let table = within;
    for (const name of names) table = tableIn(table, name, place, this.#textOf(pair.value));
    table.entries.set(last, { place, node: this.#nodeOf(pair.value) });
  }

  #nodeOf(content: AST.TOMLContentNode): TomlNode {
    const placed = { place: placeOf(content), text: this.#textOf(content) };
    switch (content.type) {
      case 'TOMLArray':
        return { kind: 'array', ...placed, items: content.elements.map((item) => this.#nodeOf(item)) };
      case 'TOMLInlineTable': {
        const table = openTable(placed.place, placed.text);
        for (const pair of content.body) this.#addPair(table, pair);
        return table;
      }
      default:
        return { kind: 'scalar', ...placed, value: content.value };
    }
  }

  #textOf({ range: [start, end] }: { readonly range: readonly [number, number] }): string {
    return this.#source.slice(start, end);
  }
}

function openTable(place: Place, text: string): OpenTable {
  return { kind: 'table', place, text, entries: new Map() };
}

/** The table of that name, made where it is missing. */
function tableIn(table: OpenTable, name: string, place: Place, text: string): OpenTable {
  const found = table.entries.get(name)?.node;
  if (found !== undefined) return (found.kind === 'array' ? found.items.at(-1) : found) as OpenTable;
  const made = openTable(place, text);
  table.entries.set(name, { place, node: made });
  return made;
}

function arrayIn(table: OpenTable, name: string, place: Place, text: string): OpenArray {
  const found = table.entries.get(name)?.node;
  if (found !== undefined) return found as OpenArray;
  const made: OpenArray = { kind: 'array', place, text, items: [] };
  table.entries.set(name, { place, node: made });
  return made;
}

function elementOf(array: OpenArray, index: number, place: Place, text: string): OpenTable {
  const found = array.items[index];
  if (found !== undefined) return found as OpenTable;
  const made = openTable(place, text);
  array.items.push(made);
  return made;
}

function placeOf({ loc }: { readonly loc: { readonly start: Place } }): Place {
  return { line: loc.start.line, column: loc.start.column + 1 };
}

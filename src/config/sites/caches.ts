// `[caches.NAME]` of a kirin.toml.

import type { CacheSpec } from '../../protocol/supervision/cache.ts';
import { integerFrom, TableReader, type TomlContext } from '../toml/table-reader.ts';
import { byteCount, waitFrom } from './values.ts';

const PROPERTIES = {
  size: { type: ['integer', 'string'], description: 'Of all that is kept: 100m.' },
  entries: { type: 'integer', minimum: 1, description: 'How many responses are kept.' },
  inactive: { type: ['integer', 'string'], description: 'What was not asked for this long is removed: 10m.' },
  variants: { type: 'integer', minimum: 1, maximum: 1000, description: 'Of one URI, by Vary.' },
};

export const CACHES_SCHEMA = {
  description: 'Caches of responses, by their names.',
  type: 'object',
  additionalProperties: { type: 'object', additionalProperties: false, properties: PROPERTIES },
};

const MEBIBYTE = 1 << 20;
const DEFAULT_BYTES = 64 * MEBIBYTE;
const DEFAULT_ENTRIES = 20_000;
/** Nginx's. */
const DEFAULT_INACTIVE_MS = 600_000;
const DEFAULT_VARIANTS = 16;

/** `top`: the file's own table. */
export function readCaches(top: TableReader, context: TomlContext): readonly CacheSpec[] {
  const entry = top.entry('caches');
  if (entry === undefined) return [];
  if (entry.node.kind !== 'table') {
    top.note(
      entry.place,
      `caches = ${entry.node.text}: each cache is a table of its own, such as [caches.pages]`,
    );
    return [];
  }
  const specs: CacheSpec[] = [];
  for (const [name, { node, place }] of entry.node.entries) {
    if (node.kind !== 'table')
      top.note(place, `${name} = ${node.text}: not a table; begin one with [caches.${name}]`);
    else specs.push(readCache(name, new TableReader(node, 'a cache', Object.keys(PROPERTIES), context)));
  }
  return specs;
}

function readCache(name: string, reader: TableReader): CacheSpec {
  return {
    name,
    folder: null,
    maxBytes: reader.read('size', byteCount) ?? DEFAULT_BYTES,
    maxEntries: reader.read('entries', integerFrom(1, 10_000_000)) ?? DEFAULT_ENTRIES,
    inactiveMs: reader.read('inactive', waitFrom(1000)) ?? DEFAULT_INACTIVE_MS,
    maxVariants: reader.read('variants', integerFrom(1, 1000)) ?? DEFAULT_VARIANTS,
  };
}

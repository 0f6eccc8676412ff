// `[caches.NAME]` of a kirin.toml.

import { resolve } from 'node:path';
import type { CacheSpec } from '../../protocol/supervision/cache.ts';
import { integerFrom, TableReader, type TomlContext, text } from '../toml/table-reader.ts';
import { STRING } from './schemas.ts';
import { byteCount, waitFrom } from './values.ts';

const PROPERTIES = {
  folder: { ...STRING, description: 'Where responses are kept; in memory without it.' },
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
const DEFAULT_BYTES = { memory: 64 * MEBIBYTE, disk: 1024 * MEBIBYTE };
const DEFAULT_ENTRIES = { memory: 20_000, disk: 100_000 };
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
    if (node.kind !== 'table') {
      top.note(place, `${name} = ${node.text}: not a table; begin one with [caches.${name}]`);
      continue;
    }
    const spec = readCache(name, new TableReader(node, 'a cache', Object.keys(PROPERTIES), context), context);
    const other = specs.find(({ folder }) => folder !== null && folder === spec.folder);
    if (other !== undefined)
      top.note(place, `its folder is that of [caches.${other.name}]; each has its own`);
    specs.push(spec);
  }
  return specs;
}

function readCache(name: string, reader: TableReader, context: TomlContext): CacheSpec {
  const folder = reader.read('folder', (value) => resolve(context.folder, text(value))) ?? null;
  const where = reader.present('folder').length === 0 ? 'memory' : 'disk';
  return {
    name,
    folder,
    maxBytes: reader.read('size', byteCount) ?? DEFAULT_BYTES[where],
    maxEntries: reader.read('entries', integerFrom(1, 10_000_000)) ?? DEFAULT_ENTRIES[where],
    inactiveMs: reader.read('inactive', waitFrom(1000)) ?? DEFAULT_INACTIVE_MS,
    maxVariants: reader.read('variants', integerFrom(1, 1000)) ?? DEFAULT_VARIANTS,
  };
}

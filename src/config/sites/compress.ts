// `compress` of a site or a route.

import type { CompressionCoding, CompressionSpec } from '../../protocol/supervision/site.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { TableReader, type TomlContext, texts } from '../toml/table-reader.ts';
import type { TomlTable } from '../toml/toml-node.ts';
import { STRINGS } from './schemas.ts';
import { byteCount, truth } from './values.ts';

const CODINGS = ['zstd', 'br', 'gzip'] as const satisfies readonly CompressionCoding[];

/** Each has its own scale, and its own best trade. */
const LEVELS = {
  zstd: { min: 1, max: 19, usual: 3 },
  br: { min: 0, max: 11, usual: 4 },
  gzip: { min: 1, max: 9, usual: 5 },
} as const;

/** What is worth it: the rest is compressed already. */
const TYPES = [
  'text/*',
  'application/json',
  'application/*+json',
  'application/ndjson',
  'application/javascript',
  'application/x-javascript',
  'application/xml',
  'application/*+xml',
  'application/wasm',
  'application/vnd.ms-fontobject',
  'font/otf',
  'font/ttf',
  'image/svg+xml',
  'image/bmp',
  'image/vnd.microsoft.icon',
  'image/x-icon',
];

const MIN_BYTES = 1024;

const level = { type: 'integer', minimum: 0, maximum: 19 };

const PROPERTIES = {
  encodings: {
    type: ['string', 'array'],
    items: { enum: CODINGS },
    description: 'The preferred one first.',
  },
  types: { ...STRINGS, description: 'Media types: text/html, text/*, application/*+json, *.' },
  min_size: { type: ['integer', 'string'], description: 'Shorter bodies are sent as they are: 1k.' },
  level: {
    description: 'For every coding, or for each its own.',
    type: ['integer', 'object'],
    minimum: 0,
    maximum: 19,
    additionalProperties: false,
    properties: { zstd: level, br: level, gzip: level },
  },
};

export const COMPRESS_SCHEMA = {
  description: 'Whether responses are compressed, for clients that take it.',
  type: ['boolean', 'object'],
  additionalProperties: false,
  properties: PROPERTIES,
};

const USUAL: CompressionSpec = {
  encodings: CODINGS,
  types: TYPES,
  minBytes: MIN_BYTES,
  levels: { zstd: LEVELS.zstd.usual, br: LEVELS.br.usual, gzip: LEVELS.gzip.usual },
};

/** `within` is the table that it stands in. undefined: it is not there, or wrong; null: off. */
export function compression(within: TableReader, context: TomlContext): CompressionSpec | null | undefined {
  const entry = within.entry('compress');
  if (entry?.node.kind === 'table') return fromTable(entry.node, context);
  const isOn = within.read('compress', truth);
  if (isOn === undefined) return undefined;
  return isOn ? USUAL : null;
}

function fromTable(table: TomlTable, context: TomlContext): CompressionSpec {
  const reader = new TableReader(table, 'compress', Object.keys(PROPERTIES), context);
  return {
    encodings: reader.read('encodings', codings) ?? USUAL.encodings,
    types: reader.read('types', types) ?? USUAL.types,
    minBytes: reader.read('min_size', byteCount) ?? USUAL.minBytes,
    levels: reader.read('level', levels) ?? USUAL.levels,
  };
}

function codings(value: FileValue): readonly CompressionCoding[] {
  const list = texts(value);
  const wrong = list.find((name) => !isCoding(name));
  if (wrong !== undefined) throw new ValueProblem(`'${wrong}' is none of ${CODINGS.join(', ')}`);
  if (list.length === 0) throw new ValueProblem('none is left; compress = false turns it off');
  return list.filter(isCoding);
}

function types(value: FileValue): readonly string[] {
  return texts(value).map((type) => {
    const lower = type.toLowerCase();
    if (lower === '*' || /^[\w.+*-]+\/[\w.+*-]+$/.test(lower)) return lower;
    throw new ValueProblem(`'${type}' is no media type; give one such as text/html or text/*`);
  });
}

function levels(value: FileValue): CompressionSpec['levels'] {
  if (typeof value === 'number') {
    const each = (coding: CompressionCoding) => levelOf(coding, Math.min(value, LEVELS[coding].max));
    return { zstd: each('zstd'), br: each('br'), gzip: each('gzip') };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ValueProblem('not a number, or a table such as { gzip = 6, br = 5 }');
  }
  const given: Record<CompressionCoding, number> = { ...USUAL.levels };
  for (const [name, each] of Object.entries(value)) {
    if (!isCoding(name)) throw new ValueProblem(`${name} is none of ${CODINGS.join(', ')}`);
    given[name] = levelOf(name, each);
  }
  return given;
}

function levelOf(coding: CompressionCoding, value: FileValue): number {
  const { min, max } = LEVELS[coding];
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new ValueProblem(`${coding} has levels from ${min} to ${max}`);
}

function isCoding(name: string): name is CompressionCoding {
  return (CODINGS as readonly string[]).includes(name);
}

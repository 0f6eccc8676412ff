// `files` of a route: a folder, or a table that begins with one.

import { resolve } from 'node:path';
import type { FileRouteSpec } from '../../protocol/supervision/site.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { TableReader, type TomlContext, text, texts } from '../toml/table-reader.ts';
import type { TomlTable } from '../toml/toml-node.ts';
import { insideTarget } from './inside.ts';
import { STRING, STRINGS } from './schemas.ts';
import { template } from './template.ts';
import { seconds, truth } from './values.ts';

const PROPERTIES = {
  folder: { ...STRING, description: 'What follows the path is looked up in it.' },
  root: { ...STRING, description: 'The whole path is looked up in it.' },
  index: { ...STRINGS, description: 'What is served for a folder.' },
  listing: { type: 'boolean', description: 'Whether folders without an index are shown.' },
  try: {
    ...STRINGS,
    description: 'Paths, the first of which that is there is served: $uri, $uri/, /index.html.',
  },
  missing: {
    type: ['integer', 'string'],
    minimum: 400,
    maximum: 599,
    pattern: '^(next$|@|/)',
    description: 'Where there is no file: a status, next, @NAME of a route, or another path.',
  },
  expires: { type: ['integer', 'string'], description: 'Seconds, or 30d.' },
  cache_control: { ...STRING, description: 'The Cache-Control field.' },
  symlinks: { enum: ['off', 'inside', 'follow'] },
  dotfiles: { type: 'boolean' },
  precompressed: { type: 'boolean', description: 'Whether .br, .zst and .gz beside a file are used.' },
};

export const FILES_SCHEMA = {
  description: 'A folder whose files are served, or a table that begins with one.',
  type: ['string', 'object'],
  additionalProperties: false,
  properties: PROPERTIES,
};

const DEFAULTS: Omit<FileRouteSpec, 'folder'> = {
  mapping: 'alias',
  index: ['index.html'],
  listing: false,
  missing: 404,
  cacheControl: null,
  expires: null,
  symlinks: 'inside',
  dotfiles: false,
  precompressed: true,
  tries: null,
};

/** `within` is the table that it stands in. null: there is none, or nothing right. */
export function files(within: TableReader, context: TomlContext): FileRouteSpec | null {
  const entry = within.entry('files');
  if (entry === undefined) return null;
  if (entry.node.kind === 'table') return fromTable(entry.node, context);
  const folder = within.read('files', text);
  return folder === undefined ? null : { ...DEFAULTS, folder: resolve(context.folder, folder) };
}

function fromTable(table: TomlTable, context: TomlContext): FileRouteSpec | null {
  const reader = new TableReader(table, 'files', Object.keys(PROPERTIES), context);
  const folders = reader.present('folder', 'root');
  const folder = reader.read('folder', text) ?? reader.read('root', text);
  if (folders.length !== 1) {
    const fault = folders.length === 0 ? 'files need a folder' : 'files have either a folder or a root';
    reader.note(
      table.place,
      `${fault}: folder = "static" looks up what follows the path, root the whole path`,
    );
  }
  if (folder === undefined) return null;
  return {
    folder: resolve(context.folder, folder),
    mapping: folders[0] === 'root' ? 'root' : 'alias',
    index: reader.read('index', names) ?? DEFAULTS.index,
    listing: reader.read('listing', truth) ?? DEFAULTS.listing,
    missing: reader.read('missing', missing) ?? DEFAULTS.missing,
    cacheControl: reader.read('cache_control', fieldValue) ?? DEFAULTS.cacheControl,
    expires: reader.read('expires', seconds) ?? DEFAULTS.expires,
    symlinks: reader.read('symlinks', symlinks) ?? DEFAULTS.symlinks,
    dotfiles: reader.read('dotfiles', truth) ?? DEFAULTS.dotfiles,
    precompressed: reader.read('precompressed', truth) ?? DEFAULTS.precompressed,
    tries: reader.read('try', tries) ?? DEFAULTS.tries,
  };
}

function names(value: FileValue): readonly string[] {
  const list = texts(value);
  const wrong = list.find((name) => name === '' || name.includes('/') || /^\.{1,2}$/.test(name));
  if (wrong === undefined) return list;
  throw new ValueProblem(`'${wrong}' is no name of a file; give one such as index.html`);
}

function missing(value: FileValue): FileRouteSpec['missing'] {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 400 && value <= 599) return value;
  const target = typeof value === 'string' && value !== 'next' ? insideTarget(value) : null;
  if (value === 'next') return value;
  if (target !== null) return target;
  throw new ValueProblem(
    'not a status from 400 to 599, "next", which asks the routes behind this one, "@NAME" of a route, or a path',
  );
}

function tries(value: FileValue): readonly string[] {
  const list = texts(value).map(template);
  const wrong = list.find((path) => !/^[/$]/.test(path));
  if (wrong !== undefined) {
    throw new ValueProblem(`'${wrong}' is no path; give those that are tried, such as "$uri" and "$uri/"`);
  }
  if (list.length === 0) throw new ValueProblem('nothing is tried');
  return list;
}

function fieldValue(value: FileValue): string {
  const written = text(value);
  if (/^[\x21-\x7e][\x20-\x7e]*$/.test(written)) return written;
  throw new ValueProblem(
    'not a value for Cache-Control; give one such as "public, max-age=31536000, immutable"',
  );
}

function symlinks(value: FileValue): FileRouteSpec['symlinks'] {
  if (value === 'off' || value === 'inside' || value === 'follow') return value;
  throw new ValueProblem('not "off", "inside" (those that stay within the folder) or "follow"');
}

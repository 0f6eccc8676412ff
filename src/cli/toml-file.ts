// Reads a kirin.toml.

import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { KirinError } from '../base/errors.ts';
import type { FileSettings } from '../config/file-settings.ts';
import type * as TomlDocument from '../config/toml/toml-document.ts';
import { type Place, placeIn } from '../config/toml/toml-node.ts';
import { tomlSettings } from '../config/toml/toml-settings.ts';

/** A bundle of its own: most starts have no such file. */
const DOCUMENT_MODULE = new URL('../config/toml/toml-document.js', import.meta.url).href;

/**
 * `location` is absolute; `name` is the file as people know it; `hasCommandApp`: the command line names an application.
 * @throws {KirinError} when it cannot be read, or is no TOML
 */
export async function readTomlFile(
  location: string,
  name: string,
  hasCommandApp: boolean,
): Promise<FileSettings> {
  const source = readText(location, name);
  const { readToml } = (await import(DOCUMENT_MODULE)) as typeof TomlDocument;
  const read = readToml(source);
  if ('fault' in read) {
    const { fault, place } = read;
    throw new KirinError(
      'config-file-unusable',
      `${placeIn(name, place)}: ${lowerFirst(fault)}`,
      pointedAt(source, place),
    );
  }
  return tomlSettings(name, dirname(location), read, hasCommandApp);
}

function readText(location: string, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(location));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8' : message;
    throw new KirinError('config-file-unusable', `${name} cannot be read: ${reason}`);
  }
}

/** The line, with a mark below the place, and what is most often wrong there. */
function pointedAt(source: string, { line, column }: Place): string {
  const text = source.split(/\r?\n/)[line - 1] ?? '';
  const mark = text.slice(0, column - 1).replace(/[^\t]/g, ' ');
  return `\n    ${text}\n    ${mark}^\n${unquoted(text)}`;
}

/** `bind = 0.0.0.0:80`, as one writes it elsewhere. */
function unquoted(line: string): string {
  const [, key, value = ''] = /^\s*([\w-]+)\s*=\s*([^"'[{#\s][^#]*)/.exec(line) ?? [];
  if (key === undefined || /^([+-]?\d[\d_]*(\.\d+)?|true|false)\s*$/.test(value)) return '';
  return `Texts stand in quotes: ${key} = "${value.trim()}"\n`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

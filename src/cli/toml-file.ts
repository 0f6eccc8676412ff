// Reads a kirin.toml.

import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { KirinError } from '../base/errors.ts';
import type { FileSettings } from '../config/file-settings.ts';
import type * as KirinToml from '../config/toml/kirin-toml.ts';
import { type Place, placeIn } from '../config/toml/toml-node.ts';

/** A bundle of its own: most starts have no such file. */
const TOML_MODULE = new URL('../config/toml/kirin-toml.js', import.meta.url).href;

const loadToml = async (): Promise<typeof KirinToml> => import(TOML_MODULE);

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
  const { readKirinToml } = await loadToml();
  const read = readKirinToml({ source, name, folder: dirname(location), hasCommandApp });
  if ('fault' in read) {
    const { fault, place } = read;
    throw new KirinError(
      'config-file-unusable',
      `${placeIn(name, place)}: ${lowerFirst(fault)}`,
      pointedAt(source, place),
    );
  }
  return read;
}

/** The JSON Schema of such files. */
export async function tomlSchema(): Promise<string> {
  return (await loadToml()).schemaText();
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
  const truth = TRUTHS[value.trim().toLowerCase()];
  if (truth !== undefined) return `It is either true or false: ${key} = ${truth}\n`;
  return `Texts stand in quotes: ${key} = "${value.trim()}"\n`;
}

/** As it is said elsewhere. */
const TRUTHS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  false: false,
  no: false,
  off: false,
};

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

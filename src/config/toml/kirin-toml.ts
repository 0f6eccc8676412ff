// All that reads a kirin.toml, for a bundle of its own: most starts have no such file, and do without the code.

import type { FileSettings } from '../file-settings.ts';
import { jsonSchema } from './json-schema.ts';
import { readToml } from './toml-document.ts';
import type { TomlFault } from './toml-node.ts';
import { tomlSettings } from './toml-settings.ts';

export interface TomlText {
  readonly source: string;
  /** The file as people know it. */
  readonly name: string;
  /** The absolute one that it lies in. */
  readonly folder: string;
  /** The command line names an application. */
  readonly hasCommandApp: boolean;
}

export function readKirinToml({ source, name, folder, hasCommandApp }: TomlText): FileSettings | TomlFault {
  const document = readToml(source);
  return 'fault' in document ? document : tomlSettings(name, folder, document, hasCommandApp);
}

export function schemaText(): string {
  return `${JSON.stringify(jsonSchema(), null, 2)}\n`;
}

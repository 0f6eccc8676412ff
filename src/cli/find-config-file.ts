import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { KirinError } from '../base/errors.ts';
import type { BeforeFile } from '../config/resolve.ts';

/**
 * `python:MODULE`, an absolute path, or null: there is none, and nobody named one.
 * @throws {KirinError}
 */
export function findConfigFile({ config, configSource }: BeforeFile, cwd: string): string | null {
  if (config.startsWith('python:')) return config;
  const path = resolve(cwd, config.replace(/^file:/, ''));
  if (existsSync(path)) return path;
  if (configSource === null) return null;
  throw new KirinError(
    'config-file-unusable',
    `there is no configuration file ${path} (from ${configSource})`,
  );
}

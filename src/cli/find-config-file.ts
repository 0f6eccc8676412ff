import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { KirinError } from '../base/errors.ts';
import type { BeforeFile } from '../config/resolve.ts';

/** What `kirin` without an application runs. */
export const KIRIN_TOML = 'kirin.toml';

/**
 * `python:MODULE`, an absolute path, or null: there is none, and nobody named one.
 * @throws {KirinError}
 */
export function findConfigFile(
  { config, configSource, wsgi_app: app, paste }: BeforeFile,
  cwd: string,
): string | null {
  const own = resolve(cwd, KIRIN_TOML);
  if (configSource === null && app === null && paste === null && existsSync(own)) return own;
  if (config.startsWith('python:')) return config;
  const path = resolve(cwd, config.replace(/^file:/, ''));
  if (existsSync(path)) return path;
  if (configSource === null) return null;
  throw new KirinError(
    'config-file-unusable',
    `there is no configuration file ${path} (from ${configSource})`,
  );
}

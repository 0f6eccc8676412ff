// Reads a PasteDeploy file in the user's interpreter: python/kirin_worker/paste_server.py.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { KirinError } from '../base/errors.ts';
import { pasteGlobal } from '../config/paste-kinds.ts';
import type { PasteReport } from '../config/paste-settings.ts';
import type { PasteApp } from '../config/resolved-config.ts';
import type { Settings } from '../config/settings.ts';

const SCRIPT = fileURLToPath(new URL('../../python/kirin_worker/paste_server.py', import.meta.url));
const LIMIT_MS = 60_000;

export interface PasteFile {
  readonly app: PasteApp;
  readonly report: PasteReport;
}

type Source = Pick<Settings, 'raw_paste_global_conf'> & { readonly paste: NonNullable<Settings['paste']> };

/**
 * `folder` is what a relative path is relative to.
 * @throws {KirinError}
 */
export async function readPasteFile(
  { paste, raw_paste_global_conf: pairs }: Source,
  python: string,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<PasteFile> {
  const file = resolve(folder, paste.file);
  if (!existsSync(file)) throw new KirinError('config-file-unusable', `there is no PasteDeploy file ${file}`);
  const globals = Object.fromEntries(pairs.map(pasteGlobal));
  const report = await run(python, JSON.stringify({ file, globals }), env);
  if ('error' in report) throw new KirinError('config-file-unusable', report.error);
  return { app: { file, app: paste.app, globals }, report };
}

async function run(
  python: string,
  request: string,
  env: NodeJS.ProcessEnv,
): Promise<PasteReport | { readonly error: string }> {
  try {
    const { stdout } = await promisify(execFile)(python, [SCRIPT, request], { env, timeout: LIMIT_MS });
    return JSON.parse(stdout) as PasteReport;
  } catch (error) {
    throw new KirinError('python-unusable', `${python} cannot be run: ${(error as Error).message}`);
  }
}

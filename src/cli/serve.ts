import { closeSync, openSync } from 'node:fs';
import { KirinError } from '../base/errors.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { resolveConfig, type Start } from './resolve.ts';

/** This process becomes the arbiter, until it is told to stop. */
export async function serve(initial: ResolvedConfig, start: Start, onReady?: () => void): Promise<number> {
  // Relative paths of logs, sockets and the pid file are relative to the app's folder, as in Gunicorn.
  process.chdir(initial.settings.chdir);
  checkAccessLog(initial.settings.accesslog);
  const { runArbiter } = await import('../arbiter/run.ts');
  return runArbiter(initial, () => resolveConfig(start), onReady === undefined ? {} : { onReady });
}

/** The edge opens it, a process further down; here a wrong path ends the command with one clear line. */
function checkAccessLog(path: string | null): void {
  if (path === null || path === '-') return;
  try {
    closeSync(openSync(path, 'a'));
  } catch (error) {
    throw new KirinError('log-unusable', `the access log cannot be opened: ${(error as Error).message}`);
  }
}

import type { ResolvedConfig } from '../config/resolved-config.ts';
import { resolveConfig, type Start } from './resolve.ts';

/** This process becomes the arbiter, until it is told to stop. */
export async function serve(initial: ResolvedConfig, start: Start, onReady?: () => void): Promise<number> {
  // Relative paths of logs, sockets and the pid file are relative to the app's folder, as in Gunicorn.
  process.chdir(initial.settings.chdir);
  const { runArbiter } = await import('../arbiter/run.ts');
  return runArbiter(initial, () => resolveConfig(start), onReady === undefined ? {} : { onReady });
}

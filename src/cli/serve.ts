import { closeSync, openSync } from 'node:fs';
import { KirinError } from '../base/errors.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { configFrom, resolveStart, type Start } from './resolve.ts';

/** What a configuration file gets on a reload. At the start it gets what it takes, as in Gunicorn. */
const RELOAD_LIMIT_MS = 60_000;

/** This process becomes the arbiter, until it is told to stop. */
export async function serve(initial: ResolvedConfig, start: Start, onReady?: () => void): Promise<number> {
  // Relative paths of logs, sockets and the pid file are relative to the app's folder, as in Gunicorn.
  process.chdir(initial.settings.chdir);
  checkLogs(initial);
  const { runArbiter } = await import('../arbiter/run.ts');
  const resolveAgain = async () => checkLogs(configFrom(await resolveStart(start, RELOAD_LIMIT_MS), start));
  const { openedSockets, predecessor, argv, cwd, env } = start;
  return runArbiter(initial, resolveAgain, {
    command: { script: process.argv[1] as string, argv, cwd, env },
    openedSockets,
    predecessor,
    ...(onReady === undefined ? {} : { onReady }),
  });
}

/** The edge opens them too, a process further down; here a wrong path ends the command, or refuses a reload, with one clear line. */
function checkLogs(config: ResolvedConfig): ResolvedConfig {
  checkLog('error log', config.settings.errorlog);
  if (config.settings.accesslog !== null) checkLog('access log', config.settings.accesslog);
  return config;
}

function checkLog(what: string, path: string): void {
  if (path === '-') return;
  try {
    closeSync(openSync(path, 'a'));
  } catch (error) {
    throw new KirinError('log-unusable', `the ${what} cannot be opened: ${(error as Error).message}`);
  }
}

// -D: kirin starts itself once more, in a session of its own and without the terminal. The command stays until the daemon serves, or
// has failed: a deployment's script learns from the exit code what came of it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isatty } from 'node:tty';
import { KirinError } from '../base/errors.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { failureText } from './failure-text.ts';
import type { Program } from './program.ts';
import type { Start } from './resolve.ts';
import { serve } from './serve.ts';

/** Set in the daemon's own environment, and removed there at once: it must not reach a kirin that an application starts. */
const DAEMON_VARIABLE = 'KIRIN_IS_DAEMON';

type DaemonMessage = { readonly type: 'ready' } | { readonly type: 'failed'; readonly text: string };

/** What shells report for a command that Ctrl-C ended. */
const INTERRUPTED_EXIT_CODE = 130;

/** What Gunicorn's daemon sets. */
const DAEMON_UMASK = 0o022;

export async function runInBackground(config: ResolvedConfig, start: Start): Promise<number> {
  if (process.send === undefined || start.env[DAEMON_VARIABLE] === undefined)
    return startDaemon(config, start);
  delete process.env[DAEMON_VARIABLE];
  const { [DAEMON_VARIABLE]: _, ...env } = start.env;
  return beDaemon(config, { ...start, env });
}

async function beDaemon(config: ResolvedConfig, start: Start): Promise<number> {
  process.umask(DAEMON_UMASK);
  try {
    return await serve(config, start, () => leaveTerminal({ type: 'ready' }));
  } catch (error) {
    const text =
      error instanceof KirinError ? failureText(error, start.program) : `${(error as Error).stack}\n`;
    leaveTerminal({ type: 'failed', text });
    throw error;
  }
}

function leaveTerminal(message: DaemonMessage): void {
  // The terminal's command may have been interrupted; the daemon goes on.
  if (!process.connected) return;
  process.send?.(message, () => process.connected && process.disconnect());
}

async function startDaemon(config: ResolvedConfig, start: Start): Promise<number> {
  const script = process.argv[1] as string;
  const daemon = spawn(process.execPath, [...process.execArgv, script, ...start.argv], {
    // A process that is detached leads a new session, without a terminal.
    detached: true,
    stdio: ['ignore', outputOf(1, config), outputOf(2, config), 'ipc'],
    env: { ...start.env, [DAEMON_VARIABLE]: '1' },
  });
  let isReady = false;
  let failure: string | null = null;
  daemon.on('message', (message: DaemonMessage) => {
    if (message.type === 'ready') isReady = true;
    else failure = message.text;
  });
  let isInterrupted = false;
  const interrupt = () => {
    isInterrupted = true;
    daemon.kill('SIGINT');
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);

  const ended = once(daemon, 'exit');
  await Promise.race([once(daemon, 'disconnect'), ended]);
  if (isReady) {
    daemon.unref();
    return 0;
  }
  const [code] = (await ended) as [number | null];
  if (isInterrupted) {
    process.stderr.write(`${start.program}: interrupted before the daemon served; it was stopped\n`);
    return INTERRUPTED_EXIT_CODE;
  }
  await explainFailure(config, start.program, code, failure);
  // A daemon that somebody stopped before it served ended well, but the command has not done what it was asked to.
  return code || 1;
}

/** A terminal is left in any case. */
function outputOf(fd: number, { settings }: ResolvedConfig): 'inherit' | 'ignore' {
  return settings.enable_stdio_inheritance && !isatty(fd) ? 'inherit' : 'ignore';
}

async function explainFailure(
  config: ResolvedConfig,
  program: Program,
  code: number | null,
  failure: string | null,
): Promise<void> {
  if (failure !== null) {
    process.stderr.write(failure);
    return;
  }
  // The daemon has no terminal to write a traceback to: loading the application here shows what it saw.
  const { checkApp } = await import('./check-app.ts');
  const didLoad = (await checkApp(config, { program, isQuiet: true })) === 0;
  const { errorlog } = config.settings;
  const where = errorlog === '-' ? 'give --error-logfile FILE to see why' : `see ${errorlog}`;
  const reason = didLoad ? `with exit code ${code}; ${where}` : 'for the application does not load';
  process.stderr.write(`${program}: the daemon did not start, ${reason}\n`);
}

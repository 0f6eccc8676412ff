// Runs the configuration file in the user's interpreter: python/kirin_worker/conf.py.

import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { KirinError } from '../base/errors.ts';
import { ConfigFileExit, ConfigFileFailure } from '../config/config-error.ts';
import { type FileReport, type FileSettings, fileSettings } from '../config/file-settings.ts';
import type { BeforeFile } from '../config/resolve.ts';
import { SERVER_HOOKS } from '../config/server-hooks.ts';
import { SETTING_NAMES } from '../config/settings.ts';
import { chooseInterpreter } from './interpreter.ts';
import type { Start } from './resolve.ts';

const SCRIPT = fileURLToPath(new URL('../../python/kirin_worker/conf.py', import.meta.url));
const STDERR_FD = 2;
const REPORT_FD = 3;
/** For what is in the pipe when the process has ended. */
const LAST_WORDS_MS = 1000;
const DEADLY_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const;

type Report = FileReport | { readonly error: string } | { readonly exit: number | string | null };

/**
 * What the configuration file says. It runs as a child process, and nothing waits for it but this: on a
 * reload, a file that takes its time keeps the arbiter from none of its duties; it gets `limitMs`, when that is given.
 * @throws {KirinError}
 */
export async function readConfigFile(
  location: string,
  before: BeforeFile,
  start: Start,
  limitMs: number | null,
): Promise<FileSettings> {
  const python = chooseInterpreter(before.python, before.chdir, start.env);
  const report = await run(python.path, location, before.tls, start, limitMs);
  const name = nameOf(before.config);
  if ('error' in report) {
    throw new ConfigFileFailure(name, report.error.trimEnd());
  }
  if ('exit' in report) throw new ConfigFileExit(name, report.exit);
  return fileSettings(name, report);
}

const nameOf = (config: string): string => config.replace(/^file:/, '').replace(/^\.\//, '');

async function run(
  python: string,
  location: string,
  tls: BeforeFile['tls'],
  { program, argv, commandLine, cwd, env }: Start,
  limitMs: number | null,
): Promise<Report> {
  const request = { location, cwd, known: SETTING_NAMES, hooks: SERVER_HOOKS, tls, argv: [program, ...argv] };
  const printsConfig = commandLine.given.some(({ name }) => name === 'print_config');
  const child = spawn(python, [SCRIPT, JSON.stringify(request)], {
    cwd,
    env,
    // What it prints must not be taken for what was asked for.
    stdio: ['inherit', printsConfig ? STDERR_FD : 'inherit', 'inherit', 'pipe'],
  });
  const pipe = child.stdio[REPORT_FD] as Socket;
  // A kirin that is told to stop does not wait for it.
  let limit: NodeJS.Timeout | undefined;
  let isOverdue = false;
  if (limitMs !== null) {
    limit = setTimeout(() => {
      isOverdue = true;
      child.kill('SIGKILL');
    }, limitMs).unref();
    child.unref();
    pipe.unref();
  }
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const forget = limitMs === null ? endBySignalWith(endWithUs) : () => {};
  try {
    return await new Promise<Report>((resolveReport, reject) => {
      let line = '';
      pipe.setEncoding('utf8').on('data', (text: string) => {
        line += text;
        if (line.endsWith('\n')) resolveReport(JSON.parse(line) as Report);
      });
      child.once('error', ({ message }) =>
        reject(new KirinError('python-unusable', `${python} cannot be started: ${message}`)),
      );
      child.once('exit', (code, signal) => {
        const end = isOverdue ? `SIGKILL after ${(limitMs ?? 0) / 1000} s` : (signal ?? `exit code ${code}`);
        const fail = () => reject(endedEarly(python, location, end));
        if (pipe.closed) fail();
        else pipe.once('close', fail);
        // Something that the file has forked may hold the pipe open.
        setTimeout(fail, LAST_WORDS_MS).unref();
      });
    });
  } finally {
    clearTimeout(limit);
    pipe.destroy();
    process.off('exit', endWithUs);
    forget();
  }
}

/** At the start nobody listens for signals yet: one that ends this process must not leave that one behind. */
function endBySignalWith(endChild: () => void): () => void {
  const end = (signal: NodeJS.Signals) => {
    endChild();
    forget();
    process.kill(process.pid, signal);
  };
  const forget = () => {
    for (const signal of DEADLY_SIGNALS) process.off(signal, end);
  };
  for (const signal of DEADLY_SIGNALS) process.on(signal, end);
  return forget;
}

function endedEarly(python: string, location: string, end: string): KirinError {
  return new KirinError('config-file-unusable', `${python} ended with ${end} while it ran ${location}`);
}

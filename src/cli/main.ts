// The kirin command: argv → one command → exit code. What one command alone needs is imported by that command alone: the process
// that serves stays small, and starts fast.

import { type Predecessor, takePredecessor } from '../arbiter/predecessor.ts';
import { takeSystemdSockets } from '../arbiter/systemd-sockets.ts';
import { ERRORS, KirinError } from '../base/errors.ts';
import { parseWords } from '../config/command-line.ts';
import { keepStandardErrorBlocking } from '../observe/standard-error.ts';
import { commandHint, commandIn } from './commands.ts';
import { failureText } from './failure-text.ts';
import { type Program, programFrom, versionLine } from './program.ts';
import { configFrom, hasWork, resolveStart, type Start } from './resolve.ts';

/** Gunicorn's, for what nobody foresaw. */
const BUG_EXIT_CODE = 255;
/** The application could not be imported. */
const NO_MODULE_EXIT_CODE = 3;

async function main(): Promise<void> {
  keepStandardErrorBlocking();
  const predecessor = takePredecessor(process.env);
  try {
    // Not process.exit: what is still on its way to a pipe gets there.
    process.exitCode = await run(process.argv.slice(2), predecessor);
    suggestCommand(process.exitCode);
  } catch (error) {
    process.exitCode = explain(error, programFrom(process.argv[1]));
    suggestCommand(process.exitCode);
    // Its log is read, also when nobody reads this process's standard error.
    predecessor?.tell({ type: 'failed', text: error instanceof Error ? error.message : String(error) });
  }
  predecessor?.release();
}

async function run(argv: readonly string[], predecessor: Predecessor | null): Promise<number> {
  const program = programFrom(process.argv[1]);
  const command = commandIn(argv, program);
  if (command !== null) {
    const runCommand = await command.load();
    return runCommand({ words: argv.slice(1), env: process.env, cwd: process.cwd(), print });
  }
  const commandLine = parseWords(argv);
  const openedSockets = takeSystemdSockets(process.env, process.pid);
  const env = { ...process.env };
  const start: Start = { program, argv, commandLine, env, cwd: process.cwd(), openedSockets, predecessor };
  const { switches } = commandLine;
  if (switches.has('help') || switches.has('all')) {
    const { gunicornHelp, shortHelp, wholeHelp } = await import('./help.ts');
    if (switches.has('all')) return print(wholeHelp());
    return print(program === 'gunicorn' ? gunicornHelp() : shortHelp());
  }
  if (switches.has('version')) {
    const { version } = await import('../arbiter/version.ts');
    return print(versionLine(program, version(), process.versions.node));
  }

  if (switches.has('schema')) {
    const { tomlSchema } = await import('./toml-file.ts');
    return print(await tomlSchema());
  }

  const resolved = await resolveStart(start);
  const { settings } = resolved;
  if (settings.print_config) {
    const { configText } = await import('./print-config.ts');
    // What reads Gunicorn's lines from a pipe reads these.
    const form = switches.has('json') ? 'json' : process.stdout.isTTY ? 'sources' : 'plain';
    print(configText(resolved, form));
    // Gunicorn loads the application then; without one, what was asked for has been printed.
    if (!hasWork(resolved)) return 0;
  } else if (!hasWork(resolved)) {
    const { suggestApp } = await import('./suggest-app.ts');
    throw suggestApp(settings.chdir, argv, program);
  }

  const config = configFrom(resolved, start);
  if (settings.check_config || settings.print_config) {
    const { checkApp } = await import('./check-app.ts');
    for (const { message } of config.notices) process.stderr.write(`${program}: ${message}\n`);
    // Gunicorn says nothing when all is well.
    return checkApp(config, { program, isQuiet: settings.print_config || program === 'gunicorn' });
  }
  // A USR2 to a daemon makes no other command that waits for another daemon.
  if (settings.daemon && predecessor === null) {
    if (env.NOTIFY_SOCKET) {
      process.stderr.write(
        'kirin: systemd hears nothing of a daemon, and a service of Type=notify ends; leave --daemon out\n',
      );
    }
    if (openedSockets.length > 0) {
      process.stderr.write(
        `${program}: a daemon does not get the sockets that systemd has opened; leave --daemon out\n`,
      );
    }
    const { runInBackground } = await import('./daemonize.ts');
    return runInBackground(config, start);
  }
  const { serve } = await import('./serve.ts');
  return serve(config, start);
}

function print(text: string): number {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `kirin --help-all | head` has what it wanted.
    if (error.code === 'EPIPE') return;
    process.stderr.write(`kirin: standard output cannot be written: ${error.message}\n`);
    process.exitCode = 1;
  });
  process.stdout.write(text);
  return 0;
}

/** What has turned out to be no application may be a misspelt command. */
function suggestCommand(exitCode: number): void {
  if (exitCode !== NO_MODULE_EXIT_CODE && exitCode !== ERRORS.usage.exitCode) return;
  const hint = commandHint(process.argv.slice(2), programFrom(process.argv[1]));
  if (hint !== null) process.stderr.write(`${hint}\n`);
}

function explain(error: unknown, program: Program): number {
  if (error instanceof KirinError) {
    process.stderr.write(failureText(error, program));
    return error.exitCode;
  }
  process.stderr.write(`This is a bug in kirin: ${error instanceof Error ? error.stack : error}\n`);
  return BUG_EXIT_CODE;
}

void main();

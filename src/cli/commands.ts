// What `kirin` does beside running applications: `kirin COMMAND …`. Each is a file of this folder, with its help, that is loaded when it is called.

import { nearest } from '../base/edit-distance.ts';
import type { Program } from './program.ts';

/** What a command is called with. */
export interface CommandCall {
  /** What stands behind its name. */
  readonly words: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** To standard output; returns the exit code of success. */
  readonly print: (text: string) => number;
}

/** @throws {KirinError} */
export type RunCommand = (call: CommandCall) => Promise<number>;

interface Command {
  /** One line of the help. */
  readonly summary: string;
  readonly load: () => Promise<RunCommand>;
}

export const COMMANDS: Readonly<Record<string, Command>> = {
  'dev-cert': {
    summary: 'Make a certificate for HTTPS on this machine',
    load: async () => (await import('./dev-cert.ts')).devCert,
  },
  migrate: {
    summary: "Make a kirin.toml of nginx's configuration",
    load: async () => (await import('./migrate.ts')).migrate,
  },
};

/**
 * The command that these words call. Only the first word does, as it stands: a module of the same name is run by
 * `kirin NAME:application` or `kirin -- NAME`. Gunicorn has no commands.
 */
export function commandIn(argv: readonly string[], program: Program): Command | null {
  const [name] = argv;
  if (program === 'gunicorn' || name === undefined || !Object.hasOwn(COMMANDS, name)) return null;
  return COMMANDS[name] as Command;
}

/** For words that have turned out to be nothing else: what to try instead, or null. */
export function commandHint(argv: readonly string[], program: Program): string | null {
  const [word] = argv;
  if (program === 'gunicorn' || word === undefined || Object.hasOwn(COMMANDS, word)) return null;
  const meant = nearest(word, Object.keys(COMMANDS));
  return meant === null ? null : `Did you mean '${['kirin', meant, ...argv.slice(1)].join(' ')}'?`;
}

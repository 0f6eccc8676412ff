import type { KirinError } from '../base/errors.ts';
import { ConfigFileFailure } from '../config/config-error.ts';
import type { Program } from './program.ts';

/** A failure as the terminal shows it: a line for each problem, and then what to do. */
export function failureText(error: KirinError, program: Program): string {
  if (program === 'gunicorn') return asGunicorn(error);
  const lines = error.message.split('\n').map((line) => `kirin: ${line}\n`);
  return lines.join('') + hintText(error);
}

const hintText = ({ hint }: KirinError): string => (hint === null ? '' : `${hint}\n`);

/** In the shapes that scripts around Gunicorn look for, with our own sentences in them. */
function asGunicorn(error: KirinError): string {
  if (error.code === 'usage') {
    const lines = error.message.split('\n').map((line) => `gunicorn: error: ${asArgparse(line)}\n`);
    return `usage: gunicorn [OPTIONS] [APP_MODULE]\n${lines.join('')}`;
  }
  if (error instanceof ConfigFileFailure) {
    return `Failed to read config file: ${error.file}\n${hintText(error)}`;
  }
  return `\nError: ${error.message}\n${hintText(error)}`;
}

/** How argparse begins the sentences of command-line.ts and resolve.ts. */
const ARGPARSE_WORDS = [
  [/^no such option: (\S+?)(?=;|$)/, 'unrecognized arguments: $1'],
  [/^(-\S+) is ambiguous: it could be /, 'ambiguous option: $1 could match '],
  [/^(-\S+) needs a value$/, 'argument $1: expected one argument'],
  [/^(-\S+) takes no value, but was given /, 'argument $1: ignored explicit argument '],
  [/^(-\S+) ('.*?') \(setting \w+, from the command line\): /, 'argument $1: invalid value: $2: '],
] as const;

function asArgparse(problem: string): string {
  const [from, to] = ARGPARSE_WORDS.find(([pattern]) => pattern.test(problem)) ?? [/^/, ''];
  return problem.replace(from, to);
}

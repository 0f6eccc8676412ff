import { type ParseArgsConfig, parseArgs } from 'node:util';
import { nearest } from '../base/edit-distance.ts';
import { KirinError } from '../base/errors.ts';

type Flags = NonNullable<ParseArgsConfig['options']>;

/**
 * The words behind a command's name.
 * @throws {KirinError} when one of them is no flag of it
 */
export function commandWords<const T extends Flags>(command: string, words: readonly string[], flags: T) {
  try {
    const options = { ...flags, help: { type: 'boolean', short: 'h' } } as const;
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw commandMisused(command, problemIn(error as NodeJS.ErrnoException, flags));
  }
}

/** @param problem a sentence without a full stop */
export function commandMisused(command: string, problem: string): KirinError {
  return new KirinError('usage', `${command}: ${problem}`, `Try 'kirin ${command} --help'.`);
}

function problemIn({ code, message }: NodeJS.ErrnoException, flags: Flags): string {
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const [, flag = ''] = /'(-[^']*)'/.exec(message) ?? [];
    const meant = nearest(
      flag,
      [...Object.keys(flags), 'help'].map((name) => `--${name}`),
    );
    return `no such option: ${flag}${meant === null ? '' : `; did you mean ${meant}?`}`;
  }
  // "Option '--days <value>' argument missing"
  const [, flag] = /'(?:-\w, )?(--[\w-]+)[^']*' argument (?:missing|is ambiguous)/.exec(message) ?? [];
  return flag === undefined ? message : `${flag} needs a value`;
}

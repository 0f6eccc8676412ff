import { isatty } from 'node:tty';

/** NO_COLOR (no-color.org) and FORCE_COLOR, when set to anything, decide; else colours are for terminals. */
export function wantsColour(fd: number, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0';
  return isatty(fd) && env.TERM !== 'dumb';
}

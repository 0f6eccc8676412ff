import type { KirinError } from '../base/errors.ts';

/** A failure as the terminal shows it: a line for each problem, and then what to do. */
export function failureText({ message, hint }: Pick<KirinError, 'message' | 'hint'>): string {
  const lines = message.split('\n').map((line) => `kirin: ${line}\n`);
  return hint === null ? lines.join('') : `${lines.join('')}${hint}\n`;
}

// The command line of `npm run bench -- threads`.

import { parseArgs } from 'node:util';
import { count } from '../whole/options.ts';

export interface Options {
  readonly python: string;
  /** null: whichever is found. */
  readonly freeThreadedPython: string | null;
  readonly threads: number;
  readonly rounds: number;
  readonly seconds: number;
}

export const USAGE = `npm run bench -- threads [OPTIONS]

One worker, whose threads compute: with an ordinary CPython they take turns, with a free-threaded one they run in parallel.

  --python PATH                the ordinary interpreter (python3)
  --python-free-threaded PATH  the other one (python3.15t, python3.14t or python3.13t, whichever is found)
  --threads N                  threads of the worker, compared with one (4)
  --rounds N                   rounds in which they take turns (3)
  --seconds N                  length of one turn (3)
  --help`;

/** Throws an Error that names the option, its value and what would be right; null when help was asked for. */
export function parseOptions(argv: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      python: { type: 'string' },
      'python-free-threaded': { type: 'string' },
      threads: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return null;
  return {
    python: values.python ?? 'python3',
    freeThreadedPython: values['python-free-threaded'] ?? null,
    threads: count('--threads', values.threads, 2, 4),
    rounds: count('--rounds', values.rounds, 1, 3),
    seconds: count('--seconds', values.seconds, 1, 3),
  };
}

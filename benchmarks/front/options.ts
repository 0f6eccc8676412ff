// The command line of `npm run bench -- front`.

import { parseArgs } from 'node:util';
import { count, known, list } from '../whole/options.ts';
import { CELLS } from './cells.ts';
import { SERVER_NAMES, type ServerName } from './servers.ts';

export interface Options {
  readonly cells: readonly string[];
  readonly servers: readonly ServerName[];
  readonly connections: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly json: string | null;
}

const ALL_CELLS = CELLS.map(({ name }) => name);

export const USAGE = `npm run bench -- front [CELL ...] [OPTIONS]

CELL: ${ALL_CELLS.join(', ')}; all by default.

  --servers NAMES      ${SERVER_NAMES.join(',')}
  --connections LIST   keep-alive connections of each measurement (1,16,64)
  --rounds N           rounds in which the servers take turns (5)
  --seconds N          length of one server's turn (3)
  --json FILE          also write what was measured, every round of it
  --quick              16 connections, 3 rounds of 1 s; two minutes
  --help`;

/** Throws an Error that names the option, its value and what would be right; null when help was asked for. */
export function parseOptions(argv: readonly string[]): Options | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      servers: { type: 'string' },
      connections: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      json: { type: 'string' },
      quick: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return null;
  const usual = values.quick
    ? { connections: [16], rounds: 3, seconds: 1 }
    : { connections: [1, 16, 64], rounds: 5, seconds: 3 };
  return {
    cells: positionals.length === 0 ? ALL_CELLS : known('CELL', positionals, ALL_CELLS),
    servers:
      values.servers === undefined
        ? SERVER_NAMES
        : (known('--servers', list(values.servers), SERVER_NAMES) as readonly ServerName[]),
    connections:
      values.connections === undefined
        ? usual.connections
        : list(values.connections).map((text) => count('--connections', text, 1)),
    rounds: count('--rounds', values.rounds, 1, usual.rounds),
    seconds: count('--seconds', values.seconds, 1, usual.seconds),
    json: values.json ?? null,
  };
}

// The command line of `npm run bench -- dispatch`.

import { parseArgs } from 'node:util';
import { count, known, list } from '../whole/options.ts';
import type { ServerName } from '../whole/servers.ts';
import { SCENARIOS } from './scenarios.ts';
import { STEALING } from './stealing.ts';

export interface Options {
  readonly scenarios: readonly string[];
  readonly servers: readonly ServerName[];
  /** Shares of the capacity that are of interest, of those that the scenarios have. */
  readonly loads: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly workers: number;
  readonly threads: number;
  readonly arrivals: 'constant' | 'poisson';
  readonly python: string;
  readonly json: string | null;
}

const ALL_SCENARIOS = [...SCENARIOS.map(({ name }) => name), STEALING];
const ALL_SERVERS: readonly ServerName[] = [
  ...(['kirin', 'gunicorn-sync', 'gunicorn-gthread', 'uwsgi-router', 'uwsgi', 'granian', 'unit'] as const),
];
const ALL_LOADS = [...new Set(SCENARIOS.flatMap(({ loads }) => loads))].sort((a, b) => a - b);
const ARRIVALS = ['constant', 'poisson'] as const;

export const USAGE = `npm run bench -- dispatch [SCENARIO ...] [OPTIONS]

SCENARIO: ${ALL_SCENARIOS.join(', ')}; all by default.

  --servers NAMES      ${ALL_SERVERS.join(',')}
  --loads LIST         per cent of the capacity, of ${ALL_LOADS.map(percent).join(',')}
  --rounds N           rounds in which the servers take turns (2)
  --seconds N          length of one server's turn, after half a second of warm-up (3)
  --connections N      keep-alive connections; four times as many at ${ALL_LOADS.at(-1)} times the capacity (64)
  --workers N          worker processes of each server (2)
  --threads N          threads of each worker (4); Gunicorn sync gets as many workers as the others have threads in all
  --arrivals KIND      ${ARRIVALS.join(' or ')}: evenly spaced, or at random (constant)
  --python PATH        the interpreter that .venvs/bench is made with (python3)
  --json FILE          also write what was measured, every round of it
  --quick              four servers, one round of 1 s, nothing at 30 %; under three minutes
  --help`;

const FULL = { servers: ALL_SERVERS, loads: ALL_LOADS, rounds: 2, seconds: 3 };

const QUICK = {
  servers: ['kirin', 'gunicorn-gthread', 'granian', 'unit'] as readonly ServerName[],
  loads: ALL_LOADS.filter((load) => load !== 0.3),
  rounds: 1,
  seconds: 1,
};

/** Throws an Error that names the option, its value and what would be right; null when help was asked for. */
export function parseOptions(argv: readonly string[]): Options | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      servers: { type: 'string' },
      loads: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      connections: { type: 'string' },
      workers: { type: 'string' },
      threads: { type: 'string' },
      arrivals: { type: 'string' },
      python: { type: 'string' },
      json: { type: 'string' },
      quick: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return null;
  const defaults = values.quick ? QUICK : FULL;
  return {
    scenarios: positionals.length === 0 ? ALL_SCENARIOS : known('SCENARIO', positionals, ALL_SCENARIOS),
    servers:
      values.servers === undefined
        ? defaults.servers
        : (known('--servers', list(values.servers), ALL_SERVERS) as readonly ServerName[]),
    loads:
      values.loads === undefined
        ? defaults.loads
        : known('--loads', list(values.loads), ALL_LOADS.map(percent)).map((text) => Number(text) / 100),
    rounds: count('--rounds', values.rounds, 1, defaults.rounds),
    seconds: count('--seconds', values.seconds, 1, defaults.seconds),
    connections: count('--connections', values.connections, 2, 64),
    workers: count('--workers', values.workers, 1, 2),
    threads: count('--threads', values.threads, 1, 4),
    arrivals: known('--arrivals', [values.arrivals ?? 'constant'], ARRIVALS)[0] as Options['arrivals'],
    python: values.python ?? 'python3',
    json: values.json ?? null,
  };
}

function percent(load: number): string {
  return `${Math.round(load * 100)}`;
}

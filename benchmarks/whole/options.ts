// The benchmark's command line.

import { parseArgs } from 'node:util';
import { APPS, TRANSFER } from './apps.ts';
import { SERVER_NAMES } from './servers.ts';

export interface Options {
  readonly apps: readonly string[];
  readonly connections: readonly number[];
  readonly servers: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly workers: number;
  readonly threads: number;
  /** How often each server is started to time its first response; 0: not at all. */
  readonly starts: number;
  readonly python: string;
  readonly json: string | null;
  /** Folder for a CPU profile of each of Kirin's Node processes. */
  readonly profile: string | null;
}

const ALL_APPS = [...APPS, TRANSFER].map(({ name }) => name);

export const USAGE = `npm run bench -- [APP ...] [OPTIONS]
npm run bench -- dispatch --help: how requests are spread over workers, which is a comparison of its own
npm run bench -- front --help: how fast files are served beside nginx and Caddy
npm run bench -- threads --help: what threads gain from a free-threaded CPython

APP: ${ALL_APPS.join(', ')}; all by default.

  --servers NAMES      ${SERVER_NAMES.join(',')}
  --connections LIST   keep-alive connections of each measurement (1,8,64,512)
  --rounds N           rounds in which the servers take turns (3)
  --seconds N          length of one server's turn (3)
  --workers N          worker processes of each server (2)
  --threads N          threads of each worker (1)
  --starts N           starts per server, for the time to the first response (5)
  --python PATH        the interpreter that .venvs/bench is made with (python3)
  --json FILE          also write what was measured, every round of it
  --profile FOLDER     also write a CPU profile of Kirin's Node processes
  --quick              fewer servers, hello and flask, 1 and 64 connections, 2 rounds of 1 s; under two minutes
  --help`;

const FULL = {
  apps: ALL_APPS,
  servers: SERVER_NAMES,
  connections: [1, 8, 64, 512],
  rounds: 3,
  seconds: 3,
  starts: 5,
};

const QUICK = {
  apps: ['hello', 'flask'],
  servers: ['kirin', 'gunicorn-sync', 'uwsgi', 'granian', 'unit', 'floor'],
  connections: [1, 64],
  rounds: 2,
  seconds: 1,
  starts: 3,
};

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
      workers: { type: 'string' },
      threads: { type: 'string' },
      starts: { type: 'string' },
      python: { type: 'string' },
      json: { type: 'string' },
      profile: { type: 'string' },
      quick: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return null;
  const defaults = values.quick ? QUICK : FULL;
  return {
    apps: positionals.length === 0 ? defaults.apps : known('APP', positionals, FULL.apps),
    servers:
      values.servers === undefined
        ? defaults.servers
        : known('--servers', list(values.servers), SERVER_NAMES),
    connections:
      values.connections === undefined
        ? defaults.connections
        : list(values.connections).map((text) => count('--connections', text, 1)),
    rounds: count('--rounds', values.rounds, 1, defaults.rounds),
    seconds: count('--seconds', values.seconds, 1, defaults.seconds),
    workers: count('--workers', values.workers, 1, 2),
    threads: count('--threads', values.threads, 1, 1),
    starts: count('--starts', values.starts, 0, defaults.starts),
    python: values.python ?? 'python3',
    json: values.json ?? null,
    profile: values.profile ?? null,
  };
}

export function list(text: string): string[] {
  return text.split(',').filter((item) => item !== '');
}

/** The names, if all of them are among the choices. */
export function known(
  option: string,
  names: readonly string[],
  choices: readonly string[],
): readonly string[] {
  const unknown = names.find((name) => !choices.includes(name));
  if (unknown !== undefined)
    throw new Error(`${option}: no such one: ${unknown} (choose from ${choices.join(', ')})`);
  return names;
}

export function count(option: string, text: string | undefined, least: number, fallback?: number): number {
  if (text === undefined && fallback !== undefined) return fallback;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new Error(`${option}: ${text} is not a whole number of at least ${least}`);
  }
  return value;
}

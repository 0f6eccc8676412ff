// The results as Markdown: what the terminal shows, and what docs/benchmarks.md holds.

import { errorsOf } from '../whole/load.ts';
import type { Turn } from '../whole/measure.ts';
import { formatNumber, table } from '../whole/report.ts';
import { median, ratioByRound } from '../whole/statistics.ts';
import { cellOf } from './cells.ts';
import { SERVER_NAMES, type ServerName, serverOf } from './servers.ts';

/** One thing at one number of connections; null for a round in which a server failed. */
export interface Cell {
  readonly name: string;
  readonly connections: number;
  readonly turns: Partial<Record<ServerName, readonly (Turn | null)[]>>;
}

export interface Results {
  readonly machine: string;
  readonly versions: string;
  readonly settings: string;
  readonly cells: readonly Cell[];
  readonly notMeasured: readonly string[];
}

const BASE: ServerName = 'nginx';

export function formatReport({ machine, versions, settings, cells, notMeasured }: Results): string {
  return [
    `${machine}. ${versions}. ${settings}.`,
    ...(notMeasured.length === 0
      ? []
      : [['Not measured:', ...notMeasured.map((line) => `- ${line}`)].join('\n')]),
    ...cells.map(formatCell),
  ].join('\n\n');
}

export function formatCell({ name: cell, connections, turns }: Cell): string {
  const rows = SERVER_NAMES.flatMap((name) => {
    const rounds = turns[name];
    if (rounds === undefined) return [];
    const good = rounds.filter((turn) => turn !== null);
    const middle = (value: (turn: Turn) => number) => formatNumber(median(good.map(value)));
    const times = (value: (turn: Turn) => number) => {
      const valuesOf = (server: ServerName) =>
        (turns[server] ?? []).map((turn) => (turn === null ? null : value(turn)));
      return formatNumber(ratioByRound(valuesOf(name), valuesOf(BASE)));
    };
    const errors = new Set(rounds.flatMap((turn) => (turn && errorsOf(turn)) ?? []));
    if (good.length < rounds.length)
      errors.add(`failed in ${rounds.length - good.length} of ${rounds.length} rounds`);
    return [
      [
        serverOf(name).title,
        middle((turn) => turn.requestsPerSecond),
        times((turn) => turn.requestsPerSecond),
        middle((turn) => turn.p50Us / 1000),
        middle((turn) => turn.p99Us / 1000),
        middle((turn) => turn.cpuUsPerRequest),
        times((turn) => turn.cpuUsPerRequest),
        middle((turn) => turn.wrkCpuUsPerRequest),
        [...errors].join('; ') || '–',
      ],
    ];
  });
  const head = [
    'server',
    'requests/s',
    '× nginx',
    'p50 ms',
    'p99 ms',
    'CPU µs/request',
    '× nginx',
    "the load's own µs",
    'errors',
  ];
  const count = `${connections} ${connections === 1 ? 'connection' : 'connections'}`;
  return `### ${cellOf(cell).title}, ${count}\n\n${table(head, rows)}`;
}

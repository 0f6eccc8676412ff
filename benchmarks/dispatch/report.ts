// The results as Markdown: what the terminal shows, and what docs/benchmarks.md holds.

import { formatNumber, table } from '../whole/report.ts';
import { SERVER_NAMES, type ServerName, serverOf } from '../whole/servers.ts';
import { bestPeer, fastP99OfBestPeer, middle, sumOfClasses, turnsOf } from './comparison.ts';
import type { Cell, Results } from './results.ts';
import { SCENARIOS } from './scenarios.ts';
import type { ClassResult, TurnResult } from './turn.ts';
import { verdictsOf } from './verdict.ts';

/** From this share of a core on, the load generator rather than the server may be what limits. */
const SATURATED_SHARE = 0.9;

const HEAD = [
  'server',
  'fast p50 ms',
  'fast p99 ms',
  'fast p99.9 ms',
  'slow p50 ms',
  'slow p99 ms',
  'answered/s',
  'within 1 s',
  'refused',
  'failed',
  'unsent',
  "fast p99 × best peer's",
];

export function formatReport(results: Results): string {
  const verdicts = verdictsOf(results).map(
    ({ holds, text }) => `- ${holds ? 'holds' : '**missed**'}: ${text}`,
  );
  const sections = [
    `${results.machine}. ${results.versions}. ${results.settings}.`,
    ...results.cells.map(formatCell),
    formatStealing(results),
    ...(results.notes.length === 0
      ? []
      : [['Notes:', ...results.notes.map((line) => `- ${line}`)].join('\n')]),
    ...(verdicts.length === 0 ? [] : [['### Verdict', '', ...verdicts].join('\n')]),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

export function formatCell(cell: Cell): string {
  const { scenario, load, perSecond } = cell;
  const title = SCENARIOS.find(({ name }) => name === scenario)?.title ?? scenario;
  const offered = perSecond === null ? '' : ` (${formatCount(perSecond)} requests/s)`;
  const servers = SERVER_NAMES.filter((name) => cell.turns[name] !== undefined);
  const best = load < 1 ? bestPeer(cell) : null;
  return [
    `### ${scenario} at ${Math.round(load * 100)} %${offered}: ${title}`,
    '',
    table(
      HEAD,
      servers.map((name) => row(cell, name, best)),
    ),
    '',
    ...servers.flatMap((name) => formatFailures(cell, name)),
    formatGenerator(cell, servers),
  ].join('\n');
}

function row(cell: Cell, server: ServerName, best: ServerName | null): readonly string[] {
  const total = (value: (result: ClassResult) => number) =>
    formatCount(middle(cell, server, (turn) => sumOfClasses(turn, value)));
  // Past its capacity, a server's quantiles only say for how long it was overloaded.
  const ratio = best === null ? Number.NaN : fastP99OfBestPeer(cell, server);
  return [
    serverOf(server).title,
    latency(cell, server, ({ classes }) => classes.fast, 'p50Ms'),
    latency(cell, server, ({ classes }) => classes.fast, 'p99Ms'),
    latency(cell, server, ({ classes }) => classes.fast, 'p999Ms'),
    latency(cell, server, ({ classes }) => classes.slow, 'p50Ms'),
    latency(cell, server, ({ classes }) => classes.slow, 'p99Ms'),
    total(({ answeredPerSecond }) => answeredPerSecond),
    total(({ goodPerSecond }) => goodPerSecond),
    total(({ refused }) => refused),
    total(({ failed }) => failed),
    total(({ unsent }) => unsent),
    server === best ? 'best' : infiniteOr(ratio),
  ];
}

function latency(
  cell: Cell,
  server: ServerName,
  part: (turn: TurnResult) => ClassResult,
  which: 'p50Ms' | 'p99Ms' | 'p999Ms',
): string {
  if (turnsOf(cell, server).every((turn) => part(turn).due === 0)) return '–';
  return infiniteOr(middle(cell, server, (turn) => part(turn)[which] ?? Number.POSITIVE_INFINITY));
}

function formatCount(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en') : '–';
}

function infiniteOr(value: number): string {
  return value === Number.POSITIVE_INFINITY ? '∞' : formatNumber(value);
}

/** A line for a server of which requests failed; none for one without. */
function formatFailures(cell: Cell, server: ServerName): readonly string[] {
  const counts = new Map<string, number>();
  for (const { failures } of turnsOf(cell, server)) {
    for (const [reason, count] of Object.entries(failures)) {
      counts.set(reason, (counts.get(reason) ?? 0) + count);
    }
  }
  const absent = (cell.turns[server] ?? []).filter((turn) => turn === null).length;
  if (absent > 0) counts.set('rounds without a result', absent);
  if (counts.size === 0) return [];
  const reasons = [...counts].map(([reason, count]) => `${reason}: ${formatCount(count)}`);
  return [`- ${serverOf(server).title}, over all rounds: ${reasons.join('; ')}`];
}

/** How late the generator itself was, in which server's turn, and whom it may have limited. */
function formatGenerator(cell: Cell, servers: readonly ServerName[]): string {
  const turns = servers.flatMap((server) =>
    turnsOf(cell, server).map(({ generator }) => ({ ...generator, title: serverOf(server).title })),
  );
  const worst = turns.reduce<(typeof turns)[number] | null>(
    (most, turn) => ((turn.latenessP99Ms ?? 0) > (most?.latenessP99Ms ?? -1) ? turn : most),
    null,
  );
  if (worst === null) return '';
  const cpuShare = Math.max(...turns.map((turn) => turn.cpuShare));
  const limited = new Set(turns.filter((turn) => turn.cpuShare >= SATURATED_SHARE).map(({ title }) => title));
  const [p50, p99, most] = [worst.latenessP50Ms, worst.latenessP99Ms, worst.latenessMaxMs].map((value) =>
    formatNumber(value ?? Number.NaN),
  );
  return [
    `- The load generator sent late by ${p50} ms (p50), ${p99} (p99), ${most} (max) where it was latest (${worst.title}); `,
    `it took at most ${formatNumber(cpuShare * 100)} % of a core`,
    limited.size === 0 ? '.' : `, which may have limited ${[...limited].join(', ')}.`,
  ].join('');
}

function formatStealing({ stealing }: Results): string {
  if (stealing === null) return '';
  const rows = stealing.on.map((on, round) => {
    const off = stealing.off[round] ?? Number.NaN;
    return [`${round + 1}`, formatNumber(on), formatNumber(off), formatNumber(on / off)];
  });
  return [
    '### stealing: hello from a closed loop, requests/s',
    '',
    table(['round', 'on', 'off', 'on / off'], rows),
  ].join('\n');
}

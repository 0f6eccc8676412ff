// The results as Markdown: what the terminal shows, and what docs/benchmarks.md holds.

import { APPS } from './apps.ts';
import { errorsOf } from './load.ts';
import type { Turn } from './measure.ts';
import type { Cell, Results } from './results.ts';
import { SERVER_NAMES, type ServerName, serverOf } from './servers.ts';
import { median, ratioByRound } from './statistics.ts';

const BASE: ServerName = 'gunicorn-sync';
const FLOOR: ServerName = 'floor';

export function formatReport(results: Results): string {
  const sections = [
    `${results.machine}. ${results.versions}. ${results.settings}.`,
    ...(results.notMeasured.length === 0
      ? []
      : [['Not measured:', ...results.notMeasured.map((line) => `- ${line}`)].join('\n')]),
    ...results.cells.map(formatCell),
    formatStarts(results),
    formatMemory(results),
    formatTransfers(results),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

export function formatCell({ app, connections, turns }: Cell): string {
  const title = APPS.find(({ name }) => name === app)?.title ?? app;
  const rows = SERVER_NAMES.flatMap((name) => {
    const rounds = turns[name];
    if (rounds === undefined) return [];
    const good = rounds.filter(hasResponses);
    const middle = (value: (turn: Turn) => number) => median(good.map(value));
    const times = (value: (turn: Turn) => number, base: ServerName) =>
      ratioByRound(
        rounds.map((turn) => (hasResponses(turn) ? value(turn) : null)),
        (turns[base] ?? []).map((turn) => (hasResponses(turn) ? value(turn) : null)),
      );
    const errors = new Set(rounds.flatMap((turn) => (turn && errorsOf(turn)) ?? []));
    const empty = rounds.length - good.length;
    if (empty > 0) errors.add(`${empty} of ${rounds.length} rounds without a response`);
    return [
      [
        serverOf(name).title,
        formatNumber(middle((turn) => turn.requestsPerSecond)),
        formatNumber(times((turn) => turn.requestsPerSecond, BASE)),
        formatNumber(middle((turn) => turn.p50Us / 1000)),
        formatNumber(middle((turn) => turn.p99Us / 1000)),
        formatNumber(middle((turn) => turn.cpuUsPerRequest)),
        formatNumber(times((turn) => turn.cpuUsPerRequest, BASE)),
        formatNumber(times((turn) => turn.cpuUsPerRequest, FLOOR)),
        formatNumber(middle((turn) => turn.wrkCpuUsPerRequest)),
        [...errors].join('; ') || '–',
      ],
    ];
  });
  return [
    `### ${title}, ${connections} ${connections === 1 ? 'connection' : 'connections'}`,
    '',
    table(
      [
        'server',
        'requests/s',
        '× Gunicorn sync',
        'p50 ms',
        'p99 ms',
        'CPU µs/request',
        '× Gunicorn sync',
        '× floor',
        "wrk's own µs",
        'errors',
      ],
      rows,
    ),
  ].join('\n');
}

function hasResponses(turn: Turn | null): turn is Turn {
  return turn !== null && turn.requests > 0;
}

function formatStarts({ starts }: Results): string {
  const base = median(starts[BASE] ?? []);
  const rows = SERVER_NAMES.flatMap((name) => {
    const times = starts[name];
    if (times === undefined || times.length === 0) return [];
    return [
      [
        serverOf(name).title,
        formatNumber(median(times)),
        formatNumber(median(times) / base),
        `${formatNumber(Math.min(...times))} to ${formatNumber(Math.max(...times))}`,
      ],
    ];
  });
  if (rows.length === 0) return '';
  return [
    '### From start to first response (hello)',
    '',
    table(['server', 'ms', '× Gunicorn sync', 'range'], rows),
  ].join('\n');
}

function formatMemory({ memory }: Results): string {
  const apps = Object.keys(memory);
  const rows = SERVER_NAMES.flatMap((name) => {
    const sizes = apps.map((app) => memory[app]?.[name]);
    if (sizes.every((size) => size === undefined)) return [];
    return [[serverOf(name).title, ...sizes.map((size) => (size === undefined ? '–' : formatNumber(size)))]];
  });
  if (rows.length === 0) return '';
  return [
    '### Memory at rest after the load: MB PSS, all processes',
    '',
    table(['server', ...apps], rows),
  ].join('\n');
}

function formatTransfers({ transfers }: Results): string {
  const rows = SERVER_NAMES.flatMap((name) => {
    const measured = transfers[name];
    if (measured === undefined) return [];
    const { download, upload } = measured;
    const values = [download.growthMegabytes, download.seconds, upload.growthMegabytes, upload.seconds];
    return [[serverOf(name).title, ...values.map(formatNumber)]];
  });
  if (rows.length === 0) return '';
  const head = ['server', 'download: MB', 'seconds', 'upload: MB', 'seconds'];
  return [
    `### Growth of memory during a transfer of 1 GB: MB PSS, all processes`,
    '',
    table(head, rows),
  ].join('\n');
}

/** Three significant digits, and no fraction from 100 on. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value >= 99.95) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 9.995 ? 1 : 2);
}

/** The first column to the left, the numbers to the right, padded so that it reads well as plain text too. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) => {
    const padded = cells.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

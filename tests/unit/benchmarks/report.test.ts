import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Turn } from '../../../benchmarks/whole/measure.ts';
import { formatCell, formatReport, table } from '../../../benchmarks/whole/report.ts';

function turn(requestsPerSecond: number, cpuUsPerRequest: number, timeout = 0): Turn {
  return {
    durationUs: 1e6,
    requests: requestsPerSecond,
    p50Us: 500,
    p99Us: 1500,
    errors: { connect: 0, read: 0, write: 0, timeout, status: 0 },
    requestsPerSecond,
    cpuUsPerRequest,
    wrkCpuUsPerRequest: 10,
  };
}

const CELL = {
  app: 'hello',
  connections: 64,
  turns: {
    kirin: [turn(40_000, 20), turn(4_000, 30, 3), null],
    'gunicorn-sync': [turn(5_000, 200), turn(500, 300), turn(5_000, 200)],
    floor: [turn(80_000, 10), turn(8_000, 15), turn(80_000, 10)],
  },
};

test('each server is one row: medians, ratios within rounds, errors', () => {
  const row = formatCell(CELL)
    .split('\n')
    .find((line) => line.startsWith('| Kirin'));
  const cells = row?.split('|').map((cell) => cell.trim());
  assert.deepEqual(cells?.slice(1, -1), [
    ...[
      'Kirin',
      '22,000',
      '8.00',
      '0.50',
      '1.50',
      '25.0',
      '0.10',
      '2.00',
      '10.0',
      '3 timeout; 1 of 3 rounds without a response',
    ],
  ]);
});

test('a server that failed in every round has a row without numbers', () => {
  const report = formatCell({ ...CELL, turns: { ...CELL.turns, granian: [null, null, null] } });
  assert.match(report, /\| Granian +\| +– \|/);
});

test('the report says what was not measured', () => {
  const report = formatReport({
    machine: '2 × CPU',
    versions: 'Node',
    settings: '2 workers',
    cells: [CELL],
    starts: { kirin: [300, 100, 200], 'gunicorn-sync': [100] },
    memory: { hello: { kirin: 120.5 } },
    transfers: {
      kirin: {
        download: { growthMegabytes: 7.5, seconds: 1.25 },
        upload: { growthMegabytes: 8, seconds: 2 },
      },
    },
    notMeasured: ['NGINX Unit: not installed (unitd)'],
  });
  assert.match(report, /Not measured:\n- NGINX Unit: not installed/);
  assert.match(report, /\| Kirin +\| 200 \| +2\.00 \| 100 to 300 \|/);
  assert.match(report, /\| Kirin +\| +121 \|/);
  assert.match(report, /\| Kirin +\| +7\.50 \| +1\.25 \| +8\.00 \| +2\.00 \|/);
});

test('columns are as wide as their widest cell', () => {
  assert.equal(
    table(['a', 'number'], [['long name', '1']]),
    ['| a         | number |', '| --------- | -----: |', '| long name |      1 |'].join('\n'),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bestPeer, fastP99OfBestPeer } from '../../../../benchmarks/dispatch/comparison.ts';
import { formatCell, formatReport } from '../../../../benchmarks/dispatch/report.ts';
import type { Cell, Results } from '../../../../benchmarks/dispatch/results.ts';
import type { ClassResult, TurnResult } from '../../../../benchmarks/dispatch/turn.ts';
import { verdictsOf } from '../../../../benchmarks/dispatch/verdict.ts';

function turn(fastP99Ms: number | null, fast: Partial<ClassResult> = {}): TurnResult {
  const none = { refused: 0, failed: 0, unsent: 0 };
  const nothing = { p50Ms: null, p99Ms: null, p999Ms: null, maxMs: null };
  return {
    classes: {
      fast: {
        ...{ due: 1000, answeredPerSecond: 1000, goodPerSecond: 1000, ...none },
        ...{ p50Ms: 1, p99Ms: fastP99Ms, p999Ms: null, maxMs: null, ...fast },
      },
      slow: { due: 0, answeredPerSecond: 0, goodPerSecond: 0, ...none, ...nothing },
    },
    failures: fast.failed ? { timeout: fast.failed } : {},
    reconnects: 0,
    generator: { latenessP50Ms: 0.1, latenessP99Ms: 0.2, latenessMaxMs: 3, cpuShare: 0.25 },
  };
}

function cell(turns: Cell['turns'], scenario = 'route', load = 0.6): Cell {
  return { scenario, load, perSecond: 1605, turns };
}

function results(cells: Cell[], stealing: Results['stealing'] = null): Results {
  return { machine: '2 × CPU', versions: 'Node', settings: '2 workers', cells, stealing, notes: [] };
}

function holds(...args: Parameters<typeof results>): boolean[] {
  return verdictsOf(results(...args)).map((verdict) => verdict.holds);
}

test('the best peer is the one with the lowest p99 of those that serve everybody', () => {
  const turns = { kirin: [turn(1)], granian: [turn(8)], unit: [turn(6)], uwsgi: [turn(2, { failed: 56 })] };
  assert.equal(bestPeer(cell(turns)), 'unit');
  assert.equal(bestPeer(cell({ kirin: [turn(1)] })), null);
  assert.equal(bestPeer(cell({ kirin: [turn(1)], uwsgi: [turn(null, { failed: 56 })] })), 'uwsgi');
});

test('a ratio to the best peer compares within a round; where it had no p99 there is none', () => {
  const turns = { kirin: [turn(3), turn(30), turn(3)], unit: [turn(6), turn(60), null] };
  assert.equal(fastP99OfBestPeer(cell(turns), 'kirin'), 0.5);
  assert.ok(Number.isNaN(fastP99OfBestPeer(cell({ kirin: [turn(3)] }), 'kirin')));
});

test('told by their route, at most half of the best peer is asked for', () => {
  assert.deepEqual(holds([cell({ kirin: [turn(3)], unit: [turn(6)] })]), [true]);
  assert.deepEqual(holds([cell({ kirin: [turn(3.1)], unit: [turn(6)] })]), [false]);
});

test('not told by their route, as much as the best peer is allowed', () => {
  assert.deepEqual(holds([cell({ kirin: [turn(6)], unit: [turn(6)] }, 'hidden')]), [true]);
  assert.deepEqual(holds([cell({ kirin: [turn(6.1)], unit: [turn(6)] }, 'hidden')]), [false]);
});

test('latency does not count for a Kirin that refuses or loses what it could serve', () => {
  for (const lost of [{ refused: 2 }, { failed: 2 }, { unsent: 2 }]) {
    assert.deepEqual(holds([cell({ kirin: [turn(1, lost)], unit: [turn(6)] })]), [false]);
  }
  assert.deepEqual(holds([cell({ kirin: [turn(1, { refused: 1 })], unit: [turn(6)] })]), [true]);
});

test('a latency is in doubt when the load generator was half as late itself', () => {
  const late = (latenessP99Ms: number) => ({
    ...turn(3),
    generator: { latenessP50Ms: 0.1, latenessP99Ms, latenessMaxMs: 9, cpuShare: 0.25 },
  });
  const text = (kirin: TurnResult) =>
    verdictsOf(results([cell({ kirin: [kirin], unit: [turn(6)] })]))[0]?.text;
  assert.match(text(late(1.6)) ?? '', /in doubt, since the load generator was late by 1\.60 ms/);
  assert.doesNotMatch(text(late(1.5)) ?? '', /in doubt/);
});

test('in overload the goodput is compared with the most that the scenario gave before', () => {
  const at = (load: number, goodPerSecond: number) =>
    cell({ kirin: [turn(1, { goodPerSecond })] }, 'overload', load);
  assert.deepEqual(holds([at(1, 1500), at(10, 1350)]), [true]);
  assert.deepEqual(holds([at(1, 1500), at(10, 1349)]), [false]);
  assert.deepEqual(holds([at(10, 1349)]), []);
  assert.deepEqual(holds([at(0.3, 500), at(0.6, 1500), at(0.9, 1400), at(10, 1349)]), [false]);
});

test('goodput is compared within a round, so that a machine that slows down does not decide', () => {
  const at = (load: number, perSecond: number[]) =>
    cell({ kirin: perSecond.map((goodPerSecond) => turn(1, { goodPerSecond })) }, 'overload', load);
  assert.deepEqual(holds([at(1, [1500, 150, 1500]), at(10, [1400, 140, 100])]), [true]);
});

test('hello with stealing is compared within a round', () => {
  assert.deepEqual(holds([], { on: [100, 10, 100], off: [100, 10, 100] }), [true]);
  assert.deepEqual(holds([], { on: [90, 9, 90], off: [100, 10, 100] }), [false]);
});

test('a server is one row: never answered is infinite, a class without requests is a dash', () => {
  const table = formatCell(cell({ kirin: [turn(3)], unit: [turn(6)], uwsgi: [turn(null, { failed: 56 })] }));
  const row = (name: string) =>
    table
      .split('\n')
      .find((line) => line.startsWith(`| ${name} `))
      ?.split('|')
      .map((text) => text.trim())
      .slice(2, -1);
  assert.deepEqual(row('Kirin'), ['1.00', '3.00', '∞', '–', '–', '1,000', '1,000', '0', '0', '0', '0.50']);
  assert.deepEqual(row('NGINX Unit')?.at(-1), 'best');
  assert.deepEqual(row('uWSGI'), ['1.00', '∞', '∞', '–', '–', '1,000', '1,000', '0', '56', '0', '∞']);
  assert.match(table, /^- uWSGI, over all rounds: timeout: 56$/m);
});

test('how late the load generator was is said of the worst turn, with its server, and whom it may have limited', () => {
  const generator = { latenessP50Ms: 0.1, latenessP99Ms: 0.2, latenessMaxMs: 3, cpuShare: 0.25 };
  const late = { ...turn(6), generator: { ...generator, latenessP99Ms: 7, cpuShare: 0.95 } };
  const last = (of: Cell) => formatCell(of).split('\n').at(-1);
  assert.equal(
    last(cell({ kirin: [turn(3)], unit: [turn(6), late] })),
    '- The load generator sent late by 0.10 ms (p50), 7.00 (p99), 3.00 (max) where it was latest (NGINX Unit); it took at most 95.0 % of a core, which may have limited NGINX Unit.',
  );
  assert.match(
    last(cell({ kirin: [turn(3)] })) ?? '',
    /latest \(Kirin\); it took at most 25\.0 % of a core\.$/,
  );
});

test('the report ends with what holds and what does not, in numbers', () => {
  const report = formatReport({
    ...results([cell({ kirin: [turn(4)], unit: [turn(6)] })], { on: [100], off: [99] }),
    notes: ['Granian: not installed (granian)'],
  });
  assert.match(report, /^- \*\*missed\*\*: route at 60 %: .*4\.00 ms is 0\.67 × .*NGINX Unit, 6\.00 ms/m);
  assert.match(report, /^- holds: hello: 100 requests\/s with stealing is 1\.01 × /m);
  assert.match(report, /^- Granian: not installed/m);
});

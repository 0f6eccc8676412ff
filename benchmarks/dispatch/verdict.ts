// Which of the bars hold that were set for the dispatcher.

import { formatNumber } from '../whole/report.ts';
import { serverOf } from '../whole/servers.ts';
import { median, ratioByRound } from '../whole/statistics.ts';
import {
  bestPeer,
  fastP99Ms,
  fastP99OfBestPeer,
  middle,
  servesLoad,
  sumOfClasses,
  turnsOf,
} from './comparison.ts';
import type { Cell, Results } from './results.ts';
import { OVERLOAD, SCENARIOS } from './scenarios.ts';
import type { TurnResult } from './turn.ts';

/** Fast requests' p99, in multiples of the best peer's. */
const MOST_OF_BEST_PEER = { 'told-by-route': 0.5, hidden: 1 } as const;
/** Goodput in overload, of its peak. */
const LEAST_OF_PEAK = 0.9;
/** Hello with stealing, of that without. What the two have in common differs by as much from round to round. */
const LEAST_OF_NO_STEALING = 0.98;

/** Of a latency: when the load generator was as late as that, on a machine that had something else to do, it says little. */
const DOUBTFUL_LATENESS = 0.5;

export interface Verdict {
  readonly holds: boolean;
  readonly text: string;
}

/** One for each bar of each cell that was measured with Kirin in it. */
export function verdictsOf({ cells, stealing }: Results): readonly Verdict[] {
  const measured = cells.filter((cell) => turnsOf(cell, 'kirin').length > 0);
  const ofLatency = measured.filter(({ load }) => load < 1).flatMap(judgeLatency);
  const ofGoodput = measured
    .filter(({ load }) => load === OVERLOAD)
    .flatMap((cell) => judgeGoodput(cell, measured));
  return [...ofLatency, ...ofGoodput, ...(stealing === null ? [] : [judgeStealing(stealing)])];
}

function judgeLatency(cell: Cell): readonly Verdict[] {
  const bar = SCENARIOS.find(({ name }) => name === cell.scenario)?.bar;
  const best = bestPeer(cell);
  if (bar === undefined || bar === 'goodput' || best === null) return [];
  const where = nameOf(cell);
  if (!servesLoad(cell, 'kirin')) {
    return [{ holds: false, text: `${where}: Kirin left more than 1 of 1,000 requests without a response` }];
  }
  const ratio = fastP99OfBestPeer(cell, 'kirin');
  const most = MOST_OF_BEST_PEER[bar];
  const [ownMs, itsMs] = [middle(cell, 'kirin', fastP99Ms), middle(cell, best, fastP99Ms)];
  const lateMs = Math.max(...(['kirin', best] as const).map((server) => middle(cell, server, latenessP99Ms)));
  const doubt =
    lateMs > DOUBTFUL_LATENESS * Math.min(ownMs, itsMs)
      ? `; in doubt, since the load generator was late by ${formatNumber(lateMs)} ms itself (p99)`
      : '';
  return [
    {
      holds: ratio <= most,
      text: `${where}: fast p99 ${formatNumber(ownMs)} ms is ${formatNumber(ratio)} × that of the best peer (${serverOf(best).title}, ${formatNumber(itsMs)} ms); at most ${most}${doubt}`,
    },
  ];
}

function latenessP99Ms({ generator }: TurnResult): number {
  return generator.latenessP99Ms ?? 0;
}

/** Against the load at which the same scenario gave most, within each round. */
function judgeGoodput(cell: Cell, cells: readonly Cell[]): readonly Verdict[] {
  const peak = cells
    .filter(({ scenario, load }) => scenario === cell.scenario && load < OVERLOAD)
    .reduce<Cell | null>((best, other) => (best && goodput(best) >= goodput(other) ? best : other), null);
  if (peak === null) return [];
  const share = ratioByRound(goodputs(cell), goodputs(peak));
  const peakText = `${formatNumber(goodput(peak))}/s, at ${Math.round(peak.load * 100)} %`;
  return [
    {
      holds: share >= LEAST_OF_PEAK,
      text: `${nameOf(cell)}: goodput ${formatNumber(goodput(cell))}/s is ${formatNumber(share)} × its peak (${peakText}); at least ${LEAST_OF_PEAK}`,
    },
  ];
}

/** Answers per second that came within a second, of Kirin in each round. */
function goodputs(cell: Cell): readonly (number | null)[] {
  return (cell.turns.kirin ?? []).map((turn) => turn && sumOfClasses(turn, (of) => of.goodPerSecond));
}

function goodput(cell: Cell): number {
  return median(goodputs(cell).filter((value) => value !== null));
}

function judgeStealing({ on, off }: NonNullable<Results['stealing']>): Verdict {
  const ratio = ratioByRound(on, off);
  return {
    holds: ratio >= LEAST_OF_NO_STEALING,
    text: `hello: ${formatNumber(median(on))} requests/s with stealing is ${formatNumber(ratio)} × that without (${formatNumber(median(off))}); at least 1, from which ${LEAST_OF_NO_STEALING} cannot be told`,
  };
}

function nameOf({ scenario, load }: Cell): string {
  return `${scenario} at ${Math.round(load * 100)} %`;
}

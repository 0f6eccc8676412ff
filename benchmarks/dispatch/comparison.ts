// A cell's rounds, reduced to what servers are compared by.

import type { ServerName } from '../whole/servers.ts';
import { median, ratioByRound } from '../whole/statistics.ts';
import type { Cell } from './results.ts';
import type { ClassResult, TurnResult } from './turn.ts';

/** Share of requests without an answer up to which a server counts as one that serves the load. */
const MAX_LOST_SHARE = 0.001;

/** The rounds in which there was a result. */
export function turnsOf(cell: Cell, server: ServerName): readonly TurnResult[] {
  return (cell.turns[server] ?? []).filter((turn) => turn !== null);
}

/** The median over the rounds; NaN without any. */
export function middle(cell: Cell, server: ServerName, value: (turn: TurnResult) => number): number {
  return median(turnsOf(cell, server).map(value));
}

/** Infinite when that many were never answered. */
export function fastP99Ms({ classes }: TurnResult): number {
  return classes.fast.p99Ms ?? Number.POSITIVE_INFINITY;
}

export function sumOfClasses({ classes }: TurnResult, value: (result: ClassResult) => number): number {
  return value(classes.fast) + value(classes.slow);
}

/** Whether it answers what it is asked. One that leaves some clients alone can be as quick as it likes with the others. */
export function servesLoad(cell: Cell, server: ServerName): boolean {
  const lost = middle(
    cell,
    server,
    (turn) => sumOfClasses(turn, lostOf) / sumOfClasses(turn, (of) => of.due),
  );
  return lost <= MAX_LOST_SHARE;
}

function lostOf({ failed, unsent, refused }: ClassResult): number {
  return failed + unsent + refused;
}

/** The peer with the lowest p99 of fast requests, of those that serve the load; of all when none does; null without peers. */
export function bestPeer(cell: Cell): ServerName | null {
  const peers = (Object.keys(cell.turns) as ServerName[]).filter(
    (name) => name !== 'kirin' && turnsOf(cell, name).length > 0,
  );
  const serving = peers.filter((name) => servesLoad(cell, name));
  const p99 = (name: ServerName) => middle(cell, name, fastP99Ms);
  return (serving.length > 0 ? serving : peers).reduce<ServerName | null>(
    (best, name) => (best === null || p99(name) < p99(best) ? name : best),
    null,
  );
}

/** How many times the best peer's p99 of fast requests a server's is; NaN when that cannot be said. */
export function fastP99OfBestPeer(cell: Cell, server: ServerName): number {
  const best = bestPeer(cell);
  if (best === null) return Number.NaN;
  // Nothing is infinitely many times as long, nor as long as what never ended.
  const ofBest = (cell.turns[best] ?? []).map((turn) => {
    const value = turn === null ? Number.POSITIVE_INFINITY : fastP99Ms(turn);
    return Number.isFinite(value) ? value : null;
  });
  return ratioByRound(
    (cell.turns[server] ?? []).map((turn) => (turn === null ? null : fastP99Ms(turn))),
    ofBest,
  );
}

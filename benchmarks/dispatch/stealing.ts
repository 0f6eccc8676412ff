// What it costs that requests can be taken back from a lane: hello, which none ever is, with that on and off.

import { APPS, type App } from '../whole/apps.ts';
import { takeTurn } from '../whole/measure.ts';
import type { RunningServer } from '../whole/running-server.ts';
import type { StealingRounds } from './results.ts';

/** The scenario's name. */
export const STEALING = 'stealing';
export const HELLO = APPS[0] as App;

/** A difference of a few per cent takes more rounds to see than the others do. */
const LEAST_ROUNDS = 4;
const WARM_UP_SECONDS = 1;

/** wrk in a closed loop; the two take turns, and the order changes from round to round: A B, B A. */
export async function compareStealing(
  on: RunningServer,
  off: RunningServer,
  { connections, rounds, seconds }: { connections: number; rounds: number; seconds: number },
): Promise<StealingRounds> {
  const perSecond = new Map<RunningServer, number[]>([
    [on, []],
    [off, []],
  ]);
  for (const server of [on, off]) await takeTurn(server, connections, WARM_UP_SECONDS);
  for (let round = 0; round < Math.max(rounds, LEAST_ROUNDS); round += 1) {
    for (const server of round % 2 === 0 ? [on, off] : [off, on]) {
      const { requestsPerSecond } = await takeTurn(server, connections, seconds);
      perSecond.get(server)?.push(requestsPerSecond);
    }
  }
  return { on: perSecond.get(on) ?? [], off: perSecond.get(off) ?? [] };
}

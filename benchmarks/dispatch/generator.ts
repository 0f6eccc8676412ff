// The load generator's process: the plan of a turn is its argument, the result its output, both JSON.

import { setPriority } from 'node:os';
import { runTurn } from './open-loop.ts';
import type { TurnPlan } from './turn.ts';

/** Ahead of servers that want all processors: what clients on machines of their own would not wait for is not to be measured. */
const PRIORITY = -10;

try {
  setPriority(PRIORITY);
} catch {
  // only root may; without it the report shows how late requests were sent
}
console.log(JSON.stringify(await runTurn(JSON.parse(process.argv[2] ?? '') as TurnPlan)));

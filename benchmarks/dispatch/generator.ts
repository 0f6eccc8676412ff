// The load generator's process: the plan of a turn is its argument, the result its output, both JSON.

import { runTurn } from './open-loop.ts';
import type { TurnPlan } from './turn.ts';

console.log(JSON.stringify(await runTurn(JSON.parse(process.argv[2] ?? '') as TurnPlan)));

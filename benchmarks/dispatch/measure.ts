// One server's turn, with the load generator in a process of its own: the benchmark's own work must not delay a request.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Stream, TurnPlan, TurnResult } from './turn.ts';

const GENERATOR = fileURLToPath(new URL('./generator.js', import.meta.url));
/** More than a turn can take beyond its length. */
const SPARE_MS = 30_000;
export const LIMITS = {
  /** Browsers wait longer, people do not. */
  answerLimitMs: 10_000,
  /** Enough for a queue behind a few slow requests, and no more, since every server of every turn may use it. */
  drainLimitMs: 2000,
} as const;
/** More than any server serves: what cannot be sent at once is not sent. */
const SATURATING_PER_SECOND = 150_000;

export async function takeTurn(plan: TurnPlan): Promise<TurnResult> {
  const child = spawn(process.execPath, [GENERATOR, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: plan.warmUpMs + plan.windowMs + SPARE_MS,
    killSignal: 'SIGKILL',
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`the load generator failed: ${errors.trim().slice(-300)}`);
  return JSON.parse(output) as TurnResult;
}

/** It may be the first that a server gets, and compilers need some seconds of load to warm up. */
const CAPACITY_PHASE = { warmUpMs: 1500, windowMs: 1000 } as const;

/** Requests per second that a server answers when there is always one more for each connection. */
export async function measureCapacity(port: number, { mix, connections }: Stream): Promise<number> {
  const stream = { mix, arrivals: 'constant', perSecond: SATURATING_PER_SECOND, connections } as const;
  const turn = await takeTurn({ port, streams: [stream], firstNumber: 0, ...CAPACITY_PHASE, ...LIMITS });
  return turn.classes.fast.answeredPerSecond;
}

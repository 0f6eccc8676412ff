import { existsSync, readFileSync } from 'node:fs';

/** What the application has noted of one request: the process of each time that it was started, and ended. */
export interface Execution {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Reads the file that chaotic.py writes: a line `start NUMBER PID` or `end NUMBER PID` for each. */
export function readExecutions(path: string): (number: number) => Execution {
  const found = new Map<number, { starts: number[]; ends: number[] }>();
  const lines = existsSync(path) ? readFileSync(path, 'latin1').split('\n') : [];
  for (const line of lines) {
    if (line === '') continue;
    const [what, number, pid] = line.split(' ');
    const at = Number(number);
    const execution = found.get(at) ?? { starts: [], ends: [] };
    found.set(at, execution);
    if (what === 'start') execution.starts.push(Number(pid));
    else if (what === 'end') execution.ends.push(Number(pid));
    else throw new Error(`not a line of an execution: ${JSON.stringify(line)}`);
  }
  return (number) => found.get(number) ?? { starts: [], ends: [] };
}

// One run of wrk, with one thread, against one server.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { APPS_FOLDER } from './servers.ts';

export interface Load {
  readonly durationUs: number;
  readonly requests: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly errors: {
    readonly connect: number;
    readonly read: number;
    readonly write: number;
    readonly timeout: number;
    /** Responses of status 400 and above. */
    readonly status: number;
  };
}

/** What load.lua printed among wrk's own output. */
export function parseWrk(output: string): Load {
  const line = /^measured (\{.*\})$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk reported no measurement:\n${output.trim()}`);
  return JSON.parse(line) as Load;
}

/** The errors that are not zero, such as `3 timeout`; null when there are none. */
export function errorsOf({ errors }: Load): string | null {
  const counts = Object.entries(errors).filter(([, count]) => count > 0);
  return counts.length === 0 ? null : counts.map(([kind, count]) => `${count} ${kind}`).join(', ');
}

/** What wrk asks for. */
export interface Target {
  readonly port: number;
  readonly path: string;
  /** 0: GET without a body. */
  readonly uploadBytes: number;
  readonly isTls?: boolean;
}

export async function runWrk(
  { port, path, uploadBytes, isTls = false }: Target,
  connections: number,
  seconds: number,
): Promise<Load> {
  const script = join(APPS_FOLDER, '../load.lua');
  const child = spawn(
    'wrk',
    [
      ...['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '10s', '-s', script],
      ...[`${isTls ? 'https' : 'http'}://127.0.0.1:${port}${path}`, '--', `${uploadBytes}`],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], timeout: (seconds + 30) * 1000, killSignal: 'SIGKILL' },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve());
  });
  return parseWrk(output);
}

// One run of h2load, with one thread, against one server: HTTP/2 over TLS.

import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Load } from '../whole/load.ts';

/** Requests that each connection has open at a time, as a browser has when it loads a page. */
const STREAMS = 8;

export async function runH2load(url: string, connections: number, seconds: number): Promise<Load> {
  const log = join(tmpdir(), `bench-h2load-${process.pid}.log`);
  const args = ['-t1', `-c${connections}`, `-m${STREAMS}`, `-D${seconds}`, `--log-file=${log}`, url];
  const child = spawn('h2load', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: (seconds + 30) * 1000,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  try {
    await new Promise<void>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => resolve());
    });
    return loadOf(output, readFileSync(log, 'utf8'), seconds);
  } finally {
    rmSync(log, { force: true });
  }
}

/** `log`: a line for each request, with its start, its status and how long it took, in µs. */
export function loadOf(output: string, log: string, seconds: number): Load {
  const [, total, failed] = /requests: (\d+) total,.* (\d+) failed/.exec(output) ?? [];
  if (total === undefined) throw new Error(`h2load reported no measurement:\n${output.trim()}`);
  const rows = log
    .trim()
    .split('\n')
    .map((line) => line.split('\t').map(Number));
  const times = rows.map(([, , us = 0]) => us).toSorted((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return {
    durationUs: seconds * 1e6,
    requests: times.length,
    p50Us: at(0.5),
    p99Us: at(0.99),
    errors: {
      connect: 0,
      read: Number(failed),
      write: 0,
      timeout: 0,
      status: rows.filter(([, status = 0]) => status >= 400).length,
    },
  };
}

// How far one download or upload of 1 GB moves a server's memory.

import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { treePssMegabytes } from './processes.ts';
import type { RunningServer } from './running-server.ts';

const TRANSFER_BYTES = 1_000_000_000;
const LIMIT_MS = 60_000;
const SAMPLE_MS = 50;

export interface Transfer {
  /** Highest PSS of all processes during it, less that before it. */
  readonly growthMegabytes: number;
  readonly seconds: number;
}

export type Direction = 'download' | 'upload';

export async function measureTransfer(
  { port, roots }: RunningServer,
  direction: Direction,
): Promise<Transfer> {
  const before = treePssMegabytes(roots);
  let peak = before;
  const sampling = setInterval(() => {
    peak = Math.max(peak, treePssMegabytes(roots));
  }, SAMPLE_MS);
  const started = performance.now();
  try {
    const bytes = await (direction === 'download' ? download(port) : upload(port));
    if (bytes !== TRANSFER_BYTES)
      throw new Error(`${direction} of ${bytes} bytes instead of ${TRANSFER_BYTES}`);
  } finally {
    clearInterval(sampling);
  }
  return { growthMegabytes: peak - before, seconds: (performance.now() - started) / 1000 };
}

/** The bytes that came. */
function download(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/?download', agent: false, timeout: LIMIT_MS };
    const outgoing = request(options, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('end', () => resolve(bytes));
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.end();
  });
}

/** The bytes that the application says it read. */
function upload(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Length': TRANSFER_BYTES };
    const options = { host: '127.0.0.1', port, method: 'POST', headers, agent: false, timeout: LIMIT_MS };
    const outgoing = request(options, (response) => {
      let answer = '';
      response.setEncoding('latin1');
      response.on('data', (chunk: string) => {
        answer += chunk;
      });
      response.on('end', () => resolve(Number(answer)));
      response.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    pipeline(Readable.from(chunks()), outgoing).catch(reject);
  });
}

function* chunks(): Generator<Buffer> {
  const chunk = Buffer.alloc(100_000, 'x');
  for (let sent = 0; sent < TRANSFER_BYTES; sent += chunk.length) yield chunk;
}

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { type KirinProcess, withKirin } from '../support/kirin.ts';
import { within } from '../support/wait-for.ts';

const SIZE = 1_000_000_000;
const MAX_GROWTH_BYTES = 32 * 1024 * 1024;
const TIMEOUT_MS = 180_000;
const SAMPLE_INTERVAL_MS = 100;

describe('a body of 1 GB', () => {
  it('moves the memory by less than 32 MB when it is uploaded', async () => {
    await withKirin({ app: 'echo:app', args: ['--workers', '1', '--timeout', '120'] }, async (kirin) => {
      const growth = await memoryGrowth(kirin, async (bytes) => {
        const { text } = await upload(kirin.port, '/summary', bytes);
        assert.match(text, /^HTTP\/1\.1 200/);
        assert.equal(JSON.parse(text.slice(text.indexOf('{'))).length, bytes);
      });
      assert.ok(growth < MAX_GROWTH_BYTES, `grew by ${megabytes(growth)}`);
    });
  });

  it('moves the memory by less than 32 MB when it is downloaded', async () => {
    await withKirin({ app: 'responses:app', args: ['--workers', '1', '--timeout', '120'] }, async (kirin) => {
      const growth = await memoryGrowth(kirin, async (bytes) => {
        const { length } = await upload(kirin.port, `/zeros?size=${bytes}`, 0);
        assert.ok(length >= bytes, `${length} bytes came`);
      });
      assert.ok(growth < MAX_GROWTH_BYTES, `grew by ${megabytes(growth)}`);
    });
  });
});

/** By how much the memory of all processes grows at most while 1 GB passes, compared with after 10 MB have. */
async function memoryGrowth(
  kirin: KirinProcess,
  transfer: (bytes: number) => Promise<void>,
): Promise<number> {
  // What both sides load and allocate at first use is no growth with the body's size.
  for (let round = 0; round < 3; round++) await transfer(10_000_000);
  const before = kirin.totalPssBytes();
  let peak = before;
  const sampler = setInterval(() => {
    peak = Math.max(peak, kirin.totalPssBytes());
  }, SAMPLE_INTERVAL_MS);
  try {
    await within(TIMEOUT_MS, 'the transfer', transfer(SIZE), () => kirin.log());
  } finally {
    clearInterval(sampler);
  }
  return Math.max(peak, kirin.totalPssBytes()) - before;
}

/** Sends that many bytes, and gives the length of all that came back, and its first kilobytes as text. */
function upload(port: number, path: string, bytes: number): Promise<{ length: number; text: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const piece = Buffer.alloc(1 << 16);
    let left = bytes;
    let length = 0;
    let text = '';
    const pump = () => {
      while (left > 0) {
        const part = left < piece.length ? piece.subarray(0, left) : piece;
        left -= part.length;
        if (!socket.write(part)) return;
      }
    };
    socket.on('drain', pump);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      length += chunk.length;
      if (text.length < 4096) text += chunk.toString('latin1', 0, 4096);
    });
    socket.on('end', () => resolve({ length, text }));
    const method = bytes > 0 ? 'POST' : 'GET';
    const framing = bytes > 0 ? `Content-Length: ${bytes}\r\n` : '';
    socket.write(`${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${framing}\r\n`);
    pump();
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

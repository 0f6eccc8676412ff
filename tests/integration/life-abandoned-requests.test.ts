import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type KirinProcess, withKirin } from '../support/kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

describe('a request whose client has left', () => {
  const ONE_WORKER = { app: 'dangerous:app', args: ['--access-logfile', '-'] };

  for (const [what, bytes] of [
    ['a safe one', 'GET /count?left HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['one with a body', 'POST /count?left HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi'],
  ] as const) {
    it(`before it was started is not started: ${what}`, async () => {
      await withKirin(ONE_WORKER, async (kirin) => {
        await whileTheWorkerIsBusy(kirin, async () => {
          const leaving = await RawConnection.open({ port: kirin.port });
          await leaving.sendAll(bytes);
          // Answered by the same edge after it: it has read what was sent before.
          await waitForEdge(kirin);
          leaving.destroy();
          await waitFor(() => /count\?left HTTP\/1\.1" 499 /.test(kirin.stdout()), {
            what: 'the access log of the request that was given up',
          });
        });
        const answer = await fetch(`${kirin.url}/count`);
        assert.equal(((await answer.json()) as { requests: number }).requests, 1);
      });
    });
  }

  for (const [what, page, leave] of [
    ['that asks whether its client is there is told when it has closed', 'work-while-wanted', 'destroy'],
    ['that asks whether its client is there is told when it has reset', 'work-while-wanted', 'reset'],
    ['that streams ends with its next piece, and its close() is called', 'stream-for-ever', 'destroy'],
  ] as const) {
    it(`and ${what}`, async () => {
      const folder = makeTemporaryFolder();
      const path = join(folder, 'noticed');
      try {
        await withKirin(ONE_WORKER, async (kirin) => {
          const leaving = await RawConnection.open({ port: kirin.port });
          await leaving.sendAll(`GET /${page}?path=${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
          if (page === 'stream-for-ever') await leaving.peek(1);
          else await waitFor(() => existsSync(`${path}.started`));
          assert.equal(existsSync(path), false);
          leaving[leave]();
          await waitFor(() => existsSync(path));
          // Its worker, the only one, is free again.
          assert.equal((await fetch(kirin.url)).status, 200);
        });
      } finally {
        removeFolder(folder);
      }
    });
  }
});

/** Holds the only worker with a request for the length of `use`. */
async function whileTheWorkerIsBusy(kirin: KirinProcess, use: () => Promise<void>): Promise<void> {
  const folder = makeTemporaryFolder();
  const path = join(folder, 'go');
  try {
    const held = fetch(`${kirin.url}/wait-for-file?path=${path}`);
    await waitFor(() => existsSync(`${path}.started`));
    await use();
    writeFileSync(path, '');
    assert.equal((await held).status, 200);
  } finally {
    removeFolder(folder);
  }
}

/** A request that is refused by the edge itself. */
async function waitForEdge(kirin: KirinProcess): Promise<void> {
  const connection = await RawConnection.open({ port: kirin.port });
  connection.send('GET / HTTP/1.1\r\n\r\n');
  assert.equal((await connection.readResponse()).status, 400);
  connection.destroy();
}

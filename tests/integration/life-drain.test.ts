import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { HeldRequest } from '../support/held-request.ts';
import { isRefused } from '../support/is-refused.ts';
import { withKirin } from '../support/kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('a drain', () => {
  it('answers the requests of connections that wait in the listening backlog', async () => {
    const WAITING = 50;
    await withKirin({ app: 'dangerous:app', args: ['--workers', '2'] }, async (kirin) => {
      const edge = kirin.edgePid();
      // The system goes on completing connections; nobody accepts them.
      process.kill(edge, 'SIGSTOP');
      const clients = await Promise.all(
        Array.from({ length: WAITING }, () => RawConnection.open({ port: kirin.port })),
      );
      for (const client of clients) await client.sendAll(REQUEST);
      kirin.signal('SIGTERM');
      await kirin.waitForLog(/Handling signal: term/);
      process.kill(edge, 'SIGCONT');
      for (const client of clients) {
        assert.equal((await client.readResponse()).status, 200);
        assert.equal((await client.readToEnd()).length, 0);
      }
      await kirin.ended();
    });
  });

  it('answers the requests that wait for a worker', async () => {
    const folder = makeTemporaryFolder();
    const path = join(folder, 'go');
    try {
      await withKirin({ app: 'dangerous:app' }, async (kirin) => {
        const held = fetch(`${kirin.url}/wait-for-file?path=${path}`);
        await waitFor(() => existsSync(`${path}.started`));
        const { port } = kirin;
        const waiting = await Promise.all(Array.from({ length: 20 }, () => RawConnection.open({ port })));
        for (const client of waiting) await client.sendAll(REQUEST);
        kirin.signal('SIGTERM');
        await waitFor(() => isRefused(port));
        writeFileSync(path, '');
        assert.equal((await held).status, 200);
        for (const client of waiting) {
          const response = await client.readResponse();
          assert.equal(response.status, 200);
          assert.match(response.head, /^Connection: close$/im);
        }
      });
    } finally {
      removeFolder(folder);
    }
  });

  it('closes idle connections in order, and says so on those that are busy', async () => {
    const folder = makeTemporaryFolder();
    try {
      await withKirin({ app: 'dangerous:app', args: ['--workers', '2'] }, async (kirin) => {
        const busy = await HeldRequest.send(kirin, folder);
        await busy.started();
        const idle = await RawConnection.open({ port: kirin.port });
        idle.send(REQUEST);
        await idle.readResponse();
        kirin.signal('SIGTERM');
        assert.equal((await idle.readToEnd()).length, 0);
        assert.equal(await idle.wasReset(), false);
        busy.letGo();
        assert.match((await busy.answer()).head, /^Connection: close$/im);
        await kirin.ended();
      });
    } finally {
      removeFolder(folder);
    }
  });

  it('tells it by the readiness page first, and goes on serving for the drain delay', async () => {
    const args = ['--health-path', '/health', '--drain-delay', '4'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const statusOf = async (path: string) => (await fetch(kirin.url + path)).status;
      assert.equal(await statusOf('/health/ready'), 200);
      kirin.signal('SIGTERM');
      const toldAt = Date.now();
      await waitFor(async () => (await statusOf('/health/ready')) === 503);
      assert.equal(await statusOf('/health/live'), 200);
      assert.equal(await statusOf('/'), 200);
      await kirin.ended();
      assert.ok(Date.now() - toldAt >= 3900, `${Date.now() - toldAt} ms`);
    });
  });
});

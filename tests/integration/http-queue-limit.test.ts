import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HeldRequest, queueLength } from '../support/held-request.ts';
import { type KirinProcess, withKirin } from '../support/kirin.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { fieldValue } from '../support/response-reader.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const LIMIT = 3;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('--queue-limit', () => {
  let folder: string;

  beforeEach(() => {
    folder = makeTemporaryFolder();
  });
  afterEach(() => removeFolder(folder));

  /** With the only worker held by a request. */
  async function withBusyKirin(use: (kirin: KirinProcess, running: HeldRequest) => Promise<void>) {
    const args = ['--queue-limit', String(LIMIT), '--health-path', '/health'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const running = await HeldRequest.send(kirin, folder);
      await running.started();
      await use(kirin, running);
    });
  }

  /** Requests that wait, each on a connection of its own. */
  async function fillQueue(kirin: KirinProcess): Promise<HeldRequest[]> {
    const waiting: HeldRequest[] = [];
    for (let number = 1; number <= LIMIT; number += 1) {
      waiting.push(await HeldRequest.send(kirin, folder));
      await waitFor(async () => (await queueLength(kirin)) === number);
    }
    return waiting;
  }

  async function serveAll(running: HeldRequest, waiting: readonly HeldRequest[]): Promise<void> {
    for (const request of [running, ...waiting]) {
      request.letGo();
      assert.equal((await request.answer()).status, 200);
      request.connection.destroy();
    }
  }

  it('lets as many wait, and answers one more 503 with Retry-After at once', async () => {
    await withBusyKirin(async (kirin, running) => {
      const waiting = await fillQueue(kirin);
      const refused = await RawConnection.open({ port: kirin.port });
      for (const times of [1, 2]) {
        refused.send(GET);
        const response = await refused.readResponse();
        assert.equal(response.status, 503, `time ${times}, while the worker is still held`);
        assert.match(fieldValue(response, 'Retry-After') ?? '', /^[1-9]\d*$/);
      }
      assert.ok(!waiting.some((request) => request.hasStarted));
      await serveAll(running, waiting);
      refused.send(GET);
      assert.equal((await refused.readResponse()).status, 200, 'the connection that was refused goes on');
      refused.destroy();
    });
  });

  it('counts requests, not connections: many quiet ones are no reason to refuse', async () => {
    await withBusyKirin(async (kirin, running) => {
      const quiet = await Promise.all(
        Array.from({ length: 5 * LIMIT }, () => RawConnection.open({ port: kirin.port })),
      );
      const waiting = await fillQueue(kirin);
      await serveAll(running, waiting);
      for (const connection of quiet) connection.destroy();
    });
  });

  for (const way of ['destroy', 'reset', 'end'] as const) {
    it(`gives the place of a client that goes away to another, and never runs its request (${way})`, async () => {
      await withBusyKirin(async (kirin, running) => {
        const waiting = await fillQueue(kirin);
        const [leaving, ...staying] = waiting as [HeldRequest, ...HeldRequest[]];
        leaving.connection[way]();
        await waitFor(async () => (await queueLength(kirin)) === LIMIT - 1);
        const next = await HeldRequest.send(kirin, folder);
        await waitFor(async () => (await queueLength(kirin)) === LIMIT);
        assert.equal((await exchange({ port: kirin.port }, GET)).status, 503);
        await serveAll(running, [...staying, next]);
        assert.equal((await exchange({ port: kirin.port }, GET)).status, 200);
        assert.equal(leaving.hasStarted, false);
        leaving.connection.destroy();
      });
    });
  }

  it('is not used up by any number of clients that come and go', async () => {
    await withBusyKirin(async (kirin, running) => {
      for (let times = 0; times < 100; times += 1) {
        const leaving = await RawConnection.open({ port: kirin.port });
        leaving.send('GET /count HTTP/1.1\r\nHost: a\r\n\r\n');
        await waitFor(async () => (await queueLength(kirin)) === 1);
        leaving.destroy();
        await waitFor(async () => (await queueLength(kirin)) === 0);
      }
      const waiting = await fillQueue(kirin);
      assert.equal((await exchange({ port: kirin.port }, GET)).status, 503);
      await serveAll(running, waiting);
      const counted = await fetch(`${kirin.url}/count`);
      assert.equal(((await counted.json()) as { requests: number }).requests, 1);
    });
  });
});

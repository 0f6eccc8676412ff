import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HeldRequest } from '../support/held-request.ts';
import { withKirin } from '../support/kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

const QUICK = 'GET /process HTTP/1.1\r\nHost: a\r\n\r\n';
const sleep = (ms: number) => `GET /sleep?seconds=${ms / 1000} HTTP/1.1\r\nHost: a\r\n\r\n`;

const connect = (port: number, count: number) =>
  Promise.all(Array.from({ length: count }, () => RawConnection.open({ port })));

/** How long each answer took, in ms. All of them are 200. */
async function ask(connection: RawConnection, request: string, times: number): Promise<number[]> {
  const durations: number[] = [];
  for (let number = 0; number < times; number += 1) {
    const since = performance.now();
    connection.send(request);
    assert.equal((await connection.readResponse()).status, 200);
    durations.push(performance.now() - since);
  }
  return durations;
}

describe('lanes', () => {
  let folder: string;

  beforeEach(() => {
    folder = makeTemporaryFolder();
  });
  afterEach(() => removeFolder(folder));

  it('take whatever comes, on whatever connection: one that is free serves all of many, of which most are quiet', async () => {
    await withKirin({ app: 'dangerous:app', args: ['--workers', '3'] }, async (kirin) => {
      const connections = await connect(kirin.port, 120);
      for (const connection of connections) await ask(connection, QUICK, 1);
      // Whichever two connections the busy ones are: others would have to share their fate, were connections tied to workers.
      for (const [one, other] of [
        [0, 1],
        [17, 94],
      ]) {
        const held: HeldRequest[] = [];
        for (const at of [one, other]) {
          held.push(await HeldRequest.send(kirin, folder, connections[at as number]));
        }
        for (const request of held) await request.started();
        const pids = new Set<string>();
        for (const [at, connection] of connections.entries()) {
          if (at === one || at === other) continue;
          connection.send(QUICK);
          const { status, body } = await connection.readResponse({ timeoutMs: 5000 });
          assert.equal(status, 200);
          pids.add(JSON.parse(body.toString('latin1')).pid);
        }
        assert.equal(pids.size, 1, 'there was one free worker');
        for (const request of held) {
          request.letGo();
          assert.equal((await request.answer()).status, 200);
        }
      }
      for (const connection of connections) connection.destroy();
    });
  });

  it('are all used while requests wait, although these came on few connections', async () => {
    await withKirin({ app: 'dangerous:app', args: ['--workers', '2', '--threads', '2'] }, async (kirin) => {
      const held: HeldRequest[] = [];
      for (let lane = 0; lane < 4; lane += 1) held.push(await HeldRequest.send(kirin, folder));
      for (const request of held) await request.started();
      for (const request of held) {
        request.letGo();
        assert.equal((await request.answer()).status, 200);
        request.connection.destroy();
      }
    });
  });

  it('are not all taken by requests known to be slow while quick ones come', async () => {
    const slowMs = 300;
    const args = ['--workers', '2'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const [quick, ...slow] = (await connect(kirin.port, 3)) as [RawConnection, ...RawConnection[]];
      await ask(quick, QUICK, 100);
      // Known to be slow, from a few requests on.
      await Promise.all(slow.map((connection) => ask(connection, sleep(50), 6)));
      let areSlowDone = false;
      const slowWork = Promise.all(slow.map((connection) => ask(connection, sleep(slowMs), 6))).then(() => {
        areSlowDone = true;
      });
      const durations: number[] = [];
      while (!areSlowDone) durations.push(...(await ask(quick, QUICK, 1)));
      await slowWork;
      const sum = (all: readonly number[]) => all.reduce((total, ms) => total + ms, 0);
      const late = durations.filter((ms) => ms > slowMs / 3);
      const share = sum(late) / sum(durations);
      // Were lanes given out in turn, both would be taken by slow ones nearly all the time.
      assert.ok(share < 0.25, `${Math.round(share * 100)} % of the time a quick one waited for slow ones`);
      for (const connection of [quick, ...slow]) connection.destroy();
    });
  });

  it('are taken all the same by slow requests that have waited for long', async () => {
    const slowMs = 50;
    const [clients, times] = [24, 4];
    await withKirin({ app: 'dangerous:app', args: ['--workers', '2'] }, async (kirin) => {
      const [quick, ...slow] = (await connect(kirin.port, 1 + clients)) as [
        RawConnection,
        ...RawConnection[],
      ];
      await ask(quick, QUICK, 100);
      await ask(slow[0] as RawConnection, sleep(slowMs), 10);
      const since = performance.now();
      await Promise.all(slow.map((connection) => ask(connection, sleep(slowMs), times)));
      const elapsedMs = performance.now() - since;
      const byOneLaneMs = clients * times * slowMs;
      assert.ok(elapsedMs < 0.85 * byOneLaneMs, `${elapsedMs} ms; one lane takes ${byOneLaneMs}`);
      for (const connection of [quick, ...slow]) connection.destroy();
    });
  });
});

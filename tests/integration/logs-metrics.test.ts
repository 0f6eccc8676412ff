import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type KirinProcess, withKirin } from '../support/kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

interface HistogramPart {
  readonly count: number;
  readonly sumUs: number;
  readonly maxUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly buckets: readonly [number, number][];
}

interface Page {
  readonly queue: { readonly length: number; readonly oldestWaitUs: number };
  readonly workers: readonly {
    readonly pid: number;
    readonly generation: number;
    readonly given: number;
    readonly lanes: readonly {
      readonly index: number;
      readonly isFed: boolean;
      readonly depth: number;
      readonly service: HistogramPart;
    }[];
  }[];
  readonly apps: readonly {
    readonly mount: string;
    readonly queue: HistogramPart;
    readonly service: HistogramPart;
    readonly refused: Readonly<Record<string, number>>;
    readonly clientLeft: number;
  }[];
}

async function metrics(kirin: KirinProcess): Promise<Page> {
  const response = await fetch(`${kirin.url}/health/metrics`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/json');
  return JSON.parse(await response.text());
}

describe('the metrics', () => {
  it('have the times of what was served, by application and by lane', async () => {
    const args = ['-w', '2', '--threads', '2', '--health-path', '/health'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      for (let n = 0; n < 10; n += 1) await (await fetch(kirin.url)).text();
      await (await fetch(`${kirin.url}/sleep?seconds=0.1`)).text();
      const { queue, workers, apps } = await metrics(kirin);
      assert.deepEqual(queue, { length: 0, oldestWaitUs: 0 });
      assert.deepEqual(workers.map(({ pid }) => pid).sort(), kirin.workerPids().sort());
      const lanes = workers.flatMap((worker) => worker.lanes);
      assert.deepEqual(lanes.map(({ index }) => index).sort(), [0, 0, 1, 1]);
      for (const { isFed, depth } of lanes) assert.deepEqual([isFed, depth], [true, 0]);
      const [app] = apps;
      assert.ok(app);
      assert.deepEqual([app.mount, app.queue.count, app.service.count], ['/', 11, 11]);
      assert.ok(app.service.maxUs >= 100_000 && app.service.p50Us < 50_000, JSON.stringify(app.service));
      const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
      assert.equal(sum(workers.map(({ given }) => given)), 11);
      assert.equal(sum(lanes.map(({ service }) => service.count)), 11);
      assert.equal(sum(lanes.map(({ service }) => service.sumUs)), app.service.sumUs);
      assert.equal(sum(app.service.buckets.map(([, count]) => count)), 11);
    });
  });

  it('show what waits while it waits, and who was refused', async () => {
    const folder = makeTemporaryFolder();
    after(() => removeFolder(folder));
    const args = ['--health-path', '/health', '--queue-limit', '1'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const path = join(folder, 'go');
      const hold = () => fetch(`${kirin.url}/wait-for-file?path=${path}`);
      const running = hold();
      await waitFor(async () => (await metrics(kirin)).workers[0]?.lanes[0]?.depth === 1);
      const waiting = hold();
      const during = await waitFor(async () => {
        const page = await metrics(kirin);
        return page.queue.length === 1 && page.queue.oldestWaitUs > 0 ? page : undefined;
      });
      assert.equal(during.apps[0]?.queue.count, 0);
      const refused = await hold();
      assert.equal(refused.status, 503);
      assert.deepEqual((await metrics(kirin)).apps[0]?.refused, {
        ...{ queueLimit: 1, queueTimeout: 0, stopping: 0 },
      });
      writeFileSync(path, '');
      assert.deepEqual([(await running).status, (await waiting).status], [200, 200]);
    });
  });

  it('are only where the health pages are', async () => {
    await withKirin({ app: 'dangerous:app' }, async (kirin) => {
      assert.notEqual((await fetch(`${kirin.url}/metrics`)).headers.get('content-type'), 'application/json');
    });
  });
});

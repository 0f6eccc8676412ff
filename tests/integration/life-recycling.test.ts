import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type KirinProcess, withKirin } from '../support/kirin.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { waitFor } from '../support/wait-for.ts';

const pidsOf = (bodies: readonly string[]) =>
  new Set(bodies.map((body) => (JSON.parse(body) as { pid: number }).pid));

/** How many workers there were, by the log, at the least moment since all had been booted. */
function fewestWorkers(log: string, wanted: number): number {
  let booted = 0;
  let workers = 0;
  let fewest = Number.POSITIVE_INFINITY;
  for (const line of log.split('\n')) {
    if (/Booting worker with pid/.test(line)) {
      booted++;
      workers++;
    }
    if (/Worker exiting \(pid/.test(line)) workers--;
    if (booted >= wanted) fewest = Math.min(fewest, workers);
  }
  return fewest;
}

/** The workers that the log says are to be replaced, in order. */
const announced = (kirin: KirinProcess) =>
  [...kirin.log().matchAll(/Worker \(pid:(\d+)\) is to be replaced/g)].map((match) => Number(match[1]));

describe('recycling', () => {
  it('by --max-requests replaces workers under load and loses nothing', async () => {
    const args = ['--workers', '2', '--max-requests', '100', '--max-requests-jitter', '20'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const load = new SteadyLoad({ port: kirin.port, path: '/process' });
      await waitFor(() => pidsOf(load.bodies).size >= 5, { timeoutMs: 30_000 });
      const { failures } = await load.stop();
      assert.deepEqual(failures, []);
      assert.match(kirin.log(), /is to be replaced: it has had \d+ requests/);
      assert.equal(fewestWorkers(kirin.log(), 2), 2);
    });
  });

  it('by --max-worker-age replaces workers under load and loses nothing', async () => {
    const args = ['--workers', '2', '--max-worker-age', '2'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const load = new SteadyLoad({ port: kirin.port, path: '/process' });
      await waitFor(() => pidsOf(load.bodies).size >= 4, { timeoutMs: 30_000 });
      const { failures } = await load.stop();
      assert.deepEqual(failures, []);
      assert.match(
        kirin.log(),
        /is to be replaced: it is [12]\.\d s old, and the limit is 2\.0 s less up to a tenth/,
      );
      assert.equal(fewestWorkers(kirin.log(), 2), 2);
    });
  });

  it('by --max-worker-memory replaces two workers that are over it at once one after the other, and loses nothing', async () => {
    const args = ['--workers', '2', '--max-worker-memory', '60M'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const before = kirin.workerPids();
      const load = new SteadyLoad({ port: kirin.port, path: '/process' });
      const grown = new Set<number>();
      await waitFor(async () => {
        const response = await fetch(`${kirin.url}/grow?megabytes=64`);
        grown.add(((await response.json()) as { pid: number }).pid);
        return before.every((pid) => grown.has(pid));
      });
      await waitFor(() => before.every((pid) => kirin.log().includes(`Worker exiting (pid: ${pid})`)), {
        timeoutMs: 30_000,
        details: () => kirin.log(),
      });
      const { failures } = await load.stop();
      assert.deepEqual(failures, []);
      assert.deepEqual(new Set(announced(kirin)), new Set(before));
      assert.match(kirin.log(), /is to be replaced: its memory is \d\d MB, over the limit of 60 MB/);
      assert.equal(fewestWorkers(kirin.log(), 2), 2);
    });
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryWatch, measureMemory, parsePss, parseRss } from '../../../src/arbiter/worker-memory.ts';

const ROLLUP = `55d0c0a7a000-7ffd1f5e8000 ---p 00000000 00:00 0                          [rollup]
Rss:               12344 kB
Pss:                5678 kB
Pss_Dirty:          4321 kB
Shared_Clean:       6000 kB
`;

const STATUS = 'Name:\tpython3\nVmPeak:\t   20000 kB\nVmRSS:\t   12344 kB\nRssAnon:\t    4000 kB\n';

/** No process has it: the kernel's largest is 2^22. */
const NO_PID = 2 ** 22 + 1;

describe("a worker's memory", () => {
  it('is its PSS, in bytes', () => {
    assert.equal(parsePss(ROLLUP), 5678 * 1024);
  });

  it('is its RSS where the PSS cannot be read', () => {
    assert.equal(parsePss(''), null);
    assert.equal(parseRss(STATUS), 12_344 * 1024);
  });

  it('is not known of a process that is gone', async () => {
    assert.equal(await measureMemory(NO_PID), null);
    assert.ok(((await measureMemory(process.pid)) ?? 0) > 2 ** 20);
  });
});

describe('the watch on memory', () => {
  it('reports who is over the limit, and skips who is gone', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const watch = new MemoryWatch(
      () => [NO_PID, process.pid],
      (pid, bytes) => report.resolve({ pid, bytes }),
    );
    const report = withResolvers<{ pid: number; bytes: number }>();
    watch.limitBytes = 2 ** 20;
    t.mock.timers.tick(3000);
    const { pid, bytes } = await report.promise;
    watch.stop();
    assert.equal(pid, process.pid);
    assert.ok(bytes > 2 ** 20);
  });

  it('measures nothing while there is no limit, and no more when there is none any more', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let asked = 0;
    const watch = new MemoryWatch(
      () => {
        asked++;
        return [];
      },
      () => assert.fail('nobody is over a limit'),
    );
    watch.limitBytes = 0;
    t.mock.timers.tick(10_000);
    assert.equal(asked, 0);
    watch.limitBytes = 2 ** 40;
    t.mock.timers.tick(3000);
    assert.equal(asked, 1);
    watch.limitBytes = 0;
    t.mock.timers.tick(10_000);
    assert.equal(asked, 1);
  });
});

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

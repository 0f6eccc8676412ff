import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import { type KirinProcess, withKirin } from '../support/kirin.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { waitFor } from '../support/wait-for.ts';

/** The numbers of workers that the log tells of, in order. */
const course = (kirin: KirinProcess) =>
  [...kirin.log().matchAll(/Workers: \d+ → (\d+), /g)].map((match) => Number(match[1]));

const mostOf = (numbers: readonly number[]) => Math.max(...numbers);

describe('--workers MIN..MAX', () => {
  it('adds workers while requests wait for something else than processors, and takes them away afterwards', async () => {
    await withKirin({ app: 'dangerous:app', args: ['--workers', '1..8'] }, async (kirin) => {
      const details = () => kirin.log();
      assert.equal(kirin.workerPids().length, 1);
      const load = new SteadyLoad({ port: kirin.port, path: '/sleep?seconds=0.1', clients: 3 });
      await waitFor(() => course(kirin).includes(3) && kirin.workerPids().length >= 3, {
        timeoutMs: 20_000,
        details,
      });
      // Long enough for more to come, were they wanted.
      const answered = load.answered;
      await waitFor(() => load.answered >= answered + 100, { details });
      const { failures } = await load.stop();
      assert.deepEqual(failures, []);
      assert.match(
        kirin.log(),
        /Workers: 1 → 2, requests wait while (processors are idle|workers hardly use)/,
      );
      const most = mostOf(course(kirin));
      assert.ok(most >= 3 && most <= 5, `${most} workers for 3 clients`);

      const light = new SteadyLoad({ port: kirin.port, path: '/process', clients: 1 });
      await kirin.waitForLog(
        new RegExp(`Workers: ${most} → ${most - 1}, at most 1 of ${most} lanes were busy for 10 s`),
        {
          timeoutMs: 20_000,
        },
      );
      await waitFor(() => kirin.workerPids().length === most - 1, { details });
      assert.deepEqual((await light.stop()).failures, []);
    });
  });

  it('adds none for an application that uses the processors up, however long requests wait', async () => {
    const cores = availableParallelism();
    const args = ['--workers', `${cores}..${cores + 4}`];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const load = new SteadyLoad({ port: kirin.port, path: '/compute?seconds=0.05', clients: 4 * cores });
      await kirin.waitForLog(/Workers: \d+, and no more although requests wait: the processors are busy/, {
        timeoutMs: 20_000,
      });
      const before = load.answered;
      await waitFor(() => load.answered >= before + 80 * cores, { timeoutMs: 30_000 });
      assert.deepEqual((await load.stop()).failures, []);
      // One may come while others on this machine change how much of it is idle.
      assert.ok(kirin.workerPids().length <= cores + 1, kirin.log());
    });
  });
});

describe('signals within a range', () => {
  it('move the number of workers from its least to its most, and no further', async () => {
    await withKirin({ app: 'dangerous:app', args: ['--workers', '1..2'] }, async (kirin) => {
      kirin.signal('SIGTTIN');
      await kirin.waitForLog(/Workers wanted: 2\n/);
      await waitFor(() => kirin.workerPids().length === 2);
      kirin.signal('SIGTTIN');
      await kirin.waitForLog(/Workers wanted: 2, the most of 1\.\.2/);
      kirin.signal('SIGTTOU');
      await kirin.waitForLog(/Workers wanted: 1\n/);
      await waitFor(() => kirin.workerPids().length === 1);
      kirin.signal('SIGTTOU');
      await kirin.waitForLog(/Workers wanted: 1, the least of 1\.\.2/);
    });
  });

  it('hold through a reload, which boots as many as serve', async () => {
    await withKirin({ app: 'dangerous:app', args: ['--workers', '1..3'] }, async (kirin) => {
      kirin.signal('SIGTTIN');
      await waitFor(() => kirin.workerPids().length === 2);
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Ready: 2 workers, generation 2/);
    });
  });
});

it('an application that may have several workers is told so, also while it has one', async () => {
  await withKirin({ app: 'environ_dump:app', args: ['--workers', '1..2'] }, async (kirin) => {
    assert.match(await (await fetch(kirin.url)).text(), /wsgi\.multiprocess\W+(True|true)/);
  });
});

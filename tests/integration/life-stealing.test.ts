import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withKirin } from '../support/kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

/** Enough for every lane to have several behind the one that it runs. */
const AT_ONCE = 150;
/** After this many its route counts as fast, so that requests are put behind one another. */
const WARM_UP_ROUNDS = 4;

const TWO_WORKERS = ['--workers', '2', '--log-level', 'debug'];

const KINDS = [
  'sleep',
  'spin',
  'hash_passwords',
  'run_threads',
  'fork',
  'use_multiprocessing',
  'run_a_command',
];
/** Those that do not yield, or that greenlets are known to have trouble with. */
const GEVENT_KINDS = ['spin', 'hash_passwords', 'fork', 'use_multiprocessing'];

describe('when a request of a fast route turns slow', () => {
  for (const { kind, workerClass } of [
    ...KINDS.map((each) => ({ kind: each, workerClass: 'sync' })),
    ...GEVENT_KINDS.map((each) => ({ kind: each, workerClass: 'gevent' })),
  ]) {
    it(`all others are answered while it goes on: ${kind}, ${workerClass}`, async () => {
      await withRound(kind, workerClass, async (round, folder) => {
        await waitFor(() => round.answered === AT_ONCE - 1, {
          what: 'the answers to all others',
          details: () => `${round.answered} of ${AT_ONCE} were answered`,
        });
        assert.equal(round.isAnswered(readFileSync(join(folder, 'slow'), 'utf8')), false);
        writeFileSync(join(folder, 'go'), '');
      });
    });
  }

  for (const kind of ['backtrack', 'sort']) {
    it(`and holds the interpreter, all are answered: ${kind}`, async () => {
      await withRound(kind, 'sync', async (round, folder) => {
        await waitFor(() => round.answered === AT_ONCE);
        assert.ok(existsSync(join(folder, 'slow')));
      });
    });
  }
});

/** Requests with numbers of their own, sent at the same time. */
class Round {
  readonly done: Promise<unknown>;
  readonly #answered = new Set<string>();

  constructor(url: string, folder: string, first: number) {
    const numbers = Array.from({ length: AT_ONCE }, (_, index) => String(first + index));
    this.done = Promise.all(numbers.map((number) => this.#send(url, folder, number)));
  }

  get answered(): number {
    return this.#answered.size;
  }

  isAnswered(number: string): boolean {
    return this.#answered.has(number);
  }

  async #send(url: string, folder: string, number: string): Promise<void> {
    const answer = await fetch(`${url}/?folder=${folder}&number=${number}`);
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), number);
    this.#answered.add(number);
  }
}

/** One request of the round turns slow in the way `kind`. In the end each has been answered, and executed once. */
async function withRound(
  kind: string,
  workerClass: string,
  use: (round: Round, folder: string) => Promise<void>,
): Promise<void> {
  const folder = makeTemporaryFolder();
  try {
    await withKirin({ app: 'turning_slow:app', args: [...TWO_WORKERS, '-k', workerClass] }, async (kirin) => {
      let first = 0;
      for (; first < WARM_UP_ROUNDS * AT_ONCE; first += AT_ONCE) {
        await new Round(kirin.url, folder, first).done;
      }
      // Renamed, so that it is never there without its text.
      writeFileSync(join(folder, 'turn.new'), kind);
      renameSync(join(folder, 'turn.new'), join(folder, 'turn'));
      const round = new Round(kirin.url, folder, first);
      // Its failure is told below.
      round.done.catch(() => {});
      await use(round, folder);
      await round.done;
      const executions = readFileSync(join(folder, 'executions'), 'utf8').trimEnd().split('\n');
      const expected = Array.from({ length: first + AT_ONCE }, (_, number) => String(number));
      assert.deepEqual(
        executions.map(Number).sort((one, other) => one - other),
        expected.map(Number),
      );
    });
  } finally {
    removeFolder(folder);
  }
}

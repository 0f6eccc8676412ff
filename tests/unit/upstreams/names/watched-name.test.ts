import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '../../../../src/upstreams/names/lookup.ts';
import { delayAfter, delayAfterFailure, WatchedName } from '../../../../src/upstreams/names/watched-name.ts';
import { waitFor } from '../../../support/wait-for.ts';

/** A name whose look-ups give one answer after the other, the last for ever. */
function watch(answers: readonly (readonly string[] | Error)[], everyMs = 1) {
  const told: string[] = [];
  let asked = 0;
  const lookup = async (): Promise<Answer> => {
    const answer = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    if (answer instanceof Error) throw answer;
    return { addresses: answer, ttlMs: null };
  };
  const name = new WatchedName('app', lookup, everyMs, {
    found: (addresses) => told.push(`found ${addresses}`),
    failed: (code, isKnown) => told.push(`failed ${code} ${isKnown}`),
    recovered: (addresses) => told.push(`recovered ${addresses}`),
  });
  return { name, told, asked: () => asked };
}

const noAnswer = Object.assign(new Error('no'), { code: 'ENOTFOUND' });

test('what has changed is told, and what is only turned round is not', async () => {
  const { name, told, asked } = watch([
    ['a', 'b'],
    ['b', 'a'],
    ['b', 'c'],
  ]);
  await name.start();
  assert.deepEqual(told, ['found a,b']);
  await waitFor(() => asked() > 4, { what: 'look-ups' });
  name.stop();
  assert.deepEqual(told, ['found a,b', 'found b,c']);
});

test('a failure keeps what is known, and is told once', async () => {
  const { name, told, asked } = watch([['a'], noAnswer, noAnswer, ['a'], noAnswer, ['b']]);
  await name.start();
  await waitFor(() => asked() > 6, { what: 'look-ups' });
  name.stop();
  assert.deepEqual(told, [
    'found a',
    'failed ENOTFOUND true',
    'recovered a',
    'failed ENOTFOUND true',
    'found b',
    'recovered b',
  ]);
  assert.deepEqual(name.known, ['b']);
});

test('a name that is not there yet is found when it is', async () => {
  const { name, told } = watch([noAnswer, noAnswer, ['a']]);
  await name.start();
  assert.deepEqual(told, ['failed ENOTFOUND false']);
  await waitFor(() => told.length === 3, { what: 'the name' });
  name.stop();
  assert.deepEqual(told.slice(1), ['found a', 'recovered a']);
});

test('nothing is told of a name that is not watched any more', async () => {
  let answer: (answer: Answer) => void = () => {};
  const told: string[] = [];
  const name = new WatchedName('app', () => new Promise((resolve) => (answer = resolve)), 1, {
    found: (addresses) => told.push(`${addresses}`),
    failed: (code) => told.push(code),
    recovered: () => told.push('recovered'),
  });
  const started = name.start();
  name.stop();
  answer({ addresses: ['a'], ttlMs: null });
  await started;
  assert.deepEqual(told, []);
});

test('a name is asked for again when its answer is over, or as often as is said', () => {
  const answer = (ttlMs: number | null) => ({ addresses: ['a'], ttlMs });
  assert.equal(delayAfter(answer(30_000), null), 30_000);
  assert.equal(delayAfter(answer(0), null), 1000);
  assert.equal(delayAfter(answer(86_400_000), null), 3_600_000);
  assert.equal(delayAfter(answer(null), null), 10_000);
  assert.equal(delayAfter(answer(30_000), 2000), 2000);
});

test('after a failure it is asked for soon, and then less and less often', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 100].map((failures) => delayAfterFailure(failures, null)),
    [500, 1000, 2000, 4000, 8000, 10_000, 10_000],
  );
  assert.equal(delayAfterFailure(9, 700), 700);
});

test('in a hurry it is asked for within a second, and never later than without', async () => {
  const rare = watch([['a'], ['b']], 86_400_000);
  await rare.name.start();
  rare.name.hurry();
  await waitFor(() => rare.asked() === 2, { what: 'the look-up' });
  rare.name.stop();
  const often = watch([['a']]);
  await often.name.start();
  const startMs = performance.now();
  await waitFor(
    () => {
      often.name.hurry();
      return often.asked() > 3;
    },
    { what: 'look-ups' },
  );
  often.name.stop();
  // Each of them a second later, had the hurry put it off.
  assert.ok(performance.now() - startMs < 3000);
});

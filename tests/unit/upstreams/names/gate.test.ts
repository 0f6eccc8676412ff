import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Gate } from '../../../../src/upstreams/names/gate.ts';

/** Tasks that run until they are ended. */
function tasks(maxAtOnce: number) {
  const clock = { nowMs: 0 };
  const gate = new Gate(maxAtOnce, () => clock.nowMs);
  const running = new Map<string, () => void>();
  const run = (name: string) => {
    void gate.run(
      name,
      () =>
        new Promise<void>((resolve) =>
          running.set(name, () => {
            running.delete(name);
            resolve();
          }),
        ),
    );
  };
  const end = async (name: string) => {
    running.get(name)?.();
    await turn();
  };
  return { clock, run, end, running: () => [...running.keys()] };
}

test('so many run at once, the others in the order in which they came', async () => {
  const { run, end, running } = tasks(2);
  for (const name of ['a', 'b', 'c', 'd']) run(name);
  assert.deepEqual(running(), ['a', 'b']);
  await end('b');
  assert.deepEqual(running(), ['a', 'c']);
  await end('a');
  await end('c');
  assert.deepEqual(running(), ['d']);
});

test('names that were slow wait for one another, and quick ones do not wait for them', async () => {
  const { clock, run, end, running } = tasks(2);
  for (const name of ['slow', 'slower']) run(name);
  clock.nowMs = 1000;
  await end('slow');
  await end('slower');
  for (const name of ['slow', 'slower', 'quick']) run(name);
  assert.deepEqual(running(), ['slow', 'quick']);
  await end('quick');
  run('other');
  assert.deepEqual(running(), ['slow', 'other']);
  await end('slow');
  assert.deepEqual(running(), ['other', 'slower']);
});

test('a name that is quick again counts as quick', async () => {
  const { clock, run, end, running } = tasks(2);
  run('name');
  clock.nowMs = 1000;
  await end('name');
  run('name');
  await end('name');
  clock.nowMs = 2000;
  for (const name of ['name', 'other']) run(name);
  clock.nowMs = 3000;
  await end('other');
  for (const name of ['other', 'third']) run(name);
  assert.deepEqual(running(), ['name', 'other']);
});

test('a task that fails gives its place to the next', async () => {
  const gate = new Gate(1);
  const failed = gate.run('a', () => Promise.reject(new Error('no')));
  const next = gate.run('b', () => Promise.resolve(7));
  await assert.rejects(failed, /no/);
  assert.equal(await next, 7);
});

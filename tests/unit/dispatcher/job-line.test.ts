import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JobLine } from '../../../src/dispatcher/job-line.ts';
import { FakeJob } from './fake-job.ts';

function drain(queue: JobLine): string[] {
  const order: string[] = [];
  for (let job = queue.peek(); job !== null; job = queue.peek()) {
    order.push(job.summary);
    queue.shift();
  }
  return order;
}

describe('the queue', () => {
  it('gives jobs back in the order in which they came', () => {
    const queue = new JobLine();
    for (const name of ['a', 'b', 'c']) queue.push(new FakeJob(name));
    assert.equal(queue.length, 3);
    assert.deepEqual(drain(queue), ['a', 'b', 'c']);
    assert.equal(queue.length, 0);
  });

  it('skips jobs that were given up, and does not count them', () => {
    const queue = new JobLine();
    const jobs = ['a', 'b', 'c', 'd'].map((name) => new FakeJob(name));
    for (const job of jobs) queue.push(job);
    for (const at of [0, 2]) {
      (jobs[at] as FakeJob).isOver = true;
      queue.noteOver();
    }
    assert.equal(queue.length, 2);
    assert.deepEqual(drain(queue), ['b', 'd']);
  });

  it('puts what a worker handed back before everything else', () => {
    const queue = new JobLine();
    for (const name of ['x', 'c', 'd']) queue.push(new FakeJob(name));
    queue.peek();
    queue.shift();
    queue.putBack([new FakeJob('a'), new FakeJob('b')]);
    assert.deepEqual(drain(queue), ['a', 'b', 'c', 'd']);
  });

  it('keeps its order over thousands of jobs that come and go', () => {
    const queue = new JobLine();
    const order: string[] = [];
    for (let i = 0; i < 5000; i += 1) {
      queue.push(new FakeJob(String(2 * i)));
      queue.push(new FakeJob(String(2 * i + 1)));
      order.push(queue.peek()?.summary ?? '');
      queue.shift();
    }
    order.push(...drain(queue));
    assert.deepEqual(
      order,
      Array.from({ length: 10_000 }, (_, i) => String(i)),
    );
  });
});

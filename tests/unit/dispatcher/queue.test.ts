import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RouteHistory } from '../../../src/dispatcher/history.ts';
import { LaneRules } from '../../../src/dispatcher/lane-rules.ts';
import { Queue } from '../../../src/dispatcher/queue.ts';
import { FakeJob } from './fake-job.ts';

const jobUnderNewRules = () =>
  new FakeJob(
    'a',
    true,
    new RouteHistory(new LaneRules([{ method: null, path: '/*', limit: 1, reserve: 0 }])),
  );

describe('the queue, when the rules are others', () => {
  it('keeps what waits under an old one', () => {
    const queue = new Queue();
    const job = jobUnderNewRules();
    queue.push(job);
    queue.forgetRules();
    assert.equal(queue.next()?.peek(), job);
  });

  it('keeps nothing of those under which nobody waits', async () => {
    const queue = new Queue();
    const rule = new WeakRef(passThrough(queue));
    queue.forgetRules();
    await new Promise(setImmediate);
    setFlagsFromString('--expose_gc');
    runInNewContext('gc')();
    assert.equal(rule.deref(), undefined);
  });
});

/** Has a request wait under a rule for a moment. Returns the rule. */
function passThrough(queue: Queue): object {
  const job = jobUnderNewRules();
  queue.push(job);
  queue.next()?.shift();
  return job.route.rule as object;
}

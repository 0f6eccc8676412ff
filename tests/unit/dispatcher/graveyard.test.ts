import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { systemClock } from '../../../src/dispatcher/clock.ts';
import { Graveyard } from '../../../src/dispatcher/graveyard.ts';
import type { Job } from '../../../src/dispatcher/job.ts';
import type { Lane } from '../../../src/dispatcher/lane.ts';
import type { WorkerPeer } from '../../../src/dispatcher/worker-peer.ts';
import { FakeJob } from './fake-job.ts';

const worker = { pid: 7 } as WorkerPeer;

function setUp(jobs: readonly FakeJob[]) {
  const lost: string[] = [];
  const retried: string[] = [];
  const spared: string[] = [];
  const graveyard = new Graveyard(systemClock, {
    retried: (_, job) => retried.push(job.summary),
    lost: (_, job) => lost.push(job.summary),
    spared: (list) => spared.push(...list.map((job) => job.summary)),
  });
  const lane = { jobs } as unknown as Lane;
  for (const [at, job] of jobs.entries()) {
    job.id = at + 1;
    (job as Job).lane = lane;
  }
  return { graveyard, lost, retried, spared };
}

describe('what a dead worker leaves', () => {
  it('is lost where the worker was running it, and spared otherwise', () => {
    const jobs = [new FakeJob('running', false), new FakeJob('waiting'), new FakeJob('waiting, too')];
    const { graveyard, lost, spared } = setUp(jobs);
    graveyard.bury(worker, jobs);
    assert.deepEqual([lost, spared], [[], []]);
    graveyard.report(7, [1]);
    assert.deepEqual([lost, spared], [['running'], ['waiting', 'waiting, too']]);
    assert.equal(graveyard.size, 0);
  });

  it('is judged alike when the exit report comes before the lane has closed', () => {
    const jobs = [new FakeJob('running', false), new FakeJob('waiting')];
    const { graveyard, lost, spared } = setUp(jobs);
    graveyard.report(7, [1]);
    graveyard.bury(worker, jobs);
    assert.deepEqual([lost, spared], [['running'], ['waiting']]);
  });

  it('spares what is not safe to repeat when it was provably not started', () => {
    const jobs = [new FakeJob('post', false)];
    const { graveyard, lost, spared } = setUp(jobs);
    graveyard.bury(worker, jobs);
    graveyard.report(7, []);
    assert.deepEqual([lost, spared], [[], ['post']]);
  });

  it('takes what stands before the running one to have run: its answer was not sent yet', () => {
    const jobs = [new FakeJob('finished'), new FakeJob('running'), new FakeJob('waiting')];
    const { graveyard, lost, retried, spared } = setUp(jobs);
    graveyard.bury(worker, jobs);
    graveyard.report(7, [2]);
    assert.deepEqual(
      [lost, retried, spared],
      [[], ['finished', 'running'], ['finished', 'running', 'waiting']],
    );
  });

  it('is all taken to have run when no report comes', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const jobs = [new FakeJob('head'), new FakeJob('get'), new FakeJob('post', false)];
    const { graveyard, lost, retried, spared } = setUp(jobs);
    graveyard.bury(worker, jobs);
    t.mock.timers.tick(2000);
    assert.deepEqual([lost, retried, spared], [['post'], ['head', 'get'], ['head', 'get']]);
    mock.timers.reset();
  });

  it('is run again where that does no harm, but not after a second death', () => {
    const jobs = [new FakeJob('safe')];
    const { graveyard, lost, retried, spared } = setUp(jobs);
    for (let death = 0; death < 2; death += 1) {
      graveyard.bury(worker, jobs);
      graveyard.report(7, [1]);
    }
    assert.deepEqual([lost, retried, spared], [['safe'], ['safe'], ['safe']]);
  });

  it('has a lane to itself when it is run again, so that the one that ends workers takes no others with it twice', () => {
    const jobs = [new FakeJob('unsent'), new FakeJob('running'), new FakeJob('waiting')];
    for (const job of jobs) job.canPipeline = true;
    const { graveyard, retried, spared } = setUp(jobs);
    graveyard.bury(worker, jobs);
    graveyard.report(7, [2]);
    assert.deepEqual(retried, ['unsent', 'running']);
    assert.deepEqual(spared, ['unsent', 'running', 'waiting']);
    assert.deepEqual(
      jobs.map(({ canPipeline }) => canPipeline),
      [false, false, true],
    );
  });

  it('does not bring back what was given up meanwhile', () => {
    const jobs = [new FakeJob('left')];
    const { graveyard, lost, spared } = setUp(jobs);
    graveyard.bury(worker, jobs);
    (jobs[0] as FakeJob).isOver = true;
    graveyard.report(7, [1]);
    assert.deepEqual([lost, spared], [[], []]);
  });
});

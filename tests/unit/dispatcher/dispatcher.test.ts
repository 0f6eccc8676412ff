import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Dispatcher, type DispatcherLimits } from '../../../src/dispatcher/dispatcher.ts';
import { RouteHistory } from '../../../src/dispatcher/history.ts';
import type { JobFailure } from '../../../src/dispatcher/job.ts';
import { LaneRules } from '../../../src/dispatcher/lane-rules.ts';
import { KIND, RECLAIM_FLAG, RESPONSE_FLAG } from '../../../src/protocol/lane/frames.ts';
import { FakeJob } from './fake-job.ts';
import { FakeWorker, type FakeWorkerFacts, frame, responseFrame } from './fake-worker.ts';
import { LIMITS } from './limits.ts';

const { reclaim, cancel, interrupt, quit } = KIND;

/** What is said when a request runs past its deadline. */
const LEAVING = 'leaving 1: a request was past its deadline';

/** A dispatcher whose clock the test moves, and which writes down what it says. */
function setUp(t: TestContext, options: Partial<DispatcherLimits> & { generation?: number } = {}) {
  const { generation = 1, ...limits } = options;
  t.mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] });
  // Whole: fractions would make sums of milliseconds miss what they should just reach.
  let nowMs = Math.ceil(performance.now());
  t.mock.method(performance, 'now', () => nowMs);
  const said: string[] = [];
  const dispatcher = new Dispatcher(
    { ...LIMITS, ...limits },
    {
      workerReady: ({ pid }) => said.push(`ready ${pid}`),
      workerOverdue: ({ pid }, job) => said.push(`overdue ${pid} ${job?.summary ?? 'tail'}`),
      workerCondemned: ({ pid }) => said.push(`condemned ${pid}`),
      workerSpent: ({ pid, given }) => said.push(`spent ${pid}: ${given}`),
      workerLeaving: ({ pid }, reason) => said.push(`leaving ${pid}: ${reason}`),
      jobExpired: (job) => said.push(`expired ${job.summary}`),
      jobRefused: (job) => said.push(`refused ${job.summary}`),
      jobRetried: ({ pid }, job) => said.push(`retried ${pid} ${job.summary}`),
      jobLost: ({ pid }, job) => said.push(`lost ${pid} ${job.summary}`),
    },
  );
  dispatcher.activate(generation);
  const fast = new RouteHistory(new LaneRules([]));
  for (let i = 0; i < 64; i += 1) fast.of('GET', '/fast').record(50);
  const slow = new RouteHistory(new LaneRules([]));
  for (let i = 0; i < 64; i += 1) slow.of('GET', '/slow').record(100_000);
  for (let i = 0; i < 200; i += 1) slow.of('GET', '/quick').record(1000);
  return {
    dispatcher,
    said,
    worker: (facts?: FakeWorkerFacts) => new FakeWorker(dispatcher, facts).connect(dispatcher),
    /** A job that may be pipelined. */
    fastJob: () => new FakeJob('fast', true, fast),
    /** A job of a route that typically takes 100 ms, where others take 1. */
    slowJob: () => new FakeJob('slow', true, slow),
    quickHasCome: () => dispatcher.quickReserve.noteCome(new FakeJob('quick'), performance.now()),
    submit: (...jobs: FakeJob[]) => {
      for (const job of jobs) dispatcher.submit(job);
    },
    pass: (ms: number) => {
      for (let passed = 0; passed < ms; passed += 1) {
        nowMs += 1;
        t.mock.timers.tick(1);
      }
    },
  };
}

function collectGarbage(): void {
  setFlagsFromString('--expose_gc');
  runInNewContext('gc')();
}

const reclaims = (worker: FakeWorker) =>
  worker
    .takeControl()
    .filter(({ kind }) => kind === reclaim)
    .map(({ a }) => a);

describe('the dispatcher', () => {
  it('gives a request to an idle lane, and its answer to the request', (t) => {
    const { worker, submit } = setUp(t);
    const one = worker();
    const job = new FakeJob('a');
    submit(job);
    assert.deepEqual(job.sentTo, [0]);
    one.answer(0, job.id, 'hello');
    assert.deepEqual(job.events, ['head 200 OK', 'body hello', 'end']);
    assert.equal(one.lanes[0]?.depth, 0);
  });

  it('reports how busy its lanes were, and how long requests waited', (t) => {
    const { dispatcher, worker, submit, pass } = setUp(t);
    dispatcher.takeLoad();
    const one = worker({ lanes: 2 });
    const jobs = [new FakeJob('a'), new FakeJob('b'), new FakeJob('c'), new FakeJob('d')] as const;
    submit(...jobs);
    pass(40);
    one.answer(0, jobs[0].id);
    assert.deepEqual(dispatcher.takeLoad(), { queued: 1, waitedMs: 40, peakBusyLanes: 2, lanes: 2 });
    one.answer(0, jobs[2].id);
    one.answer(0, jobs[3].id);
    one.answer(1, jobs[1].id);
    assert.deepEqual(dispatcher.takeLoad(), { queued: 0, waitedMs: 40, peakBusyLanes: 2, lanes: 2 });
    assert.deepEqual(dispatcher.takeLoad(), { queued: 0, waitedMs: 0, peakBusyLanes: 0, lanes: 2 });
  });

  it('keeps requests in a queue while no lane is free, and gives them out in their order', (t) => {
    const { dispatcher, worker, submit } = setUp(t);
    const jobs = [new FakeJob('a'), new FakeJob('b'), new FakeJob('c')] as const;
    submit(...jobs);
    assert.equal(dispatcher.queued, 3);
    const one = worker();
    assert.deepEqual(
      jobs.map((job) => job.sentTo.length),
      [1, 0, 0],
    );
    one.answer(0, jobs[0].id);
    assert.deepEqual(
      jobs.map((job) => job.sentTo.length),
      [1, 1, 0],
    );
    one.answer(0, jobs[1].id);
    one.answer(0, jobs[2].id);
    assert.equal(dispatcher.queued, 0);
    for (const job of jobs) assert.equal(job.events.at(-1), 'end');
  });

  it('puts nothing behind a request that is not known to be fast', (t) => {
    const { dispatcher, worker, submit, fastJob } = setUp(t);
    worker();
    submit(new FakeJob('slow'), fastJob());
    assert.equal(dispatcher.queued, 1);
  });

  it('puts fast requests behind one another, and splits the answers up', (t) => {
    const { worker, submit, fastJob } = setUp(t);
    const one = worker();
    const jobs = [fastJob(), fastJob(), fastJob()];
    submit(...jobs);
    assert.equal(one.lanes[0]?.depth, 3);
    one.send(0, ...jobs.map((job) => responseFrame(job.id, `for ${job.id}`)));
    for (const job of jobs) assert.deepEqual(job.events, ['head 200 OK', `body for ${job.id}`, 'end']);
  });

  it('takes an answer in any pieces', (t) => {
    const { worker, submit } = setUp(t);
    const one = worker();
    const job = new FakeJob('a');
    submit(job);
    const bytes = Buffer.concat([
      frame(KIND.response, { id: job.id, a: 8 }, '200 OK\r\nab'),
      frame(KIND.body, { id: job.id }, 'cd'),
      frame(KIND.body, { id: job.id, flags: RESPONSE_FLAG.end }, 'ef'),
    ]);
    for (const byte of bytes) one.send(0, Buffer.of(byte));
    assert.equal(job.events[0], 'head 200 OK');
    assert.equal(
      job.events
        .filter((event) => event.startsWith('body'))
        .map((event) => event.slice(5))
        .join(''),
      'abcdef',
    );
    assert.equal(job.events.at(-1), 'end');
    assert.equal(one.lanes[0]?.depth, 0);
  });
});

describe('generations', () => {
  it('get requests only while they are active', (t) => {
    const { dispatcher, worker, submit } = setUp(t, { generation: 0 });
    const old = worker({ pid: 1, generation: 1 });
    const job = new FakeJob('a');
    submit(job);
    assert.equal(dispatcher.isReady, false);
    assert.equal(dispatcher.queued, 1);
    dispatcher.activate(1);
    assert.equal(dispatcher.isReady, true);
    assert.equal(dispatcher.queued, 0);
    const renewed = worker({ pid: 2, generation: 2 });
    dispatcher.activate(2);
    const next = new FakeJob('b');
    submit(next);
    assert.equal(renewed.lanes[0]?.depth, 1);
    old.answer(0, job.id);
    assert.equal(job.events.at(-1), 'end');
  });

  it('are ready when all lanes of a worker have come', (t) => {
    const { said, worker } = setUp(t);
    worker({ pid: 5, lanes: 3 });
    assert.deepEqual(said, ['ready 5']);
  });
});

describe('a worker that is to leave', () => {
  it('is told to quit when what it runs has ended, and gets nothing more', (t) => {
    const { dispatcher, worker, submit } = setUp(t);
    const one = worker({ pid: 1 });
    const job = new FakeJob('a');
    submit(job);
    dispatcher.retire(1);
    submit(new FakeJob('b'));
    assert.equal(dispatcher.queued, 1);
    assert.deepEqual(one.takeControl(), []);
    one.answer(0, job.id);
    assert.deepEqual(
      one.takeControl().map(({ kind }) => kind),
      [quit],
    );
    assert.equal(dispatcher.queued, 1);
  });

  it('is not told to quit while close() of its last response runs', (t) => {
    const { dispatcher, worker, submit } = setUp(t);
    const one = worker({ pid: 1 });
    const job = new FakeJob('a');
    submit(job);
    dispatcher.retire(1);
    one.send(0, responseFrame(job.id, '', RESPONSE_FLAG.end | RESPONSE_FLAG.tail));
    assert.deepEqual(one.takeControl(), []);
    one.send(0, frame(KIND.done, { id: job.id }));
    assert.deepEqual(
      one.takeControl().map(({ kind }) => kind),
      [quit],
    );
  });

  it('is told to quit also when all that was left on it is what it hands back', (t) => {
    const { dispatcher, worker, submit, pass, fastJob } = setUp(t);
    const one = worker({ pid: 1 });
    const jobs = [fastJob(), fastJob()] as const;
    submit(...jobs);
    dispatcher.retire(1);
    pass(10);
    one.answer(0, jobs[0].id);
    one.takeControl();
    one.returned(0, jobs[1].id);
    assert.deepEqual(one.takeControl(), [{ kind: quit, id: 0, a: 0 }]);
  });

  it('may be told before it has come', (t) => {
    const { dispatcher, worker } = setUp(t);
    dispatcher.retire(1);
    assert.deepEqual(
      worker({ pid: 1 })
        .takeControl()
        .map(({ kind }) => kind),
      [quit],
    );
    assert.equal(dispatcher.isReady, false);
  });

  it('is told of when it has had its number of requests, once, and is fed until it goes', (t) => {
    const { said, worker, submit } = setUp(t);
    const one = worker({ pid: 1, maxGiven: 2 });
    for (let i = 0; i < 4; i += 1) {
      const job = new FakeJob('a');
      submit(job);
      one.answer(0, job.id);
    }
    assert.deepEqual(said, ['ready 1', 'spent 1: 2']);
  });

  it('may ask for it itself', (t) => {
    const { said, worker } = setUp(t);
    worker({ pid: 1 }).control.deliver(frame(KIND.leaving, {}, 'it was sent SIGTERM'));
    assert.deepEqual(said, ['ready 1', 'leaving 1: it was sent SIGTERM']);
  });

  it('is forgotten also when it ends before its lanes have come', (t) => {
    const { dispatcher } = setUp(t);
    const one = new FakeWorker(dispatcher, { pid: 1 });
    dispatcher.exited(1, []);
    assert.equal(dispatcher.workers.get(1), undefined);
    assert.equal(one.control.destroyed, true);
  });
});

describe('a silent lane', () => {
  it('is asked once what it has not begun', (t) => {
    const { worker, submit, pass } = setUp(t);
    const one = worker();
    submit(new FakeJob('a'));
    pass(4);
    assert.deepEqual(reclaims(one), []);
    pass(10);
    assert.deepEqual(reclaims(one), [0]);
    pass(500);
    assert.deepEqual(reclaims(one), []);
  });

  it('is hardly looked at when nothing can change by the passing of time', (t) => {
    const { worker, submit, pass, slowJob } = setUp(t, { timeoutMs: 0 });
    worker();
    submit(new FakeJob('running'), new FakeJob('waits'), slowJob());
    pass(10);
    const timers = t.mock.method(globalThis, 'setTimeout');
    pass(1000);
    assert.ok(timers.mock.callCount() <= 11, `${timers.mock.callCount()} looks in a second`);
  });

  it('is asked again when it has shown life and is silent once more', (t) => {
    const { worker, submit, pass } = setUp(t);
    const one = worker();
    const job = new FakeJob('a');
    submit(job);
    pass(20);
    one.send(0, frame(KIND.response, { id: job.id, a: 8 }, '200 OK\r\n'));
    pass(200);
    assert.deepEqual(reclaims(one), [0, 0]);
  });

  it('hands back to a free lane what it has not begun, which is then started there once', (t) => {
    const { worker, submit, pass, fastJob } = setUp(t);
    const one = worker({ pid: 1 });
    const jobs = [fastJob(), fastJob(), fastJob()] as const;
    submit(...jobs);
    const two = worker({ pid: 2 });
    assert.equal(one.lanes[0]?.depth, 3);
    pass(10);
    assert.deepEqual(reclaims(one), [0]);
    one.returned(0, jobs[1].id, jobs[2].id);
    assert.equal(one.lanes[0]?.depth, 1);
    assert.equal(two.lanes[0]?.depth, 2);
    for (const job of [jobs[1], jobs[2]]) two.answer(0, job.id);
    one.answer(0, jobs[0].id);
    assert.deepEqual(
      jobs.map((job) => job.sentTo.length),
      [1, 2, 2],
    );
    for (const job of jobs) assert.deepEqual(job.events, ['head 200 OK', 'end']);
  });

  it('that is a greenlet is asked for what it has not read, when another worker could begin at once', (t) => {
    const { dispatcher, worker, submit, pass } = setUp(t);
    const one = worker({ pid: 1, maxLanes: 2 });
    const [first, second] = [new FakeJob('a'), new FakeJob('b')];
    submit(first);
    pass(6);
    assert.deepEqual(one.takeReclaimFlags(), [0]);
    one.answerReclaim(0, []);
    const two = worker({ pid: 2, maxLanes: 2 });
    pass(10);
    assert.deepEqual(one.takeReclaimFlags(), [RECLAIM_FLAG.unread]);
    one.answerReclaim(0, [first.id], { isStalled: true });
    assert.equal(two.lanes[0]?.depth, 1);
    // It gets nothing as long as it is stalled, and goes on counting as one that serves.
    submit(second);
    assert.equal(one.lanes[0]?.depth, 0);
    two.die();
    assert.equal(dispatcher.isReady, true);
    one.resume();
    assert.equal(one.lanes[0]?.depth, 1);
  });

  it('that is a greenlet and runs what it was given is not asked again', (t) => {
    const { worker, submit, pass } = setUp(t, { timeoutMs: 0 });
    const one = worker({ pid: 1, maxLanes: 2 });
    worker({ pid: 2, maxLanes: 2 });
    const job = new FakeJob('a');
    submit(job);
    pass(6);
    one.answerReclaim(0, [], { runningId: job.id });
    one.takeReclaimFlags();
    pass(500);
    assert.deepEqual(one.takeReclaimFlags(), []);
  });

  it('that is a greenlet and had read nothing is asked again for what stands behind the one that it runs by now', (t) => {
    const { worker, submit, pass, fastJob } = setUp(t);
    const one = worker({ maxLanes: 2 });
    const jobs = [fastJob(), fastJob()] as const;
    submit(...jobs);
    pass(6);
    one.answerReclaim(0, []);
    assert.equal(one.takeReclaimFlags().length, 1);
    pass(10);
    assert.equal(one.takeReclaimFlags().length, 1);
    one.answerReclaim(0, [jobs[1].id], { runningId: jobs[0].id });
    assert.deepEqual(one.lanes[0]?.jobs, [jobs[0]]);
  });

  it('is asked again while it has not handed back what it cannot have begun', (t) => {
    const { worker, submit, pass, fastJob } = setUp(t);
    const one = worker({ pid: 1 });
    const jobs = [fastJob(), fastJob()] as const;
    submit(...jobs);
    worker({ pid: 2 });
    pass(10);
    assert.deepEqual(reclaims(one), [0]);
    pass(100);
    assert.deepEqual(reclaims(one), [], 'it has not answered yet');
    // It had not read them when it was asked.
    one.returned(0);
    pass(10);
    assert.deepEqual(reclaims(one), [0]);
    one.returned(0, jobs[1].id);
    pass(100);
    assert.deepEqual(reclaims(one), []);
    assert.deepEqual(
      jobs.map((job) => job.sentTo.length),
      [1, 2],
    );
  });

  it('gets nothing more, however fast, until it has answered', (t) => {
    const { dispatcher, worker, submit, pass, fastJob } = setUp(t);
    const one = worker({ pid: 1 });
    const slow = fastJob();
    submit(slow);
    pass(10);
    const two = worker({ pid: 2 });
    const jobs = [fastJob(), fastJob()];
    submit(...jobs);
    assert.equal(one.lanes[0]?.depth, 1);
    assert.equal(two.lanes[0]?.depth, 2);
    pass(10);
    const late = fastJob();
    submit(late);
    assert.equal(dispatcher.queued, 1);
    one.answer(0, slow.id);
    assert.equal(dispatcher.queued, 0);
    assert.equal(one.lanes[0]?.depth, 1);
  });

  it('whose close() still runs gets nothing, however fast', (t) => {
    const { dispatcher, worker, submit, fastJob } = setUp(t);
    const one = worker({ pid: 1 });
    const job = fastJob();
    submit(job);
    one.send(0, responseFrame(job.id, '', RESPONSE_FLAG.end | RESPONSE_FLAG.tail));
    const next = fastJob();
    submit(next);
    assert.equal(dispatcher.queued, 1);
    one.send(0, frame(KIND.done, { id: job.id }));
    assert.equal(dispatcher.queued, 0);
  });

  it('that handed back a request whose client had left does not get it again', (t) => {
    const { dispatcher, worker, submit, pass, fastJob } = setUp(t);
    const one = worker();
    const jobs = [fastJob(), fastJob()] as const;
    submit(...jobs);
    pass(10);
    dispatcher.cancel(jobs[1]);
    one.returned(0, jobs[1].id);
    assert.equal(dispatcher.queued, 0);
    assert.equal(one.lanes[0]?.depth, 1);
  });
});

describe('a deadline', () => {
  it('ends a request that is silent for too long, interrupts it, and has its worker replaced', (t) => {
    const { said, worker, submit, pass } = setUp(t);
    const one = worker({ pid: 1 });
    const job = new FakeJob('a');
    submit(job);
    pass(990);
    assert.deepEqual(job.events, []);
    one.takeControl();
    pass(150);
    assert.deepEqual(job.events, ['failed: overdue']);
    assert.deepEqual(said, ['ready 1', 'overdue 1 a', LEAVING]);
    assert.deepEqual(one.takeControl(), [{ kind: interrupt, id: job.id, a: 0 }]);
  });

  it('has nothing to do with the one behind it, which has its own time', (t) => {
    const { said, worker, submit, pass, fastJob } = setUp(t, { stealAfterMs: 0 });
    const one = worker({ pid: 1 });
    const jobs = [fastJob(), fastJob()] as const;
    submit(...jobs);
    pass(1100);
    one.send(0, frame(KIND.abort, { id: jobs[0].id, flags: 1 }, 'it was interrupted'));
    pass(1100);
    assert.deepEqual(
      jobs.map(({ events }) => events),
      [['failed: overdue'], ['failed: overdue']],
    );
    assert.ok(!said.includes('condemned 1'));
  });

  it('keeps the next request on its connection away from its worker', (t) => {
    const { worker, submit, pass } = setUp(t);
    worker({ lanes: 2 });
    const next = new FakeJob('next');
    const job = new (class extends FakeJob {
      override fail(failure: JobFailure): void {
        super.fail(failure);
        submit(next);
      }
    })('stuck');
    submit(job);
    pass(1200);
    assert.deepEqual([job.events, next.sentTo], [['failed: overdue'], []]);
  });

  it('condemns the worker when what was interrupted does not end', (t) => {
    const { said, worker, submit, pass } = setUp(t);
    worker({ pid: 1 });
    submit(new FakeJob('a'));
    pass(1900);
    assert.deepEqual(said, ['ready 1', 'overdue 1 a', LEAVING]);
    pass(400);
    assert.deepEqual(said, ['ready 1', 'overdue 1 a', LEAVING, 'condemned 1']);
  });

  it('lets the worker go in order when what was interrupted has ended', (t) => {
    const { dispatcher, said, worker, submit, pass } = setUp(t);
    const one = worker({ pid: 1 });
    const job = new FakeJob('a');
    submit(job);
    pass(1150);
    one.takeControl();
    one.send(0, frame(KIND.abort, { id: job.id, flags: 1 }, 'it was interrupted'));
    const next = new FakeJob('next');
    submit(next);
    pass(3000);
    assert.deepEqual(next.sentTo, [], 'it is trusted with nothing more');
    assert.ok(!said.includes('condemned 1'));
    dispatcher.retire(1);
    assert.deepEqual(one.takeControl(), [{ kind: quit, id: 0, a: 0 }]);
  });

  it('condemns the worker only when its neighbours have ended', (t) => {
    const { said, worker, submit, pass } = setUp(t, { gracefulTimeoutMs: 3000 });
    const one = worker({ pid: 1, lanes: 2 });
    const stuck = new FakeJob('stuck');
    submit(stuck);
    pass(600);
    const neighbour = new FakeJob('neighbour');
    submit(neighbour);
    for (let i = 0; i < 20; i += 1) {
      pass(100);
      one.send(1, frame(KIND.body, { id: neighbour.id }, 'more'));
    }
    assert.deepEqual(said, ['ready 1', 'overdue 1 stuck', LEAVING]);
    one.answer(1, neighbour.id);
    pass(100);
    assert.deepEqual(said, ['ready 1', 'overdue 1 stuck', LEAVING, 'condemned 1']);
    assert.equal(neighbour.events.at(-1), 'end');
    const next = new FakeJob('next');
    submit(next);
    assert.deepEqual(next.sentTo, []);
  });

  it('gives the neighbours the grace of a stop and no more', (t) => {
    const { said, worker, submit, pass } = setUp(t, { gracefulTimeoutMs: 1500 });
    const one = worker({ pid: 1, lanes: 2 });
    submit(new FakeJob('stuck'));
    pass(600);
    const neighbour = new FakeJob('neighbour');
    submit(neighbour);
    for (let i = 0; i < 22; i += 1) {
      pass(100);
      one.send(1, frame(KIND.response, { id: neighbour.id, a: 8 }, '200 OK\r\n'));
    }
    assert.deepEqual(said, ['ready 1', 'overdue 1 stuck', LEAVING, 'condemned 1']);
  });

  it('cuts a response that was begun', (t) => {
    const { worker, submit, pass } = setUp(t);
    const one = worker();
    const job = new FakeJob('a');
    submit(job);
    one.send(0, frame(KIND.response, { id: job.id, a: 8 }, '200 OK\r\n'));
    pass(1150);
    assert.deepEqual(job.events, ['head 200 OK', 'abort: it was silent past its deadline']);
  });

  it('is prolonged by every sign of life', (t) => {
    const { worker, submit, pass } = setUp(t);
    const one = worker();
    const job = new FakeJob('a');
    submit(job);
    for (let i = 0; i < 4; i += 1) {
      pass(800);
      one.send(
        0,
        frame(i === 0 ? KIND.response : KIND.body, { id: job.id, a: i === 0 ? 8 : 0 }, '200 OK\r\n'),
      );
    }
    assert.equal(job.isOver, false);
  });

  it('does not pass while the client is the one who is waited for, and begins anew when he goes on', (t) => {
    const { worker, submit, pass } = setUp(t);
    const one = worker();
    const job = new FakeJob('a');
    submit(job);
    one.send(0, frame(KIND.response, { id: job.id, a: 8 }, '200 OK\r\n'));
    one.lanes[0]?.pause();
    pass(5000);
    assert.equal(job.isOver, false);
    one.lanes[0]?.resume(performance.now());
    pass(900);
    assert.equal(job.isOver, false);
    pass(300);
    assert.equal(job.isOver, true);
  });

  it('holds for close(), too', (t) => {
    const { said, worker, submit, pass } = setUp(t);
    const one = worker({ pid: 1 });
    const job = new FakeJob('a');
    submit(job);
    one.send(0, responseFrame(job.id, '', RESPONSE_FLAG.end | RESPONSE_FLAG.tail));
    one.takeControl();
    pass(1200);
    assert.deepEqual(said, ['ready 1', 'overdue 1 tail', LEAVING]);
    assert.deepEqual(one.takeControl().at(-1), { kind: interrupt, id: job.id, a: 0 });
    pass(1000);
    assert.equal(said.at(-1), 'condemned 1');
  });

  it('ends what waits for a worker', (t) => {
    const { dispatcher, said, submit, pass } = setUp(t);
    const early = new FakeJob('early');
    submit(early);
    pass(500);
    const late = new FakeJob('late');
    submit(late);
    pass(650);
    assert.deepEqual([early.events, late.events], [['failed: queued-too-long'], []]);
    assert.ok(said.includes(`expired ${early.summary}`));
    assert.equal(dispatcher.queued, 1);
  });

  it('of 0 never comes', (t) => {
    const { worker, submit, pass } = setUp(t, { timeoutMs: 0 });
    worker();
    const jobs = [new FakeJob('running'), new FakeJob('waiting')];
    submit(...jobs);
    pass(20_000);
    assert.deepEqual(
      jobs.map((job) => job.isOver),
      [false, false],
    );
  });
});

describe('the queue', () => {
  it('refuses at once what is beyond its limit', (t) => {
    const { dispatcher, said, submit } = setUp(t, { queueLimit: 2 });
    const jobs = [new FakeJob('a'), new FakeJob('b'), new FakeJob('c')] as const;
    submit(...jobs);
    assert.deepEqual(
      jobs.map((job) => job.events),
      [[], [], ['failed: queue-full']],
    );
    assert.deepEqual(said, ['refused c']);
    dispatcher.cancel(jobs[0]);
    const next = new FakeJob('d');
    submit(next);
    assert.deepEqual(next.events, [], 'who leaves makes room');
  });

  it('ends what waits longer than one may', (t) => {
    const { said, submit, pass } = setUp(t, { queueTimeoutMs: 300 });
    const job = new FakeJob('a');
    submit(job);
    pass(295);
    assert.deepEqual(job.events, []);
    pass(110);
    assert.deepEqual(job.events, ['failed: queued-too-long']);
    assert.deepEqual(said, ['expired a']);
  });

  it('keeps slow requests from the places of quick ones', (t) => {
    const { submit, slowJob } = setUp(t, { queueLimit: 2 });
    const slow = [slowJob(), slowJob(), slowJob()];
    const quick = new FakeJob('quick');
    submit(...slow, quick);
    assert.deepEqual([slow[2]?.events, quick.events], [['failed: queue-full'], []]);
  });

  it('gives a lane to quick requests before slow ones that came first, until these have waited long', (t) => {
    const { worker, submit, pass, slowJob } = setUp(t, { timeoutMs: 0 });
    const one = worker();
    const running = new FakeJob('running');
    const slow = slowJob();
    const quick = [new FakeJob('q1'), new FakeJob('q2')] as const;
    submit(running, slow, quick[0]);
    one.answer(0, running.id);
    assert.equal(quick[0].sentTo.length, 1);
    submit(quick[1]);
    one.answer(0, quick[0].id);
    assert.equal(quick[1].sentTo.length, 1);
    pass(1100);
    const late = new FakeJob('late');
    submit(late);
    one.answer(0, quick[1].id);
    assert.deepEqual([slow.sentTo.length, late.sentTo.length], [1, 0]);
  });

  it('lets slow requests have every lane where no quick ones come', (t) => {
    const { worker, submit, slowJob } = setUp(t);
    worker({ pid: 1 });
    worker({ pid: 2 });
    const slow = [slowJob(), slowJob()] as const;
    submit(...slow);
    assert.deepEqual(
      slow.map(({ sentTo }) => sentTo.length),
      [1, 1],
    );
  });

  it('lets no slow request take the last free lane, until it has waited long', (t) => {
    const { worker, submit, slowJob, quickHasCome } = setUp(t, { timeoutMs: 0 });
    worker({ pid: 1 });
    worker({ pid: 2 });
    quickHasCome();
    const slow = [slowJob(), slowJob()] as const;
    submit(...slow);
    assert.deepEqual(
      slow.map(({ sentTo }) => sentTo.length),
      [1, 0],
    );
    const quick = new FakeJob('quick');
    submit(quick);
    assert.equal(quick.sentTo.length, 1);
  });

  it('lets a slow request have the last free lane when it has waited long', (t) => {
    const { worker, submit, pass, slowJob, quickHasCome } = setUp(t, { timeoutMs: 0 });
    worker({ pid: 1 });
    worker({ pid: 2 });
    quickHasCome();
    const slow = [slowJob(), slowJob()] as const;
    submit(...slow);
    pass(950);
    assert.equal(slow[1].sentTo.length, 0);
    pass(100);
    assert.equal(slow[1].sentTo.length, 1);
  });

  it('lets a slow request have at once the lane that has become the only one', (t) => {
    const { dispatcher, worker, submit, slowJob, quickHasCome } = setUp(t, { timeoutMs: 0 });
    worker({ pid: 1 });
    worker({ pid: 2 });
    quickHasCome();
    const slow = [slowJob(), slowJob()] as const;
    submit(...slow);
    assert.equal(slow[1].sentTo.length, 0);
    dispatcher.retire(slow[0].lane?.worker.pid as number);
    assert.equal(slow[1].sentTo.length, 1);
  });

  it('lets a slow request have the only lane there is', (t) => {
    const { worker, submit, slowJob } = setUp(t);
    worker();
    const slow = slowJob();
    submit(slow);
    assert.equal(slow.sentTo.length, 1);
  });
});

describe('a rule', () => {
  const rule = (limit: number | null, reserve: number) => ({
    laneRules: [{ method: null, path: '/ruled*', limit, reserve }],
  });

  it('holds back what is beyond its limit, and nothing else', (t) => {
    const { dispatcher, worker, submit } = setUp(t, rule(1, 0));
    const one = worker({ lanes: 3 });
    const ruled = [1, 2].map((n) => new FakeJob(`ruled/${n}`, true, dispatcher.history));
    const free = [1, 2].map((n) => new FakeJob(`free/${n}`, true, dispatcher.history));
    submit(...ruled, ...free);
    assert.deepEqual(
      [...ruled, ...free].map(({ sentTo }) => sentTo.length),
      [1, 0, 1, 1],
    );
    one.answer(0, ruled[0]?.id ?? 0);
    assert.equal(ruled[1]?.sentTo.length, 1);
  });

  it('counts a lane until close() has ended, and no longer when the worker has', (t) => {
    const { dispatcher, worker, submit } = setUp(t, rule(1, 0));
    const one = worker({ pid: 1, lanes: 2 });
    worker({ pid: 2 });
    const jobs = [1, 2, 3].map((n) => new FakeJob(`ruled/${n}`, false, dispatcher.history)) as [
      FakeJob,
      FakeJob,
      FakeJob,
    ];
    submit(...jobs);
    one.send(0, responseFrame(jobs[0].id, '', RESPONSE_FLAG.end | RESPONSE_FLAG.tail));
    assert.equal(jobs[1].sentTo.length, 0);
    one.send(0, frame(KIND.done, { id: jobs[0].id }));
    assert.equal(jobs[1].sentTo.length, 1);
    one.die();
    assert.equal(jobs[2].sentTo.length, 1);
  });

  it('keeps lanes free for its requests', (t) => {
    const { dispatcher, worker, submit } = setUp(t, rule(null, 1));
    worker({ lanes: 2 });
    const others = [new FakeJob('a'), new FakeJob('b')] as const;
    submit(...others);
    assert.deepEqual(
      others.map(({ sentTo }) => sentTo.length),
      [1, 0],
    );
    const ruled = new FakeJob('ruled', true, dispatcher.history);
    submit(ruled);
    assert.equal(ruled.sentTo.length, 1);
  });

  it('counts a lane for whom it runs, however long ago it was free', (t) => {
    const { dispatcher, worker, submit } = setUp(t, rule(null, 1));
    const one = worker({ lanes: 2 });
    const { history } = dispatcher;
    for (const path of ['/ruled', '/other'])
      for (let n = 0; n < 64; n += 1) history.of('GET', path).record(50);
    const ruled = new FakeJob('ruled', true, history);
    const other = new FakeJob('other', true, history);
    submit(ruled, other);
    assert.deepEqual([ruled.lane, other.lane], [one.lanes[0], one.lanes[0]]);
    one.answer(0, ruled.id);
    const unsafe = new FakeJob('unsafe', false, history);
    submit(unsafe);
    assert.equal(unsafe.sentTo.length, 0, 'the free lane is kept for the rule');
    one.answer(0, other.id);
    assert.equal(unsafe.sentTo.length, 1);
  });

  it('counts a lane for the request whose close() it runs, whatever waits behind it', (t) => {
    const { dispatcher, worker, submit } = setUp(t, rule(null, 1));
    const one = worker({ lanes: 2 });
    const { history } = dispatcher;
    for (const path of ['/ruled', '/other'])
      for (let n = 0; n < 64; n += 1) history.of('GET', path).record(50);
    const jobs = [new FakeJob('other', true, history), new FakeJob('ruled', true, history)] as const;
    submit(...jobs);
    one.send(0, responseFrame(jobs[0].id, '', RESPONSE_FLAG.end | RESPONSE_FLAG.tail));
    assert.equal(jobs[1].route.rule?.lanes, 0);
    one.send(0, frame(KIND.done, { id: jobs[0].id }));
    assert.equal(jobs[1].route.rule?.lanes, 1);
    one.answer(0, jobs[1].id);
    assert.equal(jobs[1].route.rule?.lanes, 0);
  });

  it('may be for a method, and its path may hold characters that mean something to a pattern', (t) => {
    const { dispatcher } = setUp(t, {
      laneRules: [
        { method: 'POST', path: '/a.b/*/c', limit: 1, reserve: 0 },
        { method: null, path: '*.pdf', limit: 2, reserve: 0 },
      ],
    });
    const limitOf = (method: string, path: string) => dispatcher.history.of(method, path).rule?.limit;
    assert.equal(limitOf('POST', '/a.b/x/y/c'), 1);
    assert.equal(limitOf('GET', '/a.b/x/y/c'), undefined);
    assert.equal(limitOf('POST', '/aXb/x/c'), undefined);
    assert.equal(limitOf('GET', '/x/report.pdf'), 2);
    assert.equal(limitOf('GET', '/x/report.pdf/'), undefined);
  });

  it('of a new configuration holds from then on', (t) => {
    const { dispatcher } = setUp(t);
    assert.equal(dispatcher.history.of('GET', '/ruled').rule, null);
    dispatcher.reconfigure({ ...LIMITS, ...rule(1, 0) });
    assert.equal(dispatcher.history.of('GET', '/ruled').rule?.limit, 1);
  });
});

describe('a client that leaves', () => {
  it('has its queued request dropped', (t) => {
    const { dispatcher, worker, submit } = setUp(t);
    const one = worker();
    const jobs = [new FakeJob('running'), new FakeJob('left'), new FakeJob('next')] as const;
    submit(...jobs);
    dispatcher.cancel(jobs[1]);
    assert.equal(dispatcher.queued, 1);
    one.answer(0, jobs[0].id);
    assert.deepEqual(
      jobs.map((job) => job.sentTo.length),
      [1, 0, 1],
    );
  });

  it('has the worker told of its running or pipelined request, whose output is thrown away', (t) => {
    const { dispatcher, worker, submit, fastJob } = setUp(t);
    const one = worker();
    const jobs = [fastJob(), fastJob(), fastJob()] as const;
    submit(...jobs);
    dispatcher.cancel(jobs[0]);
    dispatcher.cancel(jobs[1]);
    assert.deepEqual(
      one.takeControl(),
      [jobs[0], jobs[1]].map(({ id }) => ({ kind: cancel, id, a: 0 })),
    );
    one.send(0, responseFrame(jobs[0].id, 'x'), frame(KIND.abort, { id: jobs[1].id, flags: 1 }, 'left'));
    one.answer(0, jobs[2].id, 'y');
    assert.deepEqual(
      jobs.map((job) => job.events),
      [[], [], ['head 200 OK', 'body y', 'end']],
    );
    assert.equal(one.lanes[0]?.depth, 0);
  });

  it('frees the lane that waited for it, and only that', (t) => {
    const { dispatcher, worker, submit, fastJob } = setUp(t);
    const one = worker();
    const jobs = [fastJob(), fastJob()] as const;
    submit(...jobs);
    one.send(0, frame(KIND.response, { id: jobs[0].id, a: 8 }, '200 OK\r\n'));
    one.lanes[0]?.pause();
    dispatcher.cancel(jobs[1]);
    assert.equal(one.sockets[0]?.isPaused, true);
    dispatcher.cancel(jobs[0]);
    assert.equal(one.sockets[0]?.isPaused, false);
  });

  it('does not make its slow route look fast', (t) => {
    const { dispatcher, worker, submit } = setUp(t);
    const one = worker();
    for (let i = 0; i < 64; i += 1) dispatcher.history.of('GET', '/slow').record(50_000);
    for (let i = 0; i < 64; i += 1) {
      const job = new FakeJob('slow', true, dispatcher.history);
      submit(job);
      dispatcher.cancel(job);
      one.send(0, frame(KIND.abort, { id: job.id, flags: 1 }, 'its client has left'));
    }
    assert.equal(dispatcher.history.of('GET', '/slow').isFast, false);
  });

  it('leaves nothing in a queue that does not move', async (t) => {
    const { dispatcher, submit } = setUp(t);
    submit(new FakeJob('first'));
    const references = Array.from({ length: 4096 }, () => {
      const job = new FakeJob('left');
      submit(job);
      dispatcher.cancel(job);
      return new WeakRef(job);
    });
    assert.equal(dispatcher.queued, 1);
    // A WeakRef holds what it refers to until the end of the turn.
    await new Promise((resolve) => process.nextTick(resolve));
    collectGarbage();
    assert.ok(references.filter((reference) => reference.deref() !== undefined).length < 200);
  });

  it('has the file of a response that nobody takes released', (t) => {
    const { dispatcher, worker, submit } = setUp(t);
    const one = worker();
    const job = new FakeJob('file');
    submit(job);
    dispatcher.cancel(job);
    one.takeControl();
    one.send(
      0,
      responseFrame(job.id, '{"fd": 9, "offset": 0, "length": 5}', RESPONSE_FLAG.end | RESPONSE_FLAG.file),
    );
    assert.deepEqual(one.takeControl(), [{ kind: KIND.release, id: job.id, a: 0 }]);
  });
});

describe('the end of a worker', () => {
  it('costs nothing where what it was running is safe to run again', (t) => {
    const { dispatcher, said, worker, submit, fastJob } = setUp(t);
    const one = worker({ pid: 1 });
    const jobs = [fastJob(), fastJob(), fastJob()] as const;
    submit(...jobs);
    one.die();
    dispatcher.exited(1, [jobs[0].id]);
    assert.deepEqual(said, ['ready 1', 'retried 1 fast']);
    assert.equal(dispatcher.queued, 3);
    const two = worker({ pid: 2 });
    for (const job of jobs) two.answer(0, job.id);
    for (const job of jobs) assert.deepEqual(job.events, ['head 200 OK', 'end']);
  });

  it('costs the request that it was running where that is not safe to run again, and no other', (t) => {
    const { dispatcher, said, worker, submit } = setUp(t);
    const one = worker({ pid: 1, lanes: 2 });
    const jobs = [new FakeJob('running', false), new FakeJob('not yet', false)] as const;
    submit(...jobs);
    one.die();
    assert.deepEqual(jobs[0].events, []);
    dispatcher.exited(1, [jobs[0].id]);
    assert.deepEqual(jobs[0].events, ['failed: worker-died']);
    assert.deepEqual(said, ['ready 1', 'lost 1 running']);
    const two = worker({ pid: 2 });
    two.answer(0, jobs[1].id);
    assert.equal(jobs[1].events.at(-1), 'end');
  });

  it('that is the second under a request costs that request, and no third worker', (t) => {
    const { dispatcher, said, worker, submit } = setUp(t);
    const poison = new FakeJob('poison');
    submit(poison);
    for (const pid of [1, 2]) {
      const one = worker({ pid });
      one.die();
      dispatcher.exited(pid, [poison.id]);
    }
    assert.deepEqual(poison.events, ['failed: worker-died']);
    assert.deepEqual(said, ['ready 1', 'retried 1 poison', 'ready 2', 'lost 2 poison']);
    worker({ pid: 3 });
    assert.equal(poison.sentTo.length, 2);
  });

  it('may be reported before its connections end', (t) => {
    const { dispatcher, worker, submit, fastJob } = setUp(t);
    const one = worker({ pid: 1 });
    const jobs = [fastJob(), fastJob(), fastJob()] as const;
    submit(...jobs);
    dispatcher.exited(1, [jobs[1].id]);
    // What it wrote last is still read.
    one.answer(0, jobs[0].id);
    one.die();
    assert.deepEqual(
      jobs.map((job) => job.events.at(-1)),
      ['end', undefined, undefined],
    );
    assert.equal(dispatcher.queued, 2);
  });

  it('cuts a response that was begun', (t) => {
    const { worker, submit } = setUp(t);
    const one = worker();
    const job = new FakeJob('a');
    submit(job);
    one.send(0, frame(KIND.response, { id: job.id, a: 8 }, '200 OK\r\n'));
    one.die();
    assert.deepEqual(job.events, ['head 200 OK', 'abort: the worker ended in the middle of the response']);
  });

  it('between its answers and close() costs nothing', (t) => {
    const { dispatcher, said, worker, submit } = setUp(t);
    const one = worker({ pid: 1 });
    const job = new FakeJob('a');
    submit(job);
    one.send(0, responseFrame(job.id, '', RESPONSE_FLAG.end | RESPONSE_FLAG.tail));
    one.die();
    dispatcher.exited(1, [job.id]);
    assert.deepEqual(job.events, ['head 200 OK', 'end']);
    assert.deepEqual(said, ['ready 1']);
  });

  it('is believed although a child of the worker keeps its connections open', (t) => {
    const { dispatcher, worker, submit, pass } = setUp(t, { timeoutMs: 0 });
    worker({ pid: 1 });
    const job = new FakeJob('a', false);
    submit(job);
    dispatcher.exited(1, [job.id]);
    pass(5000);
    assert.deepEqual(job.events, ['failed: worker-died']);
  });
});

describe('a stop', () => {
  it('is believed in the end also where a slow client was still taking what it had sent', (t) => {
    const { dispatcher, worker, submit, pass } = setUp(t, { timeoutMs: 0 });
    const one = worker({ pid: 1 });
    const job = new FakeJob('a');
    submit(job);
    one.send(0, frame(KIND.response, { id: job.id, a: 8 }, '200 OK\r\n'));
    const [lane] = one.lanes;
    lane?.pause();
    dispatcher.exited(1, [job.id]);
    pass(3000);
    assert.deepEqual(job.events, ['head 200 OK']);
    lane?.resume(performance.now());
    pass(2500);
    assert.deepEqual(dispatcher.workers.lanes, []);
    assert.equal(job.events.at(-1), 'abort: the worker ended in the middle of the response');
  });

  it('does not wait for what runs past its deadline', (t) => {
    const { dispatcher, said, worker, submit, pass } = setUp(t);
    worker({ pid: 1 });
    worker({ pid: 2 });
    submit(new FakeJob('stuck'));
    pass(1150);
    dispatcher.workers.quitAll();
    assert.deepEqual(
      said.filter((line) => line.startsWith('condemned')),
      ['condemned 1'],
    );
  });

  it('waits until nothing waits and nothing runs', (t) => {
    const { dispatcher, worker, submit } = setUp(t);
    const one = worker();
    const jobs = [new FakeJob('a'), new FakeJob('b')] as const;
    submit(...jobs);
    let isIdle = false;
    dispatcher.whenIdle(() => {
      isIdle = true;
    });
    one.answer(0, jobs[0].id);
    assert.equal(isIdle, false);
    one.answer(0, jobs[1].id);
    assert.equal(isIdle, true);
  });

  it('is over at once when nothing is there', (t) => {
    const { dispatcher } = setUp(t);
    let isIdle = false;
    dispatcher.whenIdle(() => {
      isIdle = true;
    });
    assert.equal(isIdle, true);
  });

  it('does not wait for what a dead worker left, once nobody wants it', (t) => {
    const { dispatcher, worker, submit } = setUp(t);
    const one = worker({ pid: 1 });
    const job = new FakeJob('a');
    submit(job);
    one.die();
    dispatcher.cancel(job);
    let isIdle = false;
    dispatcher.whenIdle(() => {
      isIdle = true;
    });
    assert.equal(isIdle, false);
    dispatcher.exited(1, [job.id]);
    assert.equal(isIdle, true);
  });

  it('that takes too long answers whatever is left', (t) => {
    const { dispatcher, worker, submit } = setUp(t);
    const one = worker({ pid: 1, lanes: 2 });
    const jobs = [new FakeJob('running'), new FakeJob('begun'), new FakeJob('waiting')] as const;
    submit(...jobs);
    one.send(1, frame(KIND.response, { id: jobs[1].id, a: 8 }, '200 OK\r\n'));
    dispatcher.giveUp();
    assert.deepEqual(
      jobs.map((job) => job.events.at(-1)),
      ['failed: stopping', 'abort: the server stops', 'failed: stopping'],
    );
  });

  it('that takes too long answers what a dead worker left, too', (t) => {
    const { dispatcher, worker, submit } = setUp(t);
    const one = worker({ pid: 1 });
    const job = new FakeJob('a');
    submit(job);
    one.die();
    dispatcher.giveUp();
    assert.deepEqual(job.events, ['failed: stopping']);
  });

  it('tells every worker to quit', (t) => {
    const { dispatcher, worker } = setUp(t);
    const workers = [worker({ pid: 1 }), worker({ pid: 2 })];
    dispatcher.workers.quitAll();
    for (const one of workers)
      assert.deepEqual(
        one.takeControl().map(({ kind }) => kind),
        [quit],
      );
  });
});

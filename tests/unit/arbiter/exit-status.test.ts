import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeWorkerExit } from '../../../src/arbiter/exit-status.ts';

const facts = { sentBecause: null, newOomKills: 0, ageMs: 12_340, wasReady: true, running: 0 };

describe("the log line of a worker's end", () => {
  it('names the exit code', () => {
    assert.equal(
      describeWorkerExit(7, { code: 42 }, facts),
      'Worker (pid:7) exited with code 42, after 12.3 s',
    );
  });

  it('says that a signal was not ours', () => {
    assert.equal(
      describeWorkerExit(7, { signal: 'SIGSEGV' }, { ...facts, running: 1 }),
      'Worker (pid:7) was ended by SIGSEGV, not sent by Kirin, after 12.3 s, running 1 request',
    );
  });

  it('says why we sent the signal', () => {
    assert.equal(
      describeWorkerExit(
        7,
        { signal: 'SIGKILL' },
        { ...facts, sentBecause: 'its requests are past their deadline' },
      ),
      'Worker (pid:7) was ended by SIGKILL, sent by Kirin because its requests are past their deadline, after 12.3 s',
    );
  });

  it('tells what the out-of-memory counter did when somebody else sent KILL', () => {
    const line = (newOomKills: number | null) =>
      describeWorkerExit(7, { signal: 'SIGKILL' }, { ...facts, newOomKills });
    assert.match(line(0), /counter did not move/);
    assert.match(line(1), /counter rose by 1/);
    assert.match(line(null), /counter cannot be read/);
  });

  it('says when the worker had never been ready', () => {
    assert.match(describeWorkerExit(7, { code: 3 }, { ...facts, wasReady: false }), /before it was ready$/);
  });
});

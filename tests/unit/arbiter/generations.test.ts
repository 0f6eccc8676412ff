import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Fleet } from '../../../src/arbiter/fleet.ts';
import { Generations } from '../../../src/arbiter/generations.ts';
import type { Log } from '../../../src/arbiter/log.ts';
import type { RunFolder } from '../../../src/arbiter/run-folder.ts';

/** A generation of one worker, pid 7, that is booting, and the lines of the log. */
function bootingWorker() {
  const lines: string[] = [];
  const note = (line: string) => void lines.push(line);
  const log: Log = { debug: note, info: note, warning: note, error: note, critical: note, reopen() {} };
  const fleet = new Fleet();
  const app = fleet.appAdded('default', 1, 30_000);
  const { number } = fleet.generationStarted(app, 0);
  fleet.generationActivated(number);
  fleet.forkAsked(number);
  const generations = new Generations(app, fleet, log, '', {} as RunFolder, {
    enqueue() {},
    workerExited() {},
    modulesLoaded() {},
    loadFailed() {},
    workersWanted() {},
    preExecDone() {},
    cannotBeAdded() {},
    end: () => assert.fail('Kirin goes on'),
  });
  generations.note(number, { type: 'forked', pid: 7 }, 0);
  return { lines, app, fleet, generations, number };
}

it('a worker that ended before the edge told of it, while it ran a request, had been ready', () => {
  const { lines, app, generations, number } = bootingWorker();
  generations.note(number, { type: 'exited', pid: 7, code: 9, running: [1] }, 100);

  assert.match(lines.at(-1) ?? '', /^Worker \(pid:7\) exited with code 9, after 0\.1 s, running 1 request$/);
  // A failed boot makes longer pauses than a death at work.
  assert.equal(app.bootFailures.failures, 0);
  assert.equal(app.youngDeaths.failures, 1);
});

it('a worker that leaves while it boots is one that leaves in order when Kirin is stopping, and otherwise has failed', () => {
  for (const [stop, line] of [
    ['quitting', /^Worker exiting \(pid: 7\)$/],
    ['no', /^Worker \(pid:7\) exited with code 0, after 0\.1 s, before it was ready$/],
  ] as const) {
    const { lines, fleet, generations, number } = bootingWorker();
    fleet.stop = stop;
    generations.note(number, { type: 'exited', pid: 7, code: 0, running: [] }, 100);
    assert.ok(
      lines.some((each) => line.test(each)),
      lines.join('\n'),
    );
  }
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LoadReporter } from '../../../src/edge/load-report.ts';

it('load is reported once a second, and only while it is wanted', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const sent: number[] = [];
  let taken = 0;
  const reporter = new LoadReporter(
    () => ({ queued: ++taken, waitedMs: 0, peakBusyLanes: 0, lanes: 1 }),
    ({ queued }) => sent.push(queued),
  );
  t.mock.timers.tick(5000);
  assert.deepEqual(sent, []);
  reporter.isWanted = true;
  t.mock.timers.tick(1500);
  // A reload that wants it too changes nothing.
  reporter.isWanted = true;
  t.mock.timers.tick(1500);
  assert.deepEqual(sent, [1, 2, 3]);
  reporter.isWanted = false;
  t.mock.timers.tick(5000);
  assert.deepEqual(sent, [1, 2, 3]);
});

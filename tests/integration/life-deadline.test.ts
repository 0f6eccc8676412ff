import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withKirin } from '../support/kirin.ts';
import { waitFor } from '../support/wait-for.ts';

describe('a request past the timeout', () => {
  for (const [what, path, frame] of [
    ['in Python', '/sleep?seconds=60', 'in sleep'],
    ['in C, with the interpreter locked', '/stuck-in-c', 'in stuck_in_c'],
  ] as const) {
    it(`that is stuck ${what} gets 504, and its traceback is in the log before the worker is killed`, async () => {
      await withKirin({ app: 'dangerous:app', args: ['--timeout', '1'] }, async (kirin) => {
        const [pid] = kirin.workerPids() as [number];
        assert.equal((await fetch(kirin.url + path)).status, 504);
        await kirin.waitForLog(
          new RegExp(`WORKER TIMEOUT \\(pid:${pid}\\): it has run GET ${path.replace('?', '\\?')}`),
        );
        await kirin.waitForLog(new RegExp(`${frame}\\b[\\s\\S]*Killing worker \\(pid:${pid}\\)`));
        await kirin.waitForLog(new RegExp(`\\(pid:${pid}\\) was ended by SIGKILL, sent by Kirin because`));
        assert.equal((await fetch(kirin.url)).status, 200);
      });
    });
  }

  it('shows every thread of the worker, each with what it runs', async () => {
    const args = ['--timeout', '1', '--threads', '2'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const stuck = [fetch(`${kirin.url}/sleep?seconds=60`), fetch(`${kirin.url}/stream-slowly?seconds=60`)];
      await kirin.waitForLog(/in sleep\b/);
      await kirin.waitForLog(/in stream_slowly\b/);
      const statuses = await Promise.allSettled(stuck);
      assert.equal(statuses.length, 2);
    });
  });

  it('does not harm a worker whose other thread is busy with a request in time', async () => {
    const args = ['--timeout', '1', '--threads', '2'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const stuck = fetch(`${kirin.url}/sleep?seconds=60`);
      await waitFor(() => kirin.workerPids().length === 1);
      assert.equal((await fetch(`${kirin.url}/sleep?seconds=0.9`)).status, 200);
      assert.equal((await stuck).status, 504);
    });
  });
});

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withKirin } from '../support/kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

describe('a request past the timeout', () => {
  for (const workerClass of ['sync', 'gevent']) {
    const args = ['--timeout', '1', '-k', workerClass];
    it(`gets 504, and is interrupted: the log shows its own stack, and its worker is replaced without being killed: ${workerClass}`, async () => {
      await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
        const [pid] = kirin.workerPids() as [number];
        assert.equal((await fetch(`${kirin.url}/sleep?seconds=60`)).status, 504);
        await kirin.waitForLog(
          new RegExp(`WORKER TIMEOUT \\(pid:${pid}\\): it has run GET /sleep\\?seconds=60 \\(from 127`),
        );
        await kirin.waitForLog(
          /Request GET \/sleep\?seconds=60 \(from 127\.0\.0\.1\) is past its deadline; it is here:\nTraceback.*\n(?: .*\n)* .*in sleep\n.*time\.sleep/,
        );
        await kirin.waitForLog(/Request GET \/sleep\?seconds=60 \(from 127\.0\.0\.1\) was interrupted/);
        await waitFor(() => kirin.workerPids().length === 1 && !kirin.workerPids().includes(pid));
        assert.equal((await fetch(kirin.url)).status, 200);
        assert.doesNotMatch(kirin.log(), /Killing|SIGKILL|Error handling|kirin_worker/);
      });
    });

    it(`unwinds in order: its finally blocks run, and close() of its response: ${workerClass}`, async () => {
      const folder = makeTemporaryFolder();
      const path = join(folder, 'notes');
      try {
        await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
          const answer = await fetch(`${kirin.url}/in-a-transaction?path=${path}`);
          await assert.rejects(answer.text());
          await waitFor(() => existsSync(path) && /closed/.test(readFileSync(path, 'utf8')));
          assert.equal(readFileSync(path, 'utf8'), 'begun\nrolled back\nclosed\n');
          await kirin.waitForLog(/is past its deadline; it is here:[\s\S]*in spin\n/);
        });
      } finally {
        removeFolder(folder);
      }
    });

    it(`that cannot be interrupted, in C with the interpreter locked, is killed with its worker after a dump: ${workerClass}`, async () => {
      await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
        const [pid] = kirin.workerPids() as [number];
        assert.equal((await fetch(`${kirin.url}/stuck-in-c`)).status, 504);
        await kirin.waitForLog(new RegExp(`WORKER TIMEOUT \\(pid:${pid}\\): it has run GET /stuck-in-c`));
        await kirin.waitForLog(new RegExp(`in stuck_in_c\\b[\\s\\S]*Killing worker \\(pid:${pid}\\)`));
        await kirin.waitForLog(new RegExp(`\\(pid:${pid}\\) was ended by SIGKILL, sent by Kirin because`));
        assert.equal((await fetch(kirin.url)).status, 200);
      });
    });
  }

  it('is answered at once, and its worker waits for neighbours that are in time', async () => {
    const args = ['--timeout', '2', '--threads', '2'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const [pid] = kirin.workerPids() as [number];
      const stuck = fetch(`${kirin.url}/sleep?seconds=60`);
      await waitFor(() => kirin.workerPids().length === 1);
      const slow = fetch(`${kirin.url}/stream-slowly?seconds=0.3&pieces=12`);
      assert.equal((await stuck).status, 504);
      // Long after the other's deadline, and after it was interrupted.
      assert.equal(await (await slow).text(), '0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n');
      await waitFor(() => kirin.workerPids().length === 1 && !kirin.workerPids().includes(pid));
      assert.equal(kirin.log().match(/is past its deadline/g)?.length, 1);
    });
  });

  it('shows its own stack first, and then where the other threads of its worker are', async () => {
    const args = ['--timeout', '2', '--threads', '2'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const slow = fetch(`${kirin.url}/stream-slowly?seconds=0.3&pieces=12`);
      assert.equal((await fetch(`${kirin.url}/sleep?seconds=60`)).status, 504);
      await kirin.waitForLog(
        /Request GET \/sleep.* is past its deadline; it is here:\n[\s\S]*in sleep\n[\s\S]*Meanwhile its worker's thread \S+ is here:\n[\s\S]*in stream_slowly\n/,
      );
      assert.equal(await (await slow).text(), '0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n');
      assert.equal(kirin.log().match(/Meanwhile/g)?.length, 1, 'of those that do something');
    });
  });
});

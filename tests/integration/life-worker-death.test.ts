import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeldRequest } from '../support/held-request.ts';
import { withKirin } from '../support/kirin.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const TWO_WORKERS = { app: 'dangerous:app', args: ['--workers', '2'] };

describe('a worker that dies', () => {
  it('is replaced, and the log says which signal it was and that Kirin did not send it', async () => {
    await withKirin(TWO_WORKERS, async (kirin) => {
      const [victim, other] = kirin.workerPids() as [number, number];
      process.kill(victim, 'SIGKILL');
      await kirin.waitForLog(
        new RegExp(
          `Worker \\(pid:${victim}\\) was ended by SIGKILL, not sent by Kirin, .*out-of-memory counter`,
        ),
      );
      const pids = await waitFor(() => {
        const now = kirin.workerPids();
        return now.length === 2 && !now.includes(victim) && now;
      });
      assert.ok(pids.includes(other), 'the other worker is untouched');
      assert.equal((await fetch(kirin.url)).status, 200);
    });
  });

  it('costs the request that it was running a 502, and the log names that request', async () => {
    await withKirin(TWO_WORKERS, async (kirin) => {
      const response = await fetch(`${kirin.url}/kill?signal=SIGKILL`);
      assert.equal(response.status, 502);
      await kirin.waitForLog(/ran GET \/kill\?signal=SIGKILL/);
      await kirin.waitForLog(/was ended by SIGKILL, .*running 1 request/);
    });
  });

  it('is not noticed by anybody else', async () => {
    await withKirin(TWO_WORKERS, async (kirin) => {
      const load = new SteadyLoad({ port: kirin.port });
      for (let deaths = 0; deaths < 3; deaths++) {
        assert.equal((await fetch(`${kirin.url}/exit?code=7`)).status, 502);
      }
      await waitFor(() => load.answered > 200);
      assert.deepEqual((await load.stop()).failures, []);
    });
  });

  it('by its own exit is logged with the exit code', async () => {
    await withKirin(TWO_WORKERS, async (kirin) => {
      await fetch(`${kirin.url}/exit?code=42`);
      await kirin.waitForLog(/Worker \(pid:\d+\) exited with code 42/);
    });
  });

  it('by a crash in C leaves the traceback of every thread in the log', async () => {
    await withKirin(TWO_WORKERS, async (kirin) => {
      assert.equal((await fetch(`${kirin.url}/segfault`)).status, 502);
      await kirin.waitForLog(/Fatal Python error: Segmentation fault[\s\S]*in segfault/);
      await kirin.waitForLog(/was ended by SIGSEGV, not sent by Kirin/);
    });
  });

  it('alone is replaced fast, and a request that comes meanwhile waits for the next', async () => {
    await withKirin({ app: 'dangerous:app' }, async (kirin) => {
      for (let deaths = 0; deaths < 3; deaths++) {
        assert.equal((await fetch(`${kirin.url}/exit`)).status, 502);
        assert.equal((await fetch(kirin.url)).status, 200);
      }
    });
  });

  it('by a TERM sent to it leaves in order: it finishes what it runs, and is replaced first', async () => {
    const folder = makeTemporaryFolder();
    try {
      await withKirin({ app: 'dangerous:app' }, async (kirin) => {
        const [pid] = kirin.workerPids() as [number];
        const running = await HeldRequest.send(kirin, folder);
        await running.started();
        process.kill(pid, 'SIGTERM');
        await kirin.waitForLog(new RegExp(`Worker \\(pid:${pid}\\) is to be replaced: it was sent SIGTERM`));
        // By the one that takes its place.
        assert.equal((await fetch(kirin.url)).status, 200);
        running.letGo();
        assert.equal((await running.answer()).status, 200);
        running.connection.destroy();
        await kirin.waitForLog(new RegExp(`Worker exiting \\(pid: ${pid}\\)`));
        assert.equal((await fetch(kirin.url)).status, 200);
      });
    } finally {
      removeFolder(folder);
    }
  });
});

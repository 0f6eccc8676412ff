import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isRefused } from '../support/is-refused.ts';
import { KirinProcess, withKirin } from '../support/kirin.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const ONE_WORKER = { app: 'dangerous:app' };
const TWO_WORKERS = { app: 'dangerous:app', args: ['--workers', '2'] };

describe('a stop', () => {
  let folder: string;

  beforeEach(() => {
    folder = makeTemporaryFolder();
  });

  afterEach(() => {
    removeFolder(folder);
  });

  /** A request that runs until the test says so. */
  async function holdRequest(kirin: KirinProcess) {
    const path = join(folder, 'go');
    const response = fetch(`${kirin.url}/wait-for-file?path=${path}`).catch(() => null);
    await waitFor(() => existsSync(`${path}.started`));
    return { response, letGo: () => writeFileSync(path, '') };
  }

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    it(`by ${signal} answers everything that was accepted, and leaves nothing behind`, async () => {
      await withKirin(TWO_WORKERS, async (kirin) => {
        const load = new SteadyLoad({ port: kirin.port, path: '/sleep?seconds=0.02', clients: 16 });
        await waitFor(() => load.answered > 50);
        kirin.signal(signal);
        assert.deepEqual((await load.stop()).failures, []);
      });
    });

    it(`by ${signal} is over at once when nothing runs, whatever connections are idle`, async () => {
      await withKirin(ONE_WORKER, async (kirin) => {
        assert.equal((await fetch(kirin.url)).status, 200); // its connection stays open
        const begun = Date.now();
        kirin.signal(signal);
        await kirin.ended();
        // Whatever it could wait for lasts longer: 30 s the grace of a stop, 75 s a connection that is kept.
        assert.ok(Date.now() - begun < 10_000, `${Date.now() - begun} ms`);
      });
    });
  }

  it('by TERM waits for a request that runs', async () => {
    await withKirin(ONE_WORKER, async (kirin) => {
      const { response, letGo } = await holdRequest(kirin);
      kirin.signal('SIGTERM');
      await waitFor(() => isRefused(kirin.port));
      assert.equal(kirin.hasEnded, false);
      letGo();
      assert.equal((await response)?.status, 200);
    });
  });

  it('by TERM ends after the graceful timeout although a request runs', async () => {
    const options = { app: 'dangerous:app', args: ['--graceful-timeout', '1'] };
    await withKirin(options, async (kirin) => {
      const { response } = await holdRequest(kirin);
      kirin.signal('SIGTERM');
      await kirin.ended(8000);
      const answer = await response;
      assert.ok(answer === null || answer.status >= 500);
    });
  });

  it('is shortened by a second signal', async () => {
    await withKirin(ONE_WORKER, async (kirin) => {
      const { response } = await holdRequest(kirin);
      kirin.signal('SIGTERM');
      await kirin.waitForLog(/Handling signal: term/);
      kirin.signal('SIGINT');
      await kirin.ended(8000);
      await response;
    });
  });

  it('is not shortened by the same signal once more at once, as npm and npx pass it on', async () => {
    await withKirin(ONE_WORKER, async (kirin) => {
      const { response, letGo } = await holdRequest(kirin);
      kirin.signal('SIGTERM');
      await kirin.waitForLog(/Handling signal: term/);
      kirin.signal('SIGTERM');
      await waitFor(() => isRefused(kirin.port));
      letGo();
      assert.equal((await response)?.status, 200);
    });
  });

  for (const pattern of [/Starting kirin/, /Listening at|Using python/, /Booting worker/]) {
    it(`while it is starting (${pattern.source}) leaves nothing behind`, async () => {
      const kirin = new KirinProcess({ app: 'dangerous:app', args: ['--workers', '3'] });
      await kirin.waitForLog(pattern);
      kirin.signal('SIGTERM');
      await kirin.ended(8000).finally(() => kirin.stop());
    });
  }

  it('sent to every process at once, as by systemd, is as graceful', async () => {
    await withKirin(TWO_WORKERS, async (kirin) => {
      const load = new SteadyLoad({ port: kirin.port, path: '/sleep?seconds=0.02', clients: 16 });
      await waitFor(() => load.answered > 50);
      const begun = Date.now();
      for (const { pid } of kirin.processes()) process.kill(pid, 'SIGTERM');
      assert.deepEqual((await load.stop()).failures, []);
      await kirin.ended();
      assert.ok(Date.now() - begun < 10_000, `${Date.now() - begun} ms`);
    });
  });
});

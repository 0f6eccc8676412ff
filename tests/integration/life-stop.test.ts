import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type KirinProcess, startKirin } from '../support/kirin.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

/** A request that runs until the test says so. */
async function holdRequest(kirin: KirinProcess, folder: string) {
  const path = join(folder, 'go');
  const response = fetch(`${kirin.url}/wait-for-file?path=${path}`);
  await waitFor(() => existsSync(`${path}.started`));
  return { response, letGo: () => writeFileSync(path, '') };
}

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = makeTemporaryFolder();
  try {
    await use(folder);
  } finally {
    removeFolder(folder);
  }
}

describe('a stop', () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    it(`by ${signal} answers everything that was accepted, and leaves nothing behind`, async () => {
      const kirin = await startKirin({ app: 'dangerous:app', args: ['--workers', '2'] });
      const load = new SteadyLoad({ port: kirin.port, path: '/sleep?seconds=0.02', clients: 16 });
      await waitFor(() => load.answered > 50);
      kirin.signal(signal);
      assert.deepEqual((await load.stop()).failures, []);
      await kirin.stop();
    });

    it(`by ${signal} is over at once when nothing runs, whatever connections are idle`, async () => {
      const kirin = await startKirin({ app: 'dangerous:app' });
      assert.equal((await fetch(kirin.url)).status, 200); // its connection stays open
      const begun = Date.now();
      kirin.signal(signal);
      await kirin.ended();
      assert.ok(Date.now() - begun < 3000, `${Date.now() - begun} ms`);
      await kirin.stop();
    });
  }

  it('by TERM waits for a request that runs', async () => {
    await withFolder(async (folder) => {
      const kirin = await startKirin({ app: 'dangerous:app' });
      const { response, letGo } = await holdRequest(kirin, folder);
      kirin.signal('SIGTERM');
      await kirin.waitForLog(/Handling signal: term/);
      await waitFor(() =>
        fetch(kirin.url).then(
          () => false,
          () => true,
        ),
      );
      assert.equal(kirin.hasEnded, false);
      letGo();
      assert.equal((await response).status, 200);
      await kirin.stop();
    });
  });

  it('by TERM ends after the graceful timeout although a request runs', async () => {
    await withFolder(async (folder) => {
      const kirin = await startKirin({ app: 'dangerous:app', args: ['--graceful-timeout', '1'] });
      const { response } = await holdRequest(kirin, folder);
      kirin.signal('SIGTERM');
      await kirin.ended(6000);
      const answer = await response.catch(() => null);
      assert.ok(answer === null || answer.status >= 500);
      await kirin.stop();
    });
  });

  it('is shortened by a second signal', async () => {
    await withFolder(async (folder) => {
      const kirin = await startKirin({ app: 'dangerous:app' });
      const { response } = await holdRequest(kirin, folder);
      kirin.signal('SIGTERM');
      await kirin.waitForLog(/Handling signal: term/);
      kirin.signal('SIGINT');
      await kirin.ended(4000);
      await response.catch(() => null);
      await kirin.stop();
    });
  });

  it('while it is starting leaves nothing behind', async () => {
    const { KirinProcess } = await import('../support/kirin.ts');
    for (const pattern of [/Starting kirin/, /Listening at|Using python/, /Booting worker/]) {
      const kirin = new KirinProcess({ app: 'dangerous:app', args: ['--workers', '3'] });
      await kirin.waitForLog(pattern);
      await kirin.stop();
    }
  });

  it('sent to every process at once, as by systemd, is as graceful', async () => {
    const kirin = await startKirin({ app: 'dangerous:app', args: ['--workers', '2'] });
    const load = new SteadyLoad({ port: kirin.port, path: '/sleep?seconds=0.02', clients: 16 });
    await waitFor(() => load.answered > 50);
    for (const { pid } of kirin.processes()) process.kill(pid, 'SIGTERM');
    assert.deepEqual((await load.stop()).failures, []);
    await kirin.stop();
  });
});

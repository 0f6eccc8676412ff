import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isRefused } from '../support/is-refused.ts';
import { startKirin, withKirin } from '../support/kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

describe('the death of the edge', () => {
  it('is survived by the sockets and the workers: a new edge serves at once', async () => {
    await withKirin({ app: 'dangerous:app', args: ['--workers', '2'] }, async (kirin) => {
      const workers = kirin.workerPids();
      const edge = kirin.edgePid();
      const begun = Date.now();
      process.kill(edge, 'SIGKILL');
      // No request is refused meanwhile: it waits in the socket's backlog.
      assert.equal((await fetch(kirin.url)).status, 200);
      // It takes as long as a start of Node, and has nothing to wait for.
      assert.ok(Date.now() - begun < 5000, `${Date.now() - begun} ms`);
      await kirin.waitForLog(new RegExp(`The edge \\(pid:${edge}\\) was ended by SIGKILL`));
      assert.deepEqual(kirin.workerPids().sort(), workers.sort());
    });
  });

  it('may come again', async () => {
    await withKirin({ app: 'dangerous:app' }, async (kirin) => {
      for (let deaths = 1; deaths <= 3; deaths++) {
        const edge = await waitFor(() => {
          try {
            return kirin.edgePid();
          } catch {
            return null;
          }
        });
        process.kill(edge, 'SIGKILL');
        assert.equal((await fetch(kirin.url)).status, 200);
      }
    });
  });

  it('in the middle of a reload does not stop the reload', async () => {
    await withKirin({ app: 'dangerous:app' }, async (kirin) => {
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Handling signal: hup/);
      process.kill(kirin.edgePid(), 'SIGKILL');
      await kirin.waitForLog(/Ready: 1 worker, generation 2/);
      assert.equal((await fetch(kirin.url)).status, 200);
    });
  });
});

describe('the death of the zygote', () => {
  it('brings another, with new workers, and costs no request', async () => {
    await withKirin({ app: 'dangerous:app', args: ['--workers', '2'] }, async (kirin) => {
      const old = kirin.workerPids();
      const slow = fetch(`${kirin.url}/sleep?seconds=0.5`);
      const worker = kirin.processes().find(({ pid }) => pid === old[0]);
      assert.ok(worker);
      process.kill(worker.parentPid, 'SIGKILL');
      for (let requests = 0; requests < 20; requests++) assert.equal((await fetch(kirin.url)).status, 200);
      await kirin.waitForLog(/Ready: 2 workers, generation 2/);
      assert.equal((await slow).status, 200);
      await waitFor(() => !kirin.processes().some(({ pid }) => old.includes(pid)), {
        what: 'the end of the old workers',
      });
      assert.equal((await fetch(kirin.url)).status, 200);
    });
  });
});

describe('the death of the arbiter', () => {
  it('ends every process, and the run directory is removed', async () => {
    const kirin = await startKirin({ app: 'dangerous:app', args: ['--workers', '2'] });
    try {
      assert.equal(kirin.processes().length, 5);
      kirin.signal('SIGKILL');
      await kirin.ended();
      await kirin.assertNothingLeft();
    } finally {
      kirin.discard();
    }
  });

  it('lets a request that runs finish', async () => {
    const folder = makeTemporaryFolder();
    const kirin = await startKirin({ app: 'dangerous:app' });
    try {
      const path = join(folder, 'go');
      const slow = fetch(`${kirin.url}/wait-for-file?path=${path}`);
      await waitFor(() => existsSync(`${path}.started`));
      const { port } = kirin;
      kirin.signal('SIGKILL');
      await kirin.ended();
      // The others have noticed: nobody listens any more.
      await waitFor(() => isRefused(port));
      writeFileSync(path, '');
      const status = await slow.then((response) => response.status, String);
      assert.equal(status, 200, kirin.log());
      await kirin.assertNothingLeft();
    } finally {
      kirin.discard();
      removeFolder(folder);
    }
  });
});

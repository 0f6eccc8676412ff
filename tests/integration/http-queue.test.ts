import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type KirinProcess, withKirin } from '../support/kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor, within } from '../support/wait-for.ts';

describe('requests that find no free lane', () => {
  let folder: string;
  let holds = 0;

  before(() => {
    folder = makeTemporaryFolder();
  });
  after(() => removeFolder(folder));

  /** A request that runs until it is let go. */
  function hold(kirin: KirinProcess, path = '/wait-for-file') {
    holds += 1;
    const file = join(folder, `go-${holds}`);
    return {
      response: fetch(`${kirin.url}${path}?path=${file}`),
      hasStarted: () => existsSync(`${file}.started`),
      letGo: () => writeFileSync(file, ''),
    };
  }

  async function queueLength(kirin: KirinProcess): Promise<number> {
    return (
      JSON.parse(await (await fetch(`${kirin.url}/health/metrics`)).text()) as { queue: { length: number } }
    ).queue.length;
  }

  it('are answered 503 after --queue-timeout, and never reach the application', async () => {
    await withKirin({ app: 'dangerous:app', args: ['--queue-timeout', '0.2'] }, async (kirin) => {
      const running = hold(kirin);
      await waitFor(running.hasStarted);
      const waiting = hold(kirin);
      const response = await waiting.response;
      assert.equal(response.status, 503);
      assert.match(response.headers.get('retry-after') ?? '', /^\d+$/);
      running.letGo();
      assert.equal((await running.response).status, 200);
      assert.equal((await fetch(kirin.url)).status, 200);
      assert.equal(waiting.hasStarted(), false);
    });
  });

  it('are answered in time, also where lanes are asked late or never for what they have not started', async () => {
    for (const stealAfter of ['60', '0']) {
      const args = ['--queue-timeout', '0.2', '--steal-after', stealAfter];
      await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
        const running = hold(kirin);
        await waitFor(running.hasStarted);
        const { status } = await within(5000, 'the refusal', hold(kirin).response);
        assert.equal(status, 503);
        running.letGo();
        assert.equal((await running.response).status, 200);
      });
    }
  });

  it('wait without --queue-timeout and --timeout', async () => {
    const args = ['--queue-timeout', '0', '--timeout', '0', '--queue-limit', '0', '--health-path', '/health'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const running = hold(kirin);
      await waitFor(running.hasStarted);
      const waiting = hold(kirin);
      await waitFor(async () => (await queueLength(kirin)) === 1);
      running.letGo();
      await waitFor(waiting.hasStarted);
      waiting.letGo();
      assert.equal((await waiting.response).status, 200);
    });
  });

  it('wait at --lane-limit while others run, however their path is written', async () => {
    const args = ['-w', '3', '--lane-limit', '/wait-for-*=1', '--health-path', '/health'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const running = hold(kirin);
      await waitFor(running.hasStarted);
      const waiting = hold(kirin, '/%77ait-for-file');
      await waitFor(async () => (await queueLength(kirin)) === 1);
      assert.equal((await fetch(kirin.url)).status, 200);
      assert.equal(waiting.hasStarted(), false);
      running.letGo();
      await waitFor(waiting.hasStarted);
      waiting.letGo();
      assert.equal((await waiting.response).status, 200);
    });
  });

  it('wait rather than take what --lane-reserve keeps free', async () => {
    const args = ['-w', '2', '--lane-reserve', 'GET /process=1', '--health-path', '/health'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const running = hold(kirin);
      await waitFor(running.hasStarted);
      const waiting = hold(kirin);
      await waitFor(async () => (await queueLength(kirin)) === 1);
      assert.equal((await fetch(`${kirin.url}/process`)).status, 200);
      assert.equal(waiting.hasStarted(), false);
      running.letGo();
      await waitFor(waiting.hasStarted);
      waiting.letGo();
      assert.equal((await waiting.response).status, 200);
    });
  });
});

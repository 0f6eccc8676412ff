import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withKirin } from '../support/kirin.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { waitFor } from '../support/wait-for.ts';

describe('recycling by --max-requests', () => {
  it('replaces workers under load and loses nothing', async () => {
    const args = ['--workers', '2', '--max-requests', '100', '--max-requests-jitter', '20'];
    await withKirin({ app: 'dangerous:app', args }, async (kirin) => {
      const load = new SteadyLoad({ port: kirin.port, path: '/process' });
      await waitFor(() => load.answered > 1000, { timeoutMs: 30_000 });
      const { failures, bodies } = await load.stop();
      assert.deepEqual(failures, []);
      const pids = new Set(bodies.map((body) => (JSON.parse(body) as { pid: number }).pid));
      assert.ok(pids.size >= 5, `${pids.size} workers answered ${bodies.length} requests`);
      assert.match(kirin.log(), /is to be replaced: it has had \d+ requests/);
    });
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withKirin } from '../support/kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';

const ONE_LANE = { app: 'alarms:app', args: ['--workers', '1', '--response-spool-size', '1M'] };

describe('an alarm of the application’s', () => {
  it('that comes while its response waits for a slow client breaks off that response, and no bytes of another come into it', async () => {
    await withKirin(ONE_LANE, async (kirin) => {
      const slow = await RawConnection.open({ port: kirin.port });
      slow.send('GET /stream HTTP/1.1\r\nHost: a\r\n\r\n');
      await slow.peek(1);
      slow.pause();
      await kirin.waitForLog(/Error handling request GET \/stream\nTraceback[\s\S]*this takes too long/);
      const other = fetch(kirin.url, { method: 'POST' });
      slow.resume();
      const text = (await slow.readToEnd()).toString('latin1');
      const body = text.slice(text.indexOf('\r\n\r\n') + 4);
      assert.match(
        body.replaceAll('x', ''),
        /^([0-9a-f]+\r\n(\r\n)?)+$/,
        'pieces of that response, and not its end',
      );
      slow.destroy();
      assert.equal(await (await other).text(), 'hello\n');
    });
  });

  it('that is left behind ends the worker, and no request is lost', async () => {
    await withKirin(ONE_LANE, async (kirin) => {
      const [pid] = kirin.workerPids() as [number];
      assert.equal((await fetch(`${kirin.url}/forget`)).status, 200);
      await kirin.waitForLog(/The thread MainThread of the worker has failed; the worker ends\nTraceback/);
      await kirin.waitForLog(new RegExp(`Worker \\(pid:${pid}\\) exited with code 1`));
      assert.equal((await fetch(kirin.url, { method: 'POST' })).status, 200);
    });
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setInterval as every } from 'node:timers/promises';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { useKirin } from '../support/shared-kirin.ts';

const SLOW_CLIENTS = 500;
const SECONDS = 6;
const NORMAL = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('slow clients', () => {
  const kirin = useKirin({ app: 'responses:app', args: ['--workers', '1'] });

  /** The median duration of 100 requests, each on a connection of its own. */
  async function medianMs(): Promise<number> {
    const durations: number[] = [];
    for (let number = 0; number < 100; number++) {
      const since = performance.now();
      assert.equal((await exchange({ port: kirin().port }, NORMAL)).status, 200);
      durations.push(performance.now() - since);
    }
    return durations.sort((one, other) => one - other)[50] ?? 0;
  }

  it(`do not slow a normal one: ${SLOW_CLIENTS} that send one byte a second, heads and bodies`, async () => {
    await medianMs(); // warms both sides up
    const alone = await medianMs();

    const clients = await Promise.all(
      Array.from({ length: SLOW_CLIENTS }, () => RawConnection.open({ port: kirin().port })),
    );
    const head = 'GET /slow HTTP/1.1\r\nHost: a\r\n';
    const body = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n';
    for (const [index, client] of clients.entries()) if (index % 2) client.send(body);

    const medians: number[] = [];
    let second = 0;
    for await (const _ of every(1000)) {
      for (const [index, client] of clients.entries()) client.send(index % 2 ? 'x' : (head[second] ?? 'x'));
      medians.push(await medianMs());
      if (++second === SECONDS) break;
    }
    assert.ok(
      clients.every((client) => !client.hasEnded),
      'none of them was refused meanwhile',
    );
    for (const client of clients) client.destroy();
    const worst = Math.max(...medians);
    assert.ok(worst < alone * 3 + 10, `${alone.toFixed(1)} ms alone, ${worst.toFixed(1)} ms among the slow`);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { useKirin } from '../support/shared-kirin.ts';

const TIMEOUT_S = 1;
/** Later than this, something else than the time-out has ended it. */
const LATEST_MS = 10_000;

describe('a client that is too slow', () => {
  const seconds = String(TIMEOUT_S);
  const kirin = useKirin({
    app: 'responses:app',
    args: ['--header-timeout', seconds, '--body-timeout', seconds, '--send-timeout', seconds],
  });
  const open = () => RawConnection.open({ port: kirin().port });

  /** How long the connection lives that this gives, and what the client gets before it ends. */
  async function lifeOf(
    start: () => Promise<RawConnection>,
  ): Promise<{ readonly lifeMs: number; readonly text: string }> {
    // From before Kirin knows of it, so that it is no less than Kirin waits, whatever holds up this process.
    const since = performance.now();
    const bytes = await (await start()).readToEnd();
    return { lifeMs: performance.now() - since, text: bytes.toString('latin1') };
  }

  async function openAndSend(bytes: string): Promise<RawConnection> {
    const connection = await open();
    connection.send(bytes);
    return connection;
  }

  function assertInTime(lifeMs: number): void {
    assert.ok(lifeMs > TIMEOUT_S * 900 && lifeMs < LATEST_MS, `it lived for ${Math.round(lifeMs)} ms`);
  }

  it('with its first byte is told nothing, and the connection is closed', async () => {
    const { lifeMs, text } = await lifeOf(open);
    assert.equal(text, '');
    assertInTime(lifeMs);
  });

  it('in the middle of a head gets 408', async () => {
    const { lifeMs, text } = await lifeOf(() => openAndSend('GET / HTTP/1.1\r\nHost: a\r\nX-Slow: '));
    assert.match(text, /^HTTP\/1\.1 408 [\s\S]*\r\nConnection: close\r\n/);
    assertInTime(lifeMs);
  });

  it('with a whole head gets 408 although it sends a byte now and then', async () => {
    let dripping: NodeJS.Timeout | undefined;
    const { lifeMs, text } = await lifeOf(async () => {
      const connection = await openAndSend('GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ');
      dripping = setInterval(() => connection.send('x'), 100);
      return connection;
    });
    clearInterval(dripping);
    assert.match(text, /^HTTP\/1\.1 408 /);
    assertInTime(lifeMs);
  });

  it('in the middle of a body gets 408', async () => {
    for (const framing of ['Content-Length: 10', 'Transfer-Encoding: chunked']) {
      const request = `POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n5`;
      const { lifeMs, text } = await lifeOf(() => openAndSend(request));
      assert.match(text, /^HTTP\/1\.1 408 /, framing);
      assertInTime(lifeMs);
    }
  });

  it('with the rest of the head of a second request gets 408 for that', async () => {
    const { lifeMs, text } = await lifeOf(async () => {
      const connection = await openAndSend('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /second');
      assert.equal((await connection.readResponse()).status, 200);
      return connection;
    });
    assert.match(text, /^HTTP\/1\.1 408 /);
    assertInTime(lifeMs);
  });

  it('with a body, but never silent for long, is served', async () => {
    const connection = await open();
    const body = 'slow but steady';
    connection.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
    for (const character of body) {
      await new Promise((resolve) => setTimeout(resolve, (TIMEOUT_S * 1500) / body.length));
      connection.send(character);
    }
    assert.equal((await connection.readResponse()).status, 200);
    connection.destroy();
  });

  it('in taking a response is given up, and what it had is not the whole', async () => {
    const connection = await open();
    connection.send('GET /zeros?size=50000000 HTTP/1.1\r\nHost: a\r\n\r\n');
    await connection.peek(1);
    connection.pause();
    await new Promise((resolve) => setTimeout(resolve, TIMEOUT_S * 2500));
    connection.resume();
    await assert.rejects(connection.readResponse(), /ended inside a body/);
  });
});

describe('a body that is too large', () => {
  const kirin = useKirin({ app: 'echo:app', args: ['--limit-request-body', '1000'] });
  const post = (fields: string, body: string) =>
    exchange({ port: kirin().port }, `POST /read-all HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}`);

  it('is refused with 413, and the largest allowed one is not', async () => {
    assert.equal((await post('Content-Length: 1000', 'x'.repeat(1000))).body.length, 1000);
    assert.equal((await post('Content-Length: 1001', 'x'.repeat(1001))).status, 413);
    const chunk = (size: number) => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\n\r\n`;
    assert.equal((await post('Transfer-Encoding: chunked', chunk(1000))).body.length, 1000);
    assert.equal((await post('Transfer-Encoding: chunked', chunk(1001))).status, 413);
  });

  it('is refused before it is sent, when the client asks first', async () => {
    assert.equal((await post('Content-Length: 1001\r\nExpect: 100-continue', '')).status, 413);
  });
});

describe('the health pages', () => {
  const kirin = useKirin({ app: 'dangerous:app', args: ['--workers', '1', '--health-path', '/health'] });
  const get = (path: string) => exchange({ port: kirin().port }, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);

  it('answer while every worker is busy', async () => {
    const busy = await RawConnection.open({ port: kirin().port });
    busy.send('GET /sleep?seconds=2 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await get('/health/live')).status, 200);
    assert.equal((await get('/health/ready')).status, 200);
    assert.equal((await get('/health/other')).status, 404);
    assert.equal((await busy.readResponse()).body.toString(), 'slept\n');
    busy.destroy();
  });
});

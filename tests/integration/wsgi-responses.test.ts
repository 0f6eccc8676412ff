import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { fieldValue, fieldValues, type RawResponse } from '../support/response-reader.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

describe('a response', () => {
  const kirin = useKirin({ app: 'responses:app' });

  function get(path: string, { method = 'GET', version = '1.1' } = {}): Promise<RawResponse> {
    const request = `${method} ${path} HTTP/${version}\r\nHost: a\r\n\r\n`;
    return exchange({ port: kirin().port }, request, { method });
  }

  it("has the application's status, fields and body, and the server's Date and Server", async () => {
    const response = await get('/');
    assert.equal(response.head.split('\r\n')[0], 'HTTP/1.1 200 OK');
    assert.equal(response.body.toString(), 'hello\n');
    assert.equal(fieldValue(response, 'Content-Type'), 'text/plain; charset=utf-8');
    assert.equal(fieldValue(response, 'Content-Length'), '6');
    assert.equal(fieldValue(response, 'Server'), 'kirin');
    const date = fieldValue(response, 'Date') ?? '';
    assert.equal(new Date(date).toUTCString(), date);
    assert.ok(Math.abs(Date.parse(date) - Date.now()) < 5000);
  });

  it("keeps the application's own Date and Server, repeated fields, and latin-1", async () => {
    const response = await get('/own-framing');
    assert.equal(fieldValue(response, 'Date'), 'Sat, 01 Jan 2000 00:00:00 GMT');
    assert.equal(fieldValue(response, 'Server'), 'own/1.0');
    assert.deepEqual(fieldValues(response, 'Set-Cookie'), ['a=1', 'b=2; Path=/']);
    assert.equal(fieldValue(response, 'X-Latin'), 'caf\u00e9');
  });

  it("keeps the application's reason phrase", async () => {
    const response = await get('/odd-reason');
    assert.equal(response.status, 418);
    assert.equal(response.reason, "I'm a caf\u00e9 pot");
  });

  for (const [path, body] of [
    ['/generator', 'one two three'],
    ['/empty-chunks', 'between empty'],
    ['/several-chunks', 'a tuple of three'],
    ['/late-start', 'one chunk, no length'],
    ['/write', 'written and returned'],
  ] as const) {
    it(`without a length is chunked for 1.1 and ends with the connection for 1.0: ${path}`, async () => {
      const modern = await get(path);
      assert.equal(modern.framing === 'chunked' || modern.framing === 'length', true);
      assert.equal(modern.body.toString(), body);
      const old = await get(path, { version: '1.0' });
      assert.equal(old.framing === 'close' || old.framing === 'length', true);
      assert.equal(old.body.toString(), body);
    });
  }

  for (const [path, body] of [
    ['/generator-with-length', 'one two three'],
    ['/one-chunk', 'one chunk, no length'],
    ['/write-only', 'written'],
    ['/empty-list', ''],
  ] as const) {
    it(`has a Content-Length where the application or one look at the list tells it: ${path}`, async () => {
      const response = await get(path);
      assert.equal(response.framing, 'length');
      assert.equal(response.body.toString(), body);
    });
  }

  it('to HEAD has the same fields and no body', async () => {
    for (const path of ['/', '/generator-with-length', '/generator', '/write']) {
      const connection = await RawConnection.open({ port: kirin().port });
      connection.send(`HEAD ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      const head = await connection.readResponse({ method: 'HEAD' });
      assert.equal(head.status, 200, path);
      const whole = await get(path);
      assert.equal(fieldValue(head, 'Content-Type'), fieldValue(whole, 'Content-Type'));
      if (whole.framing === 'length' && fieldValue(head, 'Content-Length') !== undefined) {
        assert.equal(fieldValue(head, 'Content-Length'), fieldValue(whole, 'Content-Length'));
      }
      connection.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.equal((await connection.readResponse()).body.toString(), 'hello\n', 'the connection goes on');
      connection.destroy();
    }
  });

  it('with status 204 or 304 has neither body nor framing, and the connection goes on', async () => {
    const connection = await RawConnection.open({ port: kirin().port });
    connection.send('GET /no-content HTTP/1.1\r\nHost: a\r\n\r\n');
    const empty = await connection.readResponse();
    assert.equal(empty.status, 204);
    connection.send('GET /not-modified HTTP/1.1\r\nHost: a\r\n\r\n');
    const unchanged = await connection.readResponse();
    assert.equal(unchanged.status, 304);
    assert.equal(fieldValue(unchanged, 'ETag'), '"v1"');
    connection.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await connection.readResponse()).body.toString(), 'hello\n');
    connection.destroy();
  });

  it('can be replaced with exc_info while nothing was sent', async () => {
    const response = await get('/changed-mind');
    assert.equal(response.status, 503);
    assert.equal(fieldValue(response, 'X-First'), undefined);
    assert.equal(response.body.toString(), 'replaced');
  });

  it('that fails midway is cut, logged with its traceback, and never looks whole', async () => {
    for (const version of ['1.1', '1.0']) {
      const connection = await RawConnection.open({ port: kirin().port });
      connection.send(`GET /failed-midway HTTP/${version}\r\nHost: a\r\n\r\n`);
      const bytes = await connection.readToEnd();
      const text = bytes.toString('latin1');
      assert.match(text, /the beginning/);
      assert.doesNotMatch(text, /must never be sent/);
      if (version === '1.1') assert.doesNotMatch(text, /\r\n0\r\n\r\n$/);
      else assert.ok(await connection.wasReset(), 'an orderly end would say that this is all');
    }
    await kirin().waitForLog(/ValueError: failed midway/);
  });

  it('closes the connection when the application asks for it', async () => {
    const connection = await RawConnection.open({ port: kirin().port });
    connection.send('GET /asks-to-close HTTP/1.1\r\nHost: a\r\n\r\n');
    const response = await connection.readResponse();
    assert.equal(fieldValue(response, 'Connection')?.toLowerCase(), 'close');
    assert.equal((await connection.readToEnd()).length, 0);
  });

  it('of 10 MB arrives whole, with and without a length', async () => {
    for (const length of ['yes', 'no']) {
      const response = await get(`/zeros?size=10000000&length=${length}`);
      assert.equal(response.framing, length === 'yes' ? 'length' : 'chunked');
      assert.equal(response.body.length, 10_000_000);
      assert.equal(
        response.body.every((byte) => byte === 0),
        true,
      );
    }
  });

  it('streams: a piece reaches the client before the next is made', async () => {
    const folder = makeTemporaryFolder();
    const path = join(folder, 'go');
    const connection = await RawConnection.open({ port: kirin().port });
    try {
      connection.send(`GET /stream-until-file?path=${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      // The application makes the second piece when the file is there.
      await waitFor(async () => /first\n/.test((await connection.peek(1)).toString('latin1')));
      writeFileSync(path, '');
      assert.equal((await connection.readResponse()).body.toString(), 'first\nsecond\n');
    } finally {
      connection.destroy();
      removeFolder(folder);
    }
  });

  it('has its iterable closed: at its end, when it fails, and when the client leaves', async () => {
    const count = async () => JSON.parse((await get('/count-closed')).body.toString()).closed as number;
    const atFirst = await waitFor(count).catch(() => 0);
    assert.equal((await get('/closing')).body.toString(), 'close me');
    await waitFor(async () => (await count()) >= atFirst + 1, { what: 'close() at the end' });

    const failing = await RawConnection.open({ port: kirin().port });
    failing.send('GET /closing-failure HTTP/1.1\r\nHost: a\r\n\r\n');
    await failing.readToEnd();
    await waitFor(async () => (await count()) >= atFirst + 2, { what: 'close() after a failure' });

    const leaving = await RawConnection.open({ port: kirin().port });
    leaving.send('GET /closing-endless HTTP/1.1\r\nHost: a\r\n\r\n');
    await leaving.peek(100_000);
    leaving.destroy();
    await waitFor(async () => (await count()) >= atFirst + 3, { what: 'close() after the client left' });
  });
});

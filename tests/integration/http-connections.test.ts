import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { fieldValue, fieldValues } from '../support/response-reader.ts';
import { useKirin } from '../support/shared-kirin.ts';

const get = (path: string, fields = '', version = '1.1') =>
  `GET ${path} HTTP/${version}\r\nHost: a\r\n${fields}\r\n`;

describe('a connection', () => {
  const kirin = useKirin({ app: 'responses:app', args: ['--workers', '2'] });
  const open = () => RawConnection.open({ port: kirin().port });

  it('of HTTP/1.1 is kept for further requests', async () => {
    const connection = await open();
    for (let number = 0; number < 50; number++) {
      connection.send(get('/'));
      const response = await connection.readResponse();
      assert.equal(response.body.toString(), 'hello\n');
      assert.doesNotMatch(fieldValue(response, 'Connection') ?? '', /close/i);
    }
    connection.destroy();
  });

  it('of HTTP/1.1 is closed after a request with Connection: close, and the response says so', async () => {
    for (const value of ['close', 'Close', 'foo, close', 'keep-alive, close']) {
      const connection = await open();
      connection.send(get('/', `Connection: ${value}\r\n`) + get('/'));
      const response = await connection.readResponse();
      assert.equal(fieldValue(response, 'Connection')?.toLowerCase(), 'close', value);
      assert.equal((await connection.readToEnd()).length, 0, 'the request behind it is not answered');
    }
  });

  it('of HTTP/1.0 is closed after the response', async () => {
    const connection = await open();
    connection.send('GET / HTTP/1.0\r\n\r\n');
    const response = await connection.readResponse();
    assert.equal(response.body.toString(), 'hello\n');
    assert.equal((await connection.readToEnd()).length, 0);
  });

  it('of HTTP/1.0 is kept when the client asks for it and the length is known', async () => {
    const connection = await open();
    for (let number = 0; number < 3; number++) {
      connection.send(get('/', 'Connection: Keep-Alive\r\n', '1.0'));
      const response = await connection.readResponse();
      assert.equal(response.framing, 'length');
      assert.equal(fieldValue(response, 'Connection')?.toLowerCase(), 'keep-alive');
    }
    connection.destroy();
  });

  it('of HTTP/1.0 is closed when the length is not known, although the client asks to keep it', async () => {
    const connection = await open();
    connection.send(get('/generator', 'Connection: keep-alive\r\n', '1.0'));
    const response = await connection.readResponse();
    assert.equal(response.body.toString(), 'one two three');
    if (response.framing === 'close')
      assert.doesNotMatch(fieldValue(response, 'Connection') ?? '', /keep-alive/i);
    connection.destroy();
  });

  it('carries pipelined requests, answered in their order', async () => {
    const paths = [
      '/',
      '/generator',
      '/several-chunks',
      '/no-content',
      '/zeros?size=200000',
      '/one-chunk',
      '/',
    ];
    const connection = await open();
    connection.send(paths.map((path) => get(path)).join(''));
    const bodies: string[] = [];
    for (const path of paths) {
      const response = await connection.readResponse();
      bodies.push(path.startsWith('/zeros') ? String(response.body.length) : response.body.toString());
    }
    assert.deepEqual(bodies, [
      'hello\n',
      'one two three',
      'a tuple of three',
      '',
      '200000',
      'one chunk, no length',
      'hello\n',
    ]);
    connection.destroy();
  });

  it('carries a thousand pipelined requests', async () => {
    const connection = await open();
    connection.send(get('/').repeat(1000));
    for (let number = 0; number < 1000; number++) {
      assert.equal((await connection.readResponse()).body.toString(), 'hello\n');
    }
    connection.destroy();
  });

  it('answers what came before the client closed its side', async () => {
    const connection = await open();
    connection.send(get('/', 'Connection: close\r\n'));
    connection.end();
    assert.match((await connection.readToEnd()).toString('latin1'), /hello\n$/);
  });

  it('takes a request in any pieces', async () => {
    const connection = await open();
    await connection.sendByteByByte(get('/', 'X-Field: value\r\n'));
    assert.equal((await connection.readResponse()).status, 200);
    for (const cut of [1, 10, 16, 17, 30]) {
      const request = get('/', 'X-Field: value\r\n');
      await connection.sendAll(request.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      await connection.sendAll(request.slice(cut));
      assert.equal((await connection.readResponse()).status, 200);
    }
    connection.destroy();
  });

  it('may begin with one empty line, which some clients send after a body', async () => {
    const response = await exchange({ port: kirin().port }, `\r\n${get('/')}`);
    assert.equal(response.status, 200);
  });

  it('takes every method, and OPTIONS * too', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      const request = `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`;
      const response = await exchange({ port: kirin().port }, request);
      assert.ok(response.status < 500, `${method}: ${response.status}`);
    }
    const response = await exchange({ port: kirin().port }, 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.ok(response.status < 500, `OPTIONS *: ${response.status}`);
  });

  it('gets no field that belongs to a single hop from the server, beyond its own', async () => {
    const response = await exchange({ port: kirin().port }, get('/generator'));
    assert.deepEqual(fieldValues(response, 'Transfer-Encoding'), ['chunked']);
    for (const name of ['Upgrade', 'Trailer', 'TE', 'Proxy-Authenticate']) {
      assert.deepEqual(fieldValues(response, name), []);
    }
  });

  it('with an unread response does not hold up others', async () => {
    const slow = await open();
    slow.pause();
    slow.send(get('/zeros?size=20000000'));
    for (let number = 0; number < 20; number++) {
      assert.equal((await exchange({ port: kirin().port }, get('/'))).status, 200);
    }
    slow.resume();
    assert.equal((await slow.readResponse()).body.length, 20_000_000);
    slow.destroy();
  });
});

describe('an idle connection', () => {
  const kirin = useKirin({ app: 'responses:app', args: ['--keep-alive', '1'] });

  it('is closed in order after the keep-alive time', async () => {
    const connection = await RawConnection.open({ port: kirin().port });
    // From before it is idle: whatever holds up this process, it is no less than Kirin has waited.
    const since = Date.now();
    connection.send(get('/'));
    await connection.readResponse();
    assert.equal((await connection.readToEnd()).length, 0);
    const idleMs = Date.now() - since;
    assert.ok(idleMs > 950 && idleMs < 10_000, `closed after ${idleMs} ms`);
    assert.equal(connection.error, null, 'a FIN, not a reset');
  });
});

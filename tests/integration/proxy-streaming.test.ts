import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EACH_VERSION } from '../support/ask-site.ts';
import { HttpUpstream, RawUpstream, valuesOf } from '../support/fake-upstream.ts';
import { findFreePort } from '../support/free-port.ts';
import { pssBytes } from '../support/processes.ts';
import { ProxyingKirin } from '../support/proxying-kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { listFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const LARGE = 24 << 20;

describe('a proxy that streams', () => {
  const echo = new HttpUpstream((request, response) => response.end(request.body));
  /** What has come on each connection. */
  const received: string[] = [];
  const noting = new RawUpstream((socket, number) => {
    received[number] = '';
    socket.on('data', (data: Buffer) => {
      received[number] += data.toString('latin1');
    });
    socket.on('end', () => socket.end());
  });
  const refusing = new RawUpstream((socket) => {
    socket.once('data', () =>
      socket.write('HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno'),
    );
    socket.on('end', () => socket.end());
  });
  let kirin: ProxyingKirin;

  before(async () => {
    for (const upstream of [echo, noting, refusing]) await upstream.start();
    const route = (path: string, port: number, more = '') =>
      `[[sites.routes]]\npath = "${path}"\nproxy = { to = "http://127.0.0.1:${port}", request_buffering = false${more} }`;
    kirin = await ProxyingKirin.start(
      [
        route('/noting', noting.port),
        route('/refusing', refusing.port),
        route('/refused', await findFreePort()),
        route('/echo', echo.port),
      ].join('\n'),
    );
  });

  after(async () => {
    await kirin.stop();
    for (const upstream of [echo, noting, refusing]) await upstream.stop();
  });

  for (const [version, ask] of EACH_VERSION) {
    it(`sends bodies of ${version} on as they are`, async () => {
      for (const size of [1, 5000, 3 << 20]) {
        const body = Buffer.alloc(size, 'abcdefg');
        const answer = await ask(kirin.port, '/echo', { method: 'POST', body });
        assert.equal(answer.status, 200);
        assert.ok(answer.body.equals(body), `${size} bytes`);
      }
      assert.equal((await ask(kirin.port, '/echo')).text, '');
    });
  }

  it('sends each piece as it comes', async () => {
    const connection = await RawConnection.open({ port: kirin.port });
    const before = received.length;
    connection.send('POST /noting HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst');
    const number = Math.max(1, before);
    await waitFor(() => received[number]?.endsWith('first'), { what: 'the first piece' });
    connection.send('other');
    await waitFor(() => received[number]?.endsWith('firstother'), { what: 'the other piece' });
    connection.destroy();
  });

  it('sends chunked bodies in chunks', async () => {
    const connection = await RawConnection.open({ port: kirin.port });
    connection.send('POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    connection.send('3\r\nabc\r\n');
    connection.send('4;x=y\r\ndefg\r\n0\r\nX-Trailer: x\r\n\r\n');
    assert.equal((await connection.readResponse()).body.toString(), 'abcdefg');
    assert.deepEqual(valuesOf(echo.last, 'transfer-encoding'), ['chunked']);
    assert.deepEqual(valuesOf(echo.last, 'content-length'), []);
    connection.destroy();
  });

  it('closes the upstream connection when the client leaves in the middle', async () => {
    const connection = await RawConnection.open({ port: kirin.port });
    await waitFor(() => noting.open === 0, { what: 'the end of earlier connections' });
    connection.send('POST /noting HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst');
    await waitFor(() => noting.open === 1, { what: 'the connection' });
    connection.destroy();
    await waitFor(() => noting.open === 0, { what: 'its end' });
  });

  it('does not end a request of which the rest cannot be read', async () => {
    const connection = await RawConnection.open({ port: kirin.port });
    connection.send('POST /noting HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
    await waitFor(() => received.at(-1)?.endsWith('abc\r\n'), { what: 'the first chunk' });
    connection.send('zz\r\n');
    assert.equal((await connection.readResponse()).status, 400);
    await waitFor(() => noting.open === 0, { what: 'the end of the upstream connection' });
    assert.ok(!received.at(-1)?.includes('0\r\n\r\n'));
    connection.destroy();
  });

  it('passes on an answer that comes before the body has ended', async () => {
    const connection = await RawConnection.open({ port: kirin.port });
    connection.send('POST /refusing HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nfirst');
    const response = await connection.readResponse();
    assert.deepEqual([response.status, response.body.toString()], [413, 'no']);
    connection.destroy();
  });

  it('answers 502 when nobody takes it', async () => {
    const connection = await RawConnection.open({ port: kirin.port });
    connection.send('POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirst');
    assert.equal((await connection.readResponse()).status, 502);
    connection.destroy();
  });
});

describe('large responses of an upstream', () => {
  const large = new RawUpstream((socket) => {
    socket.on('data', (data: Buffer) => {
      const more = data.includes('/unbuffered-by-upstream') ? 'X-Accel-Buffering: no\r\n' : '';
      socket.write(`HTTP/1.1 200 OK\r\n${more}Content-Length: ${LARGE}\r\n\r\n`);
      const piece = Buffer.alloc(1 << 20, 'x');
      let left = LARGE / piece.length;
      const send = () => {
        while (left > 0) {
          left -= 1;
          if (!socket.write(piece)) return;
        }
      };
      socket.removeAllListeners('drain').on('drain', send);
      send();
    });
    socket.on('end', () => socket.end());
  });
  let kirin: ProxyingKirin;

  before(async () => {
    await large.start();
    const to = `http://127.0.0.1:${large.port}`;
    kirin = await ProxyingKirin.start(
      `[[sites.routes]]\npath = "/streamed"\nproxy = { to = "${to}", buffering = false }\n` +
        `[[sites.routes]]\nproxy = "${to}"`,
    );
  });

  after(async () => {
    await kirin.stop();
    await large.stop();
  });

  const spooled = () => listFolder(kirin.kirin.temporaryFolder).filter((name) => name.includes('body-'));

  for (const path of ['/streamed', '/unbuffered-by-upstream', '/buffered']) {
    it(`reach slow clients whole, in little memory: ${path}`, async () => {
      const edge = kirin.kirin.edgePid();
      const before = pssBytes(edge);
      const slow = await Promise.all(
        Array.from({ length: 4 }, async () => {
          const connection = await RawConnection.open({ port: kirin.port });
          connection.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
          await connection.peek(1000);
          connection.pause();
          return connection;
        }),
      );
      if (path === '/buffered') await waitFor(() => spooled().length === 4, { what: 'files' });
      else assert.deepEqual(spooled(), []);
      assert.ok(pssBytes(edge) - before < 2 * LARGE, 'the edge holds less than two of the four responses');
      for (const connection of slow) {
        connection.resume();
        const response = await connection.readResponse({ timeoutMs: 60_000 });
        assert.equal(response.body.length, LARGE);
        connection.destroy();
      }
    });
  }
});

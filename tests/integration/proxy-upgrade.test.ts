import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { askSite } from '../support/ask-site.ts';
import { CertificateFolder, opensslIsMissing } from '../support/certificates.ts';
import { HttpUpstream, RawUpstream, valuesOf } from '../support/fake-upstream.ts';
import { listeningPorts } from '../support/listening-ports.ts';
import { ProxyingKirin } from '../support/proxying-kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { waitFor } from '../support/wait-for.ts';

const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n';
const ASK = 'GET /raw HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: shout\r\n';

/** Echoes what comes, in its own protocol; `hello ` first, with the head. */
function shouting(socket: Socket): void {
  let isSwitched = false;
  socket.on('data', (data: Buffer) => {
    if (isSwitched) {
      socket.write(data.toString('latin1').toUpperCase(), 'latin1');
      return;
    }
    isSwitched = true;
    const rest = data.subarray(data.indexOf('\r\n\r\n') + 4);
    socket.write(`${SWITCHED}hello ${rest.toString('latin1').toUpperCase()}`);
  });
  socket.on('end', () => socket.end('bye'));
}

describe('a proxy and WebSockets', { skip: opensslIsMissing }, () => {
  const certificates = new CertificateFolder();
  const server: Server = createServer((_request, response) => response.end('plain'));
  const sockets = new WebSocketServer({ server, perMessageDeflate: true });
  let kirin: ProxyingKirin;
  let ports: { readonly plain: number; readonly secured: number };

  before(async () => {
    sockets.on('connection', (socket, request) => {
      socket.send(`${request.url} ${request.headers['x-forwarded-proto']}`);
      socket.on('message', (data: RawData, isBinary) => socket.send(data, { binary: isBinary }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { cert, key } = certificates.certificate('server');
    const { port } = server.address() as AddressInfo;
    kirin = await ProxyingKirin.start(
      `[[sites.routes]]\npath = "/off"\nproxy = { to = "http://127.0.0.1:${port}", upgrade = false }\n` +
        `[[sites.routes]]\nproxy = "http://127.0.0.1:${port}"`,
      `bind = ["http://127.0.0.1:0", "https://127.0.0.1:0"]\ncertfile = "${cert}"\nkeyfile = "${key}"`,
    );
    const { http, https } = listeningPorts(kirin.kirin);
    ports = { plain: http, secured: https };
  });

  after(async () => {
    await kirin?.stop();
    sockets.close();
    server.closeAllConnections();
    server.close();
    certificates.remove();
  });

  for (const scheme of ['ws', 'wss'] as const) {
    const url = (path: string) => {
      const port = scheme === 'ws' ? ports.plain : ports.secured;
      return `${scheme}://127.0.0.1:${port}${path}`;
    };
    const open = async (path: string) => {
      const socket = new WebSocket(url(path), { rejectUnauthorized: false });
      const [greeting] = (await once(socket, 'message')) as [Buffer];
      return { socket, greeting: greeting.toString() };
    };

    it(`carries messages of every size over ${scheme}`, async () => {
      const { socket, greeting } = await open('/chat?room=1');
      assert.equal(greeting, `/chat?room=1 ${scheme === 'ws' ? 'http' : 'https'}`);
      for (const size of [0, 1, 125, 126, 65_535, 65_536, 1 << 20]) {
        const message = Buffer.alloc(size, 'kirin ');
        socket.send(message);
        const [echoed] = (await once(socket, 'message')) as [Buffer];
        assert.ok(message.equals(echoed), `${size} bytes`);
      }
      socket.close(4001, 'enough');
      const [code] = await once(socket, 'close');
      assert.equal(code, 4001);
    });

    it(`carries many at once over ${scheme}`, async () => {
      const opened = await Promise.all(Array.from({ length: 20 }, (_, i) => open(`/${i}`)));
      for (const [i, { socket }] of opened.entries()) socket.send(`message ${i}`);
      const echoed = await Promise.all(opened.map(({ socket }) => once(socket, 'message')));
      assert.deepEqual(
        echoed.map(([data]) => String(data)),
        opened.map((_, i) => `message ${i}`),
      );
      for (const { socket } of opened) socket.terminate();
      await waitFor(() => sockets.clients.size === 0, { what: 'the end of all WebSockets' });
    });
  }

  it('ends the client when the upstream breaks off', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${ports.plain}/x`);
    await once(socket, 'message');
    for (const client of sockets.clients) client.terminate();
    const [code] = await once(socket, 'close');
    assert.equal(code, 1006);
  });

  it('does not pass it on where the route says so', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${ports.plain}/off`);
    const [error] = (await once(socket, 'error')) as [Error];
    assert.match(error.message, /Unexpected server response: 200/);
  });
});

describe('a proxy and other protocols', () => {
  const raw = new RawUpstream(shouting);
  const plain = new HttpUpstream();
  const silent = new RawUpstream((socket) => socket.once('data', () => socket.write(SWITCHED)));
  let kirin: ProxyingKirin;

  before(async () => {
    for (const upstream of [raw, plain, silent]) await upstream.start();
    kirin = await ProxyingKirin.start(
      [
        `[[sites.routes]]\npath = "/raw"\nproxy = "http://127.0.0.1:${raw.port}"`,
        `[[sites.routes]]\npath = "/silent"\nproxy = { to = "http://127.0.0.1:${silent.port}", silence_timeout = "1s" }`,
        `[[sites.routes]]\nproxy = "http://127.0.0.1:${plain.port}"`,
      ].join('\n'),
      'bind = "127.0.0.1:0"\ngraceful_timeout = 1',
    );
  });

  after(async () => {
    await kirin.stop();
    for (const upstream of [raw, plain, silent]) await upstream.stop();
  });

  async function switched(rest = ''): Promise<RawConnection> {
    const connection = await RawConnection.open({ port: kirin.port });
    connection.send(`${ASK}\r\n${rest}`);
    const response = await connection.readResponse();
    assert.equal(response.status, 101);
    const fields = new Map(response.fields.map(([name, value]) => [name.toLowerCase(), value]));
    assert.deepEqual([fields.get('connection'), fields.get('upgrade')], ['Upgrade', 'shout']);
    return connection;
  }

  it('passes bytes on in both directions, with those that came with the heads', async () => {
    const connection = await switched('early ');
    connection.send('late');
    assert.equal((await connection.peek(16)).toString(), 'hello EARLY LATE');
    connection.destroy();
  });

  it('passes on that one side has ended, and what the other still says', async () => {
    const connection = await switched();
    connection.end();
    assert.equal((await connection.readToEnd()).toString(), 'hello bye');
  });

  it('loses nothing when one side is slow', async () => {
    const connection = await switched();
    await connection.peek(6);
    const bytes = Buffer.alloc(8 << 20, 'abcdefgh');
    connection.pause();
    connection.send(bytes);
    connection.resume();
    const got = await connection.peek(6 + bytes.length, 60_000);
    assert.ok(got.subarray(6).equals(Buffer.from(bytes.toString('latin1').toUpperCase(), 'latin1')));
    connection.destroy();
  });

  it('ends both when nothing is said for too long', async () => {
    const connection = await RawConnection.open({ port: kirin.port });
    connection.send(ASK.replace('/raw', '/silent'));
    connection.send('\r\n');
    assert.equal((await connection.readResponse()).status, 101);
    await connection.readToEnd();
    connection.destroy();
  });

  it('answers as ever where the upstream does not change the protocol', async () => {
    const answer = await askSite(kirin.port, '/x', { fields: { Connection: 'Upgrade', Upgrade: 'shout' } });
    assert.equal(answer.text, 'GET /x');
    assert.deepEqual(valuesOf(plain.last, 'upgrade'), ['shout']);
    assert.deepEqual(valuesOf(plain.last, 'connection'), ['Upgrade']);
  });

  it('passes no other version of HTTP on, in which a client could get past the routes', async () => {
    for (const upgrade of ['h2c', 'H2C', 'HTTP/2.0', 'TLS/1.0, h2c']) {
      const fields = {
        Connection: 'Upgrade, HTTP2-Settings',
        Upgrade: upgrade,
        'HTTP2-Settings': 'AAMAAABkAARAAAAAAAIAAAAA',
      };
      assert.equal((await askSite(kirin.port, '/x', { fields })).text, 'GET /x');
      for (const gone of ['upgrade', 'http2-settings', 'connection']) {
        assert.deepEqual(valuesOf(plain.last, gone), [], gone);
      }
    }
  });

  it('passes nothing on that Connection does not name', async () => {
    await askSite(kirin.port, '/x', { fields: { Upgrade: 'shout' } });
    assert.deepEqual(valuesOf(plain.last, 'upgrade'), []);
  });

  it('is bounded by the graceful time-out when Kirin stops', async () => {
    const other = await ProxyingKirin.start(
      `[[sites.routes]]\nproxy = "http://127.0.0.1:${raw.port}"`,
      'bind = "127.0.0.1:0"\ngraceful_timeout = 3',
    );
    const connection = await RawConnection.open({ port: other.port });
    connection.send(`${ASK}\r\n`);
    assert.equal((await connection.readResponse()).status, 101);
    other.kirin.signal('SIGTERM');
    connection.send('still');
    assert.equal((await connection.peek(11)).toString(), 'hello STILL');
    await connection.readToEnd();
    await other.stop();
  });
});

import assert from 'node:assert/strict';
import { connect as connectPlainly, type Socket } from 'node:net';
import { after, afterEach, describe, it } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import type { EdgeConfig } from '../../../src/protocol/supervision/edge.ts';
import type { TlsConfig } from '../../../src/protocol/supervision/tls-config.ts';
import { CertificateFolder, opensslIsMissing } from '../../support/certificates.ts';
import { RawConnection } from '../../support/raw-connection.ts';
import { waitFor } from '../../support/wait-for.ts';
import { version2 } from '../protocol/proxy-protocol/version-2-bytes.ts';
import { EdgeHarness, echo, FakeProducer, HEAD } from './edge-harness.ts';

const REQUEST = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';

describe('a connection with TLS', { skip: opensslIsMissing }, () => {
  const folder = new CertificateFolder();
  const certificate = opensslIsMissing ? null : folder.certificate('server');
  const authority = certificate === null ? '' : folder.read(certificate.cert);
  const usual: TlsConfig = {
    sites: [],
    ticketSecret: '',
    certificates: authority,
    privateKey: certificate === null ? '' : folder.read(certificate.key),
    clientCertificates: 'ignored',
    clientAuthorities: '',
    ocsp: null,
    ciphers: null,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    protocols: ['http/1.1'],
  };
  let edge: EdgeHarness;
  let plain: Socket[] = [];
  let clients: RawConnection[] = [];

  async function start(
    handle: Parameters<typeof EdgeHarness.start>[0] = echo,
    changes: Partial<EdgeConfig> = {},
  ): Promise<void> {
    edge = await EdgeHarness.start(handle, { tls: usual, logLevel: 'info', ...changes });
  }

  async function open(tls: ConnectionOptions = {}): Promise<RawConnection> {
    const options = { ca: authority, servername: 'localhost', ...tls };
    const client = await RawConnection.open({ port: edge.port, tls: options });
    clients.push(client);
    return client;
  }

  async function openPlainly(): Promise<Socket> {
    const socket = connectPlainly(edge.port, '127.0.0.1');
    socket.on('error', () => {});
    plain.push(socket);
    await new Promise((resolve) => socket.once('connect', resolve));
    return socket;
  }

  const closed = (socket: Socket) =>
    waitFor(() => socket.closed || socket.readableEnded, { what: 'its end' });

  afterEach(async () => {
    for (const client of clients) client.destroy();
    for (const socket of plain) socket.destroy();
    clients = [];
    plain = [];
    await edge.stop();
  });
  after(() => folder.remove());

  it('brings requests, one after another', async () => {
    await start();
    const client = await open();
    client.send(REQUEST + REQUEST);
    assert.equal((await client.readResponse()).body.toString(), 'GET /a none');
    assert.equal((await client.readResponse()).body.toString(), 'GET /a none');
    const [first] = edge.exchanges;
    assert.equal(first?.peer.tls?.get('HTTPS'), 'on');
    assert.match(first?.peer.tls?.get('SSL_PROTOCOL') ?? '', /^TLSv1\.3$/);
    assert.equal(first?.peer.tls?.get('SSL_TLS_SNI'), 'localhost');
    assert.equal(first?.peer.remoteAddress, '127.0.0.1');
  });

  for (const [version, header] of [
    [1, Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n')],
    [2, version2(0x21, 0x11, Buffer.from('c0000201c6336402dc0401bb', 'hex'))],
  ] as const) {
    it(`may begin with the PROXY protocol, version ${version}, in plain text`, async () => {
      await start(echo, { proxyProtocol: 'auto' });
      const socket = await openPlainly();
      socket.write(header);
      const client = await open({ socket });
      client.send(REQUEST);
      assert.equal((await client.readResponse()).status, 200);
      assert.equal(edge.exchanges[0]?.peer.remoteAddress, '192.0.2.1');
      assert.equal(edge.exchanges[0]?.peer.tls?.get('HTTPS'), 'on');
    });
  }

  it('is refused in plain text when the PROXY header is not valid', async () => {
    await start(echo, { proxyProtocol: 'auto' });
    const client = await edge.open();
    clients.push(client);
    client.send('PROXY TCP4 x y 1 2\r\n');
    assert.equal((await client.readResponse()).status, 400);
  });

  it('may come byte by byte', async () => {
    await start(echo, { proxyProtocol: 'auto' });
    const target = await openPlainly();
    const { Duplex } = await import('node:stream');
    // Between the client's TLS and the socket: every byte in a packet of its own.
    const slow = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        const bytes = [...chunk];
        const next = () => {
          const byte = bytes.shift();
          if (byte === undefined) return done();
          target.write(Buffer.of(byte), () => setImmediate(next));
        };
        next();
      },
      final(done) {
        target.end(done);
      },
    });
    target.on('data', (bytes) => slow.push(bytes));
    target.on('end', () => slow.push(null));
    target.setNoDelay(true);
    target.write('PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n');
    const client = await open({ socket: slow as Socket });
    client.send(REQUEST);
    assert.equal((await client.readResponse()).status, 200);
  });

  it('that speaks plain HTTP is told so, in plain text', async () => {
    await start();
    const client = await edge.open();
    clients.push(client);
    client.send(REQUEST);
    const response = await client.readResponse();
    assert.equal(response.status, 400);
    assert.match(response.body.toString(), /Plain HTTP was sent to a port that speaks HTTPS/);
    assert.equal((await client.readToEnd()).length, 0);
    assert.equal(edge.exchanges.length, 0);
    await waitFor(() => /Invalid request from ip=127\.0\.0\.1: Plain HTTP was sent/.test(edge.errorText));
  });

  it('has as long for its handshake as for a head, however many bytes it sends', async () => {
    await start(echo, { headTimeoutMs: 300 });
    const silent = await openPlainly();
    const slow = await openPlainly();
    const startedMs = performance.now();
    // A record of 512 bytes, which it takes its time for.
    slow.write(Buffer.from('1603010200010001fc0303', 'hex'));
    const dribble = setInterval(() => slow.write(Buffer.of(0)), 20);
    try {
      silent.resume();
      slow.resume();
      await closed(silent);
      await closed(slow);
    } finally {
      clearInterval(dribble);
    }
    assert.ok(performance.now() - startedMs >= 250);
    await waitFor(() => /TLS handshake with ip=127\.0\.0\.1 failed: it took too long/.test(edge.errorText));
    await edge.whenEmpty();
  });

  it('that is no TLS after all is told of in one line, however many there are', async () => {
    await start();
    for (let count = 0; count < 20; count++) {
      const socket = await openPlainly();
      socket.resume();
      socket.write(Buffer.concat([Buffer.from('1603010005', 'hex'), Buffer.from('nonsense')]));
      await closed(socket);
    }
    await edge.whenEmpty();
    await waitFor(() => edge.errorText.match(/TLS handshake with ip=127\.0\.0\.1 failed/g)?.length === 1);
  });

  it('that ends in the middle of its handshake is forgotten', async () => {
    await start();
    const socket = await openPlainly();
    socket.resume();
    socket.write(Buffer.from('1603010200010001fc0303', 'hex'), () => socket.end());
    await edge.whenEmpty();
  });

  it('speaks TLS 1.2 and 1.3, and nothing older', async () => {
    await start();
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const client = await open({ minVersion: version, maxVersion: version });
      assert.equal(client.secured.getProtocol(), version);
    }
    await assert.rejects(
      open({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
      /protocol version|unsupported protocol/,
    );
  });

  it('may be resumed, and goes on being so where the configuration has not changed', async () => {
    await start();
    const first = await open({ maxVersion: 'TLSv1.2' });
    first.send(REQUEST);
    await first.readResponse();
    const session = first.secured.getSession();
    assert.ok(session);
    edge.reconfigure({ tls: { ...usual }, keepAliveMs: 1000 });
    const second = await open({ maxVersion: 'TLSv1.2', session });
    assert.equal(second.secured.isSessionReused(), true);
    second.send(REQUEST);
    assert.equal((await second.readResponse()).status, 200);
  });

  it('gets the certificate that was there when it connected', async () => {
    await start();
    const before = await open();
    const other = folder.certificate('other');
    edge.reconfigure({
      tls: { ...usual, certificates: folder.read(other.cert), privateKey: folder.read(other.key) },
    });
    const after = await open({ ca: folder.read(other.cert) });
    assert.equal(after.secured.getPeerCertificate().subject.CN, 'other');
    for (const client of [before, after]) {
      client.send(REQUEST);
      assert.equal((await client.readResponse()).status, 200);
    }
  });

  it('ends with close_notify, after the whole response', async () => {
    const body = 'x'.repeat(3_000_000);
    await start((exchange) => exchange.respond(HEAD, 0, body));
    const client = await open();
    client.send(REQUEST.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    assert.equal((await client.readResponse()).body.length, body.length);
    await client.readToEnd();
    assert.equal(client.error, null);
  });

  it('still gets its response when it has closed its sending side', async () => {
    const waiting: (() => void)[] = [];
    await start((exchange) => {
      exchange.producer = new FakeProducer();
      waiting.push(() => exchange.respond(HEAD, 0, 'late'));
    });
    const client = await open();
    await client.sendAll(REQUEST);
    client.end();
    await waitFor(() => waiting.length === 1);
    waiting[0]?.();
    assert.equal((await client.readResponse()).body.toString(), 'late');
    await client.readToEnd();
  });

  it('is reset when a response without a length is broken off', async () => {
    await start((exchange) => {
      exchange.begin(HEAD, 0, Buffer.from('half'), false);
      setImmediate(() => exchange.abort());
    });
    const client = await open();
    client.send('GET / HTTP/1.0\r\n\r\n');
    await client.readToEnd();
    assert.equal(await client.wasReset(), true);
  });

  it('takes a response as slowly as it likes, and the producer waits', async () => {
    const producer = new FakeProducer();
    await start(
      (exchange) => {
        exchange.producer = producer;
        exchange.begin(HEAD, 0, Buffer.alloc(1000), false);
        for (let piece = 0; piece < 64; piece++) exchange.write(Buffer.alloc(131072, 1), piece === 63);
      },
      { responseSpoolBytes: 0 },
    );
    const client = await open();
    client.pause();
    client.send(REQUEST);
    await waitFor(() => producer.calls.includes('pause'));
    client.resume();
    const response = await client.readResponse();
    assert.equal(response.body.length, 1000 + 64 * 131072);
  });

  it('is given up when it takes nothing of a response for too long', async () => {
    await start(
      (exchange) => {
        exchange.producer = new FakeProducer();
        exchange.begin(HEAD, 0, Buffer.alloc(16_000_000), true);
      },
      { sendTimeoutMs: 300 },
    );
    const client = await open();
    client.pause();
    client.send(REQUEST);
    await edge.whenEmpty();
    assert.deepEqual(edge.accessed.length, 1);
  });

  it('brings bodies as they were sent, also behind other requests', async () => {
    const received: Buffer[] = [];
    await start(
      (exchange) =>
        exchange.collectBody((body) => {
          received.push(Buffer.concat(body.kind === 'memory' ? body.parts : []));
          exchange.respond(HEAD, 0, '');
        }),
      { bodyBufferBytes: 1 << 20 },
    );
    const client = await open();
    const bodies = [7, 60_000, 1, 300_000].map((bytes, seed) =>
      Buffer.from(Array.from({ length: bytes }, (_, index) => (index * 31 + seed * 7) % 251)),
    );
    const head = (bytes: number) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`;
    client.send(Buffer.concat(bodies.flatMap((body) => [Buffer.from(head(body.length)), body])));
    for (const _ of bodies) await client.readResponse();
    assert.deepEqual(
      received.map((body, index) => body.equals(bodies[index] as Buffer)),
      [true, true, true, true],
    );
  });

  /** Sends so many, until no more are answered while the client reads nothing. */
  async function answeredUnread(requests: number): Promise<RawConnection> {
    const client = await open();
    client.pause();
    client.send(REQUEST.repeat(requests));
    const other = await open();
    let before = -1;
    // Until nothing moves any more: each turn is a whole round trip of another client.
    while (edge.exchanges.length !== before) {
      before = edge.exchanges.length;
      for (let round = 0; round < 5; round += 1) {
        other.send(REQUEST.replace('/a', '/other'));
        await other.readResponse();
        before += 1;
      }
    }
    other.destroy();
    return client;
  }

  it('is served no further than the buffers reach when it reads nothing', async () => {
    await start((exchange) => exchange.respond(HEAD, 0, 'x'.repeat(12_000)));
    const requests = 3000;
    const client = await answeredUnread(requests);
    assert.ok(edge.exchanges.length < 2000, `${edge.exchanges.length} were answered`);
    client.resume();
    for (let index = 0; index < requests; index += 1) await client.readResponse();
  });

  describe('while the server drains', () => {
    it('is closed when it has sent nothing', async () => {
      await start();
      const silent = await openPlainly();
      silent.resume();
      await edge.server.drainBacklog();
      edge.server.drainConnections();
      await closed(silent);
      await edge.whenEmpty();
    });

    it('is closed in order when it is idle', async () => {
      await start();
      const client = await open();
      client.send(REQUEST);
      await client.readResponse();
      edge.server.drainConnections();
      assert.equal((await client.readToEnd()).length, 0);
      assert.equal(client.error, null);
    });

    it('is served when it had just come', async () => {
      await start();
      const socket = await openPlainly();
      await edge.server.drainBacklog();
      edge.server.drainConnections();
      const slow = connect({ socket, ca: authority, servername: 'localhost' });
      await new Promise((resolve) => slow.once('secureConnect', resolve));
      let text = '';
      slow.setEncoding('latin1').on('data', (more: string) => {
        text += more;
      });
      slow.write(REQUEST);
      await waitFor(() => /GET \/a none$/.test(text));
      assert.match(text, /^HTTP\/1\.1 200 OK[\s\S]*Connection: close/);
    });
  });
});

import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ReceivedHead } from '../../../src/protocol/http1/received-head.ts';
import type { UpstreamConnection } from '../../../src/upstreams/connection.ts';
import { ConnectionPool, ConnectionRoute } from '../../../src/upstreams/connection-pool.ts';
import type { UpstreamFailure, UpstreamRequest } from '../../../src/upstreams/request.ts';
import type { Endpoint, Upstream } from '../../../src/upstreams/upstream.ts';
import { makeTemporaryFolder, removeFolder } from '../../support/temporary-folder.ts';
import { waitFor } from '../../support/wait-for.ts';

const LIMITS = { maxHeadBytes: 8192, maxFields: 100 };
const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab';

function upstream(keepalive: number, keepaliveTimeoutMs = 60_000): Upstream {
  return {
    settling: null,
    choose: () => null,
    ended: () => {},
    hashKey: null,
    keepalive,
    keepaliveTimeoutMs,
  };
}

/** A GET, and what becomes of it. */
class Request implements UpstreamRequest {
  readonly method: string = 'GET';
  readonly waitsForShortBodies = true;
  readonly wantsUpgrade = false;
  readonly timeouts: UpstreamRequest['timeouts'];
  readonly events: string[] = [];
  failure: UpstreamFailure | null = null;

  constructor(pool: ConnectionPool, ms = 5000) {
    const list = pool.deadlines.of(ms);
    this.timeouts = { connect: list, firstByte: list, silence: list };
  }

  whole(head: ReceivedHead, body: string | Buffer): void {
    this.events.push(`${head.status} ${body}`);
  }
  begin(head: ReceivedHead): void {
    this.events.push(`${head.status} …`);
  }
  piece(data: Buffer): void {
    this.events.push(data.toString('latin1'));
  }
  end(): void {
    this.events.push('end');
  }
  failed(failure: UpstreamFailure): void {
    this.failure = failure;
    this.events.push(`${failure.kind}: ${failure.reason}`);
  }
  drained(): void {
    this.events.push('drained');
  }
  switched(): null {
    return null;
  }
}

describe('the connections to an upstream', () => {
  let server: Server;
  let endpoint: Endpoint;
  const sockets: Socket[] = [];
  let answer: (socket: Socket, data: string) => void = () => {};
  const route = new ConnectionRoute('http', LIMITS, null);

  before(async () => {
    server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (data) => answer(socket, data.toString('latin1')));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    endpoint = { address: { kind: 'tcp', host: '127.0.0.1', port }, label: `127.0.0.1:${port}` };
  });

  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  function ask(pool: ConnectionPool, of: Upstream, { isFresh = false, ms = 5000 } = {}) {
    const request = new Request(pool, ms);
    const connection = pool.take(endpoint, of, route, isFresh);
    connection.send(request, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', [], true, performance.now());
    return { request, connection };
  }

  async function done({ events }: Request): Promise<readonly string[]> {
    await waitFor(() => events.length > 0, { what: 'an event' });
    return events;
  }

  async function answered(pool: ConnectionPool, of: Upstream): Promise<UpstreamConnection> {
    answer = (socket) => socket.write(RESPONSE);
    const { request, connection } = ask(pool, of);
    assert.deepEqual(await done(request), ['200 ab']);
    return connection;
  }

  it('are used again, the last one first', async () => {
    const pool = new ConnectionPool();
    const of = upstream(4);
    const first = await answered(pool, of);
    assert.equal(pool.idleCount, 1);
    assert.equal(await answered(pool, of), first);
    const [one, other] = [ask(pool, of), ask(pool, of)];
    assert.notEqual(one.connection, other.connection);
    await done(one.request);
    await done(other.request);
    assert.equal(pool.idleCount, 2);
    one.connection.destroy();
    assert.equal(pool.idleCount, 1);
    assert.equal(await answered(pool, of), other.connection);
    other.connection.destroy();
    assert.equal(pool.idleCount, 0);
  });

  it('are new where that is asked for', async () => {
    const pool = new ConnectionPool();
    const first = await answered(pool, upstream(4));
    const { request, connection } = ask(pool, upstream(4), { isFresh: true });
    assert.notEqual(connection, first);
    await done(request);
    first.destroy();
    connection.destroy();
  });

  it('are kept in number as the upstream says, but for a moment, and none where it keeps none', async () => {
    const pool = new ConnectionPool();
    answer = (socket) => socket.write(RESPONSE);
    for (let round = 0; round < 2; round += 1) {
      const made = sockets.length;
      const asked = Array.from({ length: 5 }, () => ask(pool, upstream(2)));
      for (const { request } of asked) await done(request);
      assert.equal(pool.idleCount, 5);
      if (round > 0) assert.equal(sockets.length, made);
    }
    await waitFor(() => pool.idleCount === 2, { what: 'the end of those that are too many' });
    const none = new ConnectionPool();
    await answered(none, upstream(0));
    assert.equal(none.idleCount, 0);
  });

  it('are closed when nobody has needed them for as long as the upstream says', async () => {
    const pool = new ConnectionPool();
    await answered(pool, upstream(4, 50));
    await waitFor(() => pool.idleCount === 0, { what: 'the end of the idle connection' });
  });

  it('are forgotten when their server closes them, or says what nobody has asked for', async () => {
    const pool = new ConnectionPool();
    for (const act of [(socket: Socket) => socket.end(), (socket: Socket) => socket.write(RESPONSE)]) {
      await answered(pool, upstream(4));
      act(sockets.at(-1) as Socket);
      await waitFor(() => pool.idleCount === 0, { what: 'the end of the idle connection' });
    }
  });

  const UNCLEAN = [
    [
      'when the server says that it closes',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    ],
    ['of HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['when something came behind the response', `${RESPONSE}HTTP/1.1 200 OK\r\n`],
  ] as const;
  for (const [what, bytes] of UNCLEAN) {
    it(`are not used again ${what}`, async () => {
      const pool = new ConnectionPool();
      answer = (socket) => socket.write(bytes);
      const { request } = ask(pool, upstream(4));
      assert.match((await done(request))[0] ?? '', /^200/);
      assert.equal(pool.idleCount, 0);
    });
  }

  it('are not used again when the request was answered before it had been sent', async () => {
    const pool = new ConnectionPool();
    answer = (socket) => socket.write(RESPONSE);
    const request = new Request(pool);
    const connection = pool.take(endpoint, upstream(4), route, false);
    connection.send(
      request,
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n',
      [],
      false,
      performance.now(),
    );
    await done(request);
    assert.equal(pool.idleCount, 0);
  });

  it('tell when it was a kept one that failed, and when nothing was sent', async () => {
    const pool = new ConnectionPool();
    const of = upstream(4);
    await answered(pool, of);
    answer = (socket) => socket.destroy();
    const stale = ask(pool, of);
    await done(stale.request);
    assert.deepEqual([stale.request.failure?.isStale, stale.request.failure?.isUnsent], [true, false]);
    const fresh = ask(pool, of);
    await done(fresh.request);
    assert.deepEqual([fresh.request.failure?.isStale, fresh.request.failure?.isUnsent], [false, false]);
    const nowhere: Endpoint = { address: { kind: 'unix', path: '/nowhere/sock' }, label: 'x' };
    const request = new Request(pool);
    pool.take(nowhere, of, route, false).send(request, 'GET', [], true, performance.now());
    assert.deepEqual(await done(request), ['error: there is no such socket']);
    assert.deepEqual([request.failure?.isStale, request.failure?.isUnsent], [false, true]);
  });

  it('tell what took too long', async () => {
    const pool = new ConnectionPool();
    answer = () => {};
    assert.deepEqual(await done(ask(pool, upstream(4), { ms: 60 }).request), [
      'timeout: no response within 0.06 s',
    ]);
    answer = (socket) => socket.write('HTTP/1.1 200');
    assert.deepEqual(await done(ask(pool, upstream(4), { ms: 60 }).request), [
      'timeout: silent for 0.06 s in the middle of the response',
    ]);
  });

  it('do not time out while their client is the one who is waited for', async () => {
    const pool = new ConnectionPool();
    let socket: Socket | null = null;
    answer = (from) => {
      if (socket !== null) return;
      socket = from;
      from.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nab');
    };
    const { request, connection } = ask(pool, upstream(4), { ms: 60 });
    await waitFor(() => request.events.includes('ab'), { what: 'the first piece' });
    connection.pause();
    // Whoever asks later, and is not waited for, is out of time.
    await done(ask(pool, upstream(4), { ms: 60, isFresh: true }).request);
    assert.equal(request.failure, null);
    connection.resume();
    (socket as Socket | null)?.end();
    await waitFor(() => request.failure !== null, { what: 'the failure' });
  });

  it('take few pieces that a server does not read, however small they are, and say when they take more', async () => {
    const folder = makeTemporaryFolder();
    const path = join(folder, 'sock');
    let socket: Socket | null = null;
    const silent = createServer({ pauseOnConnect: true }, (from) => {
      socket = from;
    });
    await new Promise<void>((resolve) => silent.listen(path, resolve));
    const pool = new ConnectionPool();
    const request = new Request(pool);
    const connection = pool.take({ address: { kind: 'unix', path }, label: 'x' }, upstream(4), route, true);
    connection.send(request, 'POST / HTTP/1.1\r\n\r\n', [], false, performance.now());
    const from = await waitFor(() => (connection.isConnected ? socket : null), { what: 'the connection' });
    request.events.length = 0;
    let pieces = 0;
    // What the system takes at once holds up nobody.
    while (connection.sendMore(Buffer.from('x'))) pieces += 1;
    assert.ok(pieces < 8000, `${pieces} pieces wait`);
    let received = '';
    from.on('data', (data: Buffer) => {
      received += data.toString('latin1');
    });
    from.resume();
    await waitFor(() => request.events.length > 0, { what: 'that more is taken' });
    assert.deepEqual(request.events, ['drained']);
    await waitFor(() => received.endsWith('x'.repeat(pieces + 1)), { what: 'all that was sent' });
    connection.abandon();
    silent.close();
    removeFolder(folder);
  });
});

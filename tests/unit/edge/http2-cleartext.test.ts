import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectPlainly } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import type { EdgeConfig } from '../../../src/protocol/supervision/edge.ts';
import { answerOf, request } from '../../support/http2-client.ts';
import { waitFor } from '../../support/wait-for.ts';
import { EdgeHarness, echo } from './edge-harness.ts';

const REQUEST = 'GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

describe('where trusted proxies speak HTTP/2 without TLS', () => {
  let edge: EdgeHarness;
  let sessions: ClientHttp2Session[] = [];

  async function start(changes: Partial<EdgeConfig> = {}): Promise<void> {
    edge = await EdgeHarness.start(echo, { http2Cleartext: true, ...changes });
  }

  /** `before`: what the connection begins with. */
  async function open(before = ''): Promise<ClientHttp2Session> {
    const socket = connectPlainly(edge.port, '127.0.0.1');
    await once(socket, 'connect');
    if (before !== '') socket.write(before);
    const session = connect(`http://127.0.0.1:${edge.port}`, { createConnection: () => socket });
    session.on('error', () => {});
    sessions.push(session);
    return session;
  }

  afterEach(async () => {
    for (const session of sessions) session.destroy();
    sessions = [];
    await edge.stop();
  });

  it('they are served', async () => {
    await start();
    const session = await open();
    const posted = answerOf(request(session, { ':path': '/a', ':method': 'POST' }, 'body'));
    assert.equal((await posted).body.toString(), 'POST /a body');
    assert.equal((await answerOf(request(session, { ':path': '/b' }))).status, 200);
    const [exchange] = edge.exchanges;
    assert.deepEqual([exchange?.head.protocol, exchange?.peer.tls], ['HTTP/2.0', null]);
  });

  it('they may begin with the PROXY protocol', async () => {
    await start({ proxyProtocol: 'auto' });
    const session = await open('PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n');
    assert.equal((await answerOf(request(session, { ':path': '/' }))).status, 200);
    assert.equal(edge.exchanges[0]?.peer.remoteAddress, '192.0.2.1');
  });

  it('the beginning may come byte by byte', async () => {
    await start();
    const client = await edge.open();
    await client.sendByteByByte('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    // An empty SETTINGS frame; the server's own comes first, whatever there is in it.
    client.send(Buffer.from('000000040000000000', 'hex'));
    const bytes = await client.peek(9);
    assert.equal(bytes[3], 4);
    client.destroy();
  });

  it('they get 400 when they speak HTTP/1', async () => {
    await start();
    const client = await edge.open();
    client.send(REQUEST);
    const response = await client.readResponse();
    assert.equal(response.status, 400);
    assert.match(response.body.toString(), /HTTP\/2 is expected here of a trusted proxy/);
    assert.deepEqual(edge.exchanges, []);
    client.destroy();
  });

  it('everybody else is served HTTP/1, and nothing else', async () => {
    await start({ forwardedAllowIps: [] });
    const client = await edge.open();
    client.send(REQUEST);
    assert.equal((await client.readResponse()).body.toString(), 'GET /a none');
    client.destroy();
    const session = await open();
    await assert.rejects(answerOf(request(session, { ':path': '/' })));
    assert.equal(edge.exchanges.length, 1);
  });

  it('one that says nothing is closed in time', async () => {
    await start({ headTimeoutMs: 200 });
    const client = await edge.open();
    client.send('PRI * HT');
    assert.equal((await client.readToEnd()).length, 0);
    client.destroy();
    await edge.whenEmpty();
  });

  it('a drain answers what was asked for', async () => {
    const waiting: (() => void)[] = [];
    await start();
    edge.handle = (exchange) => waiting.push(() => echo(exchange));
    const session = await open();
    const answer = answerOf(request(session, { ':path': '/' }));
    await waitFor(() => waiting.length === 1);
    const goaway = once(session, 'goaway');
    edge.server.drainConnections();
    await goaway;
    waiting[0]?.();
    assert.equal((await answer).status, 200);
    await edge.whenEmpty();
  });
});

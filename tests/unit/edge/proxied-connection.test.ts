import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { EdgeConfig } from '../../../src/protocol/supervision/edge.ts';
import { RawConnection } from '../../support/raw-connection.ts';
import { version2 } from '../protocol/proxy-protocol/version-2-bytes.ts';
import { EdgeHarness, echo, FakeProducer, HEAD } from './edge-harness.ts';

const LINE = 'PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n';
const REQUEST = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';
const FORWARDED = 'GET /a HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n\r\n';

let edge: EdgeHarness;
let clients: RawConnection[] = [];

async function open(changes: Partial<EdgeConfig> = {}): Promise<RawConnection> {
  edge = await EdgeHarness.start(echo, { proxyProtocol: 'auto', ...changes });
  return another(() => edge.open());
}

async function another(connect: () => Promise<RawConnection>): Promise<RawConnection> {
  const client = await connect();
  clients.push(client);
  return client;
}

const peer = (index = 0) => edge.exchanges[index]?.peer;

afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  await edge.stop();
});

describe('a connection that begins with the PROXY protocol', () => {
  it('has the client’s address for all of its requests', async () => {
    const client = await open();
    client.send(LINE + REQUEST + REQUEST);
    await client.readResponse();
    await client.readResponse();
    client.send(REQUEST);
    await client.readResponse();
    assert.deepEqual(
      edge.exchanges.map(({ peer }) => `${peer.remoteAddress} ${peer.remotePort}`),
      ['192.0.2.1 56324', '192.0.2.1 56324', '192.0.2.1 56324'],
    );
    assert.equal(peer()?.proxyHeader?.destination?.port, '443');
  });

  it('may come in any pieces', async () => {
    const client = await open();
    await client.sendByteByByte(LINE + REQUEST);
    assert.equal((await client.readResponse()).body.toString(), 'GET /a none');
    assert.equal(peer()?.remoteAddress, '192.0.2.1');
  });

  it('may be of version 2', async () => {
    const client = await open();
    const addresses = Buffer.from('c0000201c6336402dc0401bb', 'hex');
    client.send(version2(0x21, 0x11, addresses, Buffer.alloc(3000)));
    client.send(REQUEST);
    await client.readResponse();
    assert.equal(peer()?.remoteAddress, '192.0.2.1');
  });

  it('keeps its own peer where the proxy tells none', async () => {
    const client = await open();
    client.send(version2(0x20, 0));
    client.send(REQUEST);
    await client.readResponse();
    assert.equal(peer()?.remoteAddress, '127.0.0.1');
    assert.equal(peer()?.remotePort, String(client.localPort));
    assert.equal(peer()?.proxyHeader?.protocol, 'LOCAL');
  });

  it('has its fields believed by who sends them, not by who the client is', async () => {
    const client = await open({ forwardedAllowIps: ['127.0.0.1'] });
    client.send(LINE + FORWARDED);
    await client.readResponse();
    assert.equal(peer()?.rules.isTrusted, true);
    await edge.stop();

    const other = await open({ forwardedAllowIps: ['192.0.2.1'] });
    other.send(LINE + FORWARDED);
    await other.readResponse();
    assert.equal(peer()?.rules.isTrusted, false);
  });

  it('speaks it once', async () => {
    const client = await open();
    client.send(LINE + LINE + REQUEST);
    assert.equal((await client.readResponse()).status, 400);
    await client.readToEnd();
    assert.equal(edge.exchanges.length, 0);
  });

  it('does not speak it before later requests', async () => {
    const client = await open();
    client.send(LINE + REQUEST + LINE + REQUEST);
    assert.equal((await client.readResponse()).status, 200);
    assert.equal((await client.readResponse()).status, 400);
    assert.equal(edge.exchanges.length, 1);
  });

  it('is refused where the header is not valid, with a warning that names its peer', async () => {
    const client = await open();
    client.send(`PROXY TCP4 evil evil 1 2\r\n${REQUEST}`);
    const { status, body } = await client.readResponse();
    assert.equal(status, 400);
    assert.match(body.toString(), /PROXY protocol/);
    await client.readToEnd();
    assert.equal(edge.exchanges.length, 0);
    assert.match(edge.errorText, /Invalid request from ip=127\.0\.0\.1: The PROXY protocol's header/);
  });

  it('is refused to a peer that may not speak it, who is served without', async () => {
    const client = await open({ proxyAllowIps: ['192.0.2.0/24'] });
    client.send(LINE + REQUEST);
    assert.equal((await client.readResponse()).status, 403);
    await client.readToEnd();
    const plain = await another(() => edge.open());
    plain.send(REQUEST);
    assert.equal((await plain.readResponse()).status, 200);
    assert.equal(peer()?.remoteAddress, '127.0.0.1');
    assert.equal(peer()?.proxyHeader, null);
  });

  it('is always taken on a unix socket', async () => {
    await open({ proxyAllowIps: [] });
    await edge.listenUnix();
    const client = await another(() => RawConnection.open({ path: edge.unixPath }));
    client.send(LINE + REQUEST);
    await client.readResponse();
    assert.equal(peer()?.remoteAddress, '192.0.2.1');
  });

  it('is no request where the protocol is off', async () => {
    const client = await open({ proxyProtocol: 'off' });
    client.send(LINE + REQUEST);
    assert.equal((await client.readResponse()).status, 400);
    assert.equal(edge.exchanges.length, 0);
  });

  it('must have sent its header and a head within the time for heads', async () => {
    const client = await open({ headTimeoutMs: 50 });
    client.send('PROXY TCP4 192.');
    assert.equal((await client.readResponse()).status, 408);
    const silent = await another(() => edge.open());
    silent.send(LINE);
    assert.equal((await silent.readToEnd()).length, 0);
    const slow = await another(() => edge.open());
    slow.send(`${LINE}GET /`);
    assert.equal((await slow.readResponse()).status, 408);
  });

  it('that ends within its header is closed without a word', async () => {
    const client = await open();
    client.send('PROXY TCP4 192.');
    client.end();
    assert.equal((await client.readToEnd()).length, 0);
  });

  it('on a unix socket is cut like any other when a response breaks off', async () => {
    await open();
    edge.handle = (exchange) => {
      exchange.producer = new FakeProducer();
      exchange.begin(HEAD, 0, Buffer.from('part'), false);
      exchange.abort();
    };
    await edge.listenUnix();
    const client = await another(() => RawConnection.open({ path: edge.unixPath }));
    client.send(`${LINE}GET / HTTP/1.0\r\n\r\n`);
    await client.readToEnd();
    assert.deepEqual(edge.accessed, ['GET / 200 4']);
  });
});

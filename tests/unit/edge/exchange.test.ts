import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Exchange, FileBody } from '../../../src/handlers/exchange.ts';
import { RESPONSE_FLAG } from '../../../src/protocol/lane/frames.ts';
import { RawConnection } from '../../support/raw-connection.ts';
import { waitFor } from '../../support/wait-for.ts';
import { EdgeHarness, FakeProducer, HEAD } from './edge-harness.ts';

let edge: EdgeHarness;
let clients: RawConnection[] = [];

async function open(): Promise<RawConnection> {
  const client = await edge.open();
  clients.push(client);
  return client;
}

/** Sends a request, and gives the client and the exchange. */
async function request(start: string, handle: (exchange: Exchange) => void = () => {}) {
  edge.handle = handle;
  const client = await open();
  client.send(`${start}\r\nHost: a\r\n\r\n`);
  return { client, exchange: await edge.exchange(edge.exchanges.length) };
}

beforeEach(async () => {
  edge = await EdgeHarness.start(undefined, { bodyBufferBytes: 65536 });
});

afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  await edge.stop();
});

const bytes = (text: string) => Buffer.from(text, 'latin1');
const textOf = (body: Buffer) => body.toString('latin1');

describe('a response whose length is not known', () => {
  it('is chunked for HTTP/1.1, and the connection is kept', async () => {
    const { client, exchange } = await request('GET / HTTP/1.1');
    exchange.begin(HEAD, 0, bytes('a'), false);
    exchange.write(bytes('bc'), false);
    exchange.write(bytes(''), false);
    exchange.write(bytes('def'), true);
    const response = await client.readResponse();
    assert.equal(response.framing, 'chunked');
    assert.equal(textOf(response.body), 'abcdef');
    assert.deepEqual(edge.accessed, ['GET / 200 6']);
    assert.equal(client.hasEnded, false);
  });

  it('ends with the connection for HTTP/1.0', async () => {
    const { client, exchange } = await request('GET / HTTP/1.0\r\nConnection: keep-alive');
    exchange.begin(HEAD, 0, bytes('abc'), false);
    exchange.write(bytes('def'), true);
    const response = await client.readResponse();
    assert.equal(response.framing, 'close');
    assert.match(response.head, /^Connection: close$/m);
    assert.equal(textOf(response.body), 'abcdef');
  });

  it('has no framing where it has no body', async () => {
    for (const [start, head] of [
      ['HEAD / HTTP/1.1', HEAD],
      ['GET / HTTP/1.1', '204 No Content\r\n'],
      ['GET / HTTP/1.1', '304 Not Modified\r\nETag: "a"\r\n'],
    ] as const) {
      const { client, exchange } = await request(start);
      exchange.begin(head, 0, bytes('ignored'), false);
      exchange.write(bytes('too'), true);
      const response = await client.readResponse({ method: start.slice(0, 4).trim() });
      assert.doesNotMatch(response.head, /Content-Length|Transfer-Encoding|Connection/);
      client.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
      (await edge.exchange(edge.exchanges.length)).respond(HEAD, 0, 'next');
      assert.equal(textOf((await client.readResponse()).body), 'next');
    }
  });
});

describe('a whole response', () => {
  it('gets its length, Date and Server where it lacks them', async () => {
    const { client, exchange } = await request('GET / HTTP/1.1');
    exchange.respond(HEAD, 0, 'hello');
    const { head } = await client.readResponse();
    assert.match(head, /^Content-Length: 5$/m);
    assert.match(head, /^Server: kirin$/m);
    assert.match(head, /^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/m);
  });

  it('keeps those that it has', async () => {
    const { client, exchange } = await request('GET / HTTP/1.1');
    const flags = RESPONSE_FLAG.length | RESPONSE_FLAG.date | RESPONSE_FLAG.server;
    exchange.respond('200 OK\r\nContent-Length: 5\r\nDate: then\r\nServer: mine\r\n', flags, 'hello');
    const { fields } = await client.readResponse();
    assert.deepEqual(fields, [
      ['Content-Length', '5'],
      ['Date', 'then'],
      ['Server', 'mine'],
    ]);
  });

  it('has its body left out for HEAD, 204 and 304', async () => {
    for (const [start, head] of [
      ['HEAD / HTTP/1.1', HEAD],
      ['GET / HTTP/1.1', '204 No Content\r\n'],
      ['GET / HTTP/1.1', '304 Not Modified\r\n'],
    ] as const) {
      const { client, exchange } = await request(start);
      exchange.respond(head, 0, 'ignored');
      assert.equal((await client.readResponse({ method: start.slice(0, 4).trim() })).body.length, 0);
      client.end();
      assert.equal((await client.readToEnd()).length, 0);
    }
  });

  it('is latin-1: one character is one byte', async () => {
    const { client, exchange } = await request('GET / HTTP/1.1');
    exchange.respond('200 OK\r\nX: \xe4\r\n', 0, '\xff\x00\x80');
    const response = await client.readResponse();
    assert.deepEqual([...response.body], [255, 0, 128]);
    assert.deepEqual(response.fields[0], ['X', '\xe4']);
  });

  it('is sent once: what comes after it changes nothing', async () => {
    const { client, exchange } = await request('GET / HTTP/1.1');
    exchange.respond(HEAD, 0, 'one');
    exchange.respond(HEAD, 0, 'two');
    exchange.begin(HEAD, 0, bytes('three'), true);
    exchange.write(bytes('four'), true);
    exchange.refuse(500);
    exchange.abort();
    assert.equal(textOf((await client.readResponse()).body), 'one');
    client.end();
    assert.equal((await client.readToEnd()).length, 0);
    assert.deepEqual(edge.accessed, ['GET / 200 3']);
  });
});

describe('a response that is broken off', () => {
  it('cannot pass for a whole one when it is chunked', async () => {
    const { client, exchange } = await request('GET / HTTP/1.1');
    exchange.begin(HEAD, 0, bytes('begun'), false);
    await client.peek(80);
    exchange.abort();
    await assert.rejects(client.readResponse(), /ended inside a body/);
  });

  it('cannot pass for a whole one when it has a length', async () => {
    const { client, exchange } = await request('GET / HTTP/1.1');
    exchange.begin('200 OK\r\nContent-Length: 10\r\n', RESPONSE_FLAG.length, bytes('begun'), false);
    await client.peek(80);
    exchange.abort();
    await assert.rejects(client.readResponse(), /ended inside a body/);
  });

  it('is a reset when its end is the connection’s', async () => {
    const { client, exchange } = await request('GET / HTTP/1.0');
    exchange.begin(HEAD, 0, bytes('begun'), false);
    await client.peek(80);
    exchange.abort();
    await client.readToEnd();
    assert.equal((client.error as NodeJS.ErrnoException | null)?.code, 'ECONNRESET');
  });

  it('by a refusal is cut too: no second response is written into the first', async () => {
    const { client, exchange } = await request('GET / HTTP/1.1');
    exchange.begin(HEAD, 0, bytes('begun'), false);
    await client.peek(80);
    exchange.refuse(503);
    assert.doesNotMatch(textOf(await client.readToEnd()), /503/);
    assert.deepEqual(edge.accessed, ['GET / 200 5']);
  });

  it('on the edge’s side is told to the producer, who may be waiting', async () => {
    const producer = new FakeProducer();
    const { exchange } = await request('GET / HTTP/1.1', (begun) => {
      begun.producer = producer;
    });
    exchange.begin(HEAD, 0, bytes('begun'), false);
    exchange.abort();
    assert.deepEqual(producer.calls, ['cancel']);
  });
});

describe('a client that leaves during a response', () => {
  it('is told to the producer, once', async () => {
    const producer = new FakeProducer();
    const { client, exchange } = await request('GET / HTTP/1.1', (begun) => {
      begun.producer = producer;
    });
    exchange.begin(HEAD, 0, bytes('begun'), false);
    await client.peek(80);
    client.reset();
    await edge.whenEmpty();
    exchange.write(bytes('more'), false);
    exchange.abort();
    assert.deepEqual(producer.calls, ['cancel']);
    assert.deepEqual(edge.accessed, ['GET / 200 5']);
  });
});

describe('a refusal', () => {
  it('is a short page that names the status and the reason', async () => {
    const { client, exchange } = await request('GET / HTTP/1.1');
    exchange.refuse(503, 'too busy', 'Retry-After: 1\r\n');
    const response = await client.readResponse();
    assert.equal(response.status, 503);
    assert.equal(textOf(response.body), '503 Service Unavailable\ntoo busy\n');
    assert.match(response.head, /^Retry-After: 1$/m);
    assert.match(response.head, /^Content-Type: text\/plain; charset=utf-8$/m);
  });

  it('of a HEAD request has no body', async () => {
    const { client, exchange } = await request('HEAD / HTTP/1.1');
    exchange.refuse(404);
    const response = await client.readResponse({ method: 'HEAD' });
    assert.match(response.head, /^Content-Length: 14$/m);
    client.end();
    assert.equal((await client.readToEnd()).length, 0);
  });
});

describe('a request’s body', () => {
  it('beyond the buffer goes to a file, which is gone after the response', async () => {
    let where = '';
    edge.handle = (exchange) =>
      exchange.collectBody((body) => {
        assert.equal(body.kind, 'file');
        where = body.kind === 'file' ? `${body.path} ${body.bytes}` : '';
      });
    const client = await open();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n');
    client.send(Buffer.alloc(100_000));
    await waitFor(() => where !== '');
    assert.match(where, /body-\d+-\d+ 100000$/);
    assert.equal(edge.spooled.length, 1);
    edge.exchanges[0]?.respond(HEAD, 0, 'thanks');
    await client.readResponse();
    await waitFor(() => edge.spooled.length === 0);
  });

  it('leaves no file when the client leaves in its middle', async () => {
    edge.handle = (exchange) => exchange.collectBody(() => assert.fail('it is not complete'));
    const client = await open();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n');
    client.send(Buffer.alloc(100_000));
    await waitFor(() => edge.spooled.length === 1);
    client.reset();
    await edge.whenEmpty();
    await waitFor(() => edge.spooled.length === 0);
    assert.deepEqual(edge.accessed, ['POST / 499 0']);
  });

  it('that is answered before it was read costs the connection, not the answer', async () => {
    edge.handle = (exchange) => exchange.respond(HEAD, 0, 'early');
    const client = await open();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nGET / HT');
    const response = await client.readResponse();
    assert.equal(textOf(response.body), 'early');
    assert.match(response.head, /^Connection: close$/m);
    client.send('P');
    client.end();
    assert.equal((await client.readToEnd()).length, 0);
    assert.equal(edge.exchanges.length, 1);
  });

  it('that cannot be kept is answered with 500', async () => {
    const { exchange } = await request('GET / HTTP/1.1');
    exchange.respond(HEAD, 0, '');
    const broken = await EdgeHarness.start((begun) => begun.collectBody(() => {}));
    Object.defineProperty(broken.server, 'bodyLimits', {
      value: { memoryBytes: 10, folder: '/nonexistent' },
    });
    const client = await RawConnection.open({ port: broken.port });
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n');
    client.send(Buffer.alloc(20_000));
    assert.equal((await client.readResponse()).status, 500);
    assert.match(broken.errorText, /A request body could not be kept: ENOENT/);
    client.destroy();
    await broken.stop();
  });
});

describe('a file as a response', () => {
  function file(content: string): string {
    const path = join(edge.folder, 'file');
    writeFileSync(path, content, 'latin1');
    return path;
  }

  const head = (length: number) => `200 OK\r\nContent-Length: ${length}\r\n`;
  const partOf = (path: string, offset: number, length: number): FileBody => ({
    file: path,
    segments: [{ offset, length }],
    length,
  });

  it('is sent from its offset for its length', async () => {
    const { client, exchange } = await request('GET / HTTP/1.1');
    let opened = 0;
    const part = { ...partOf(file('0123456789'), 3, 4), opened: () => (opened += 1) };
    exchange.respondFile(head(4), RESPONSE_FLAG.length, part);
    assert.equal(textOf((await client.readResponse()).body), '3456');
    assert.equal(opened, 1);
    await waitFor(() => edge.accessed.length > 0, { what: 'the access log' });
    assert.deepEqual(edge.accessed, ['GET / 200 4']);
    assert.equal(client.hasEnded, false);
  });

  it('that is large arrives whole at a slow client', async () => {
    const { client, exchange } = await request('GET / HTTP/1.1');
    client.pause();
    const content = 'abcdefghij'.repeat(400_000);
    exchange.respondFile(head(content.length), RESPONSE_FLAG.length, {
      ...partOf(file(content), 0, content.length),
      opened: () => client.resume(),
    });
    assert.equal(textOf((await client.readResponse()).body), content);
  });

  it('shorter than promised is cut', async () => {
    const { client, exchange } = await request('GET / HTTP/1.1');
    const part = partOf(file('0123'), 0, 10);
    exchange.respondFile(head(10), RESPONSE_FLAG.length, part);
    await assert.rejects(client.readResponse(), /ended inside a body/);
    assert.match(edge.errorText, /answer to GET \/\S* could not be sent: .*file ended 6 bytes early/);
  });

  it('that cannot be opened is answered with 502', async () => {
    const { client, exchange } = await request('GET / HTTP/1.1');
    let opened = 0;
    const part = { ...partOf(join(edge.folder, 'none'), 0, 10), opened: () => (opened += 1) };
    exchange.respondFile(head(10), RESPONSE_FLAG.length, part);
    assert.equal((await client.readResponse()).status, 502);
    assert.equal(opened, 1);
  });

  it('is let go when its client has left, before or after it was opened', async () => {
    const content = 'x'.repeat(20_000_000);
    const path = file(content);
    for (const isPrompt of [true, false]) {
      const { client, exchange } = await request('GET / HTTP/1.1');
      client.pause();
      let opened = 0;
      if (!isPrompt) {
        client.reset();
        await edge.whenEmpty();
      }
      exchange.respondFile(head(content.length), RESPONSE_FLAG.length, {
        ...partOf(path, 0, content.length),
        opened: () => (opened += 1),
      });
      await waitFor(() => opened === 1);
      client.reset();
      await edge.whenEmpty();
      assert.equal(opened, 1);
    }
  });

  it('is not offered for ever to a client that takes nothing', async () => {
    const slow = await EdgeHarness.start(undefined, { sendTimeoutMs: 50 });
    const client = await RawConnection.open({ port: slow.port });
    client.pause();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const content = 'x'.repeat(20_000_000);
    (await slow.exchange(0)).respondFile(
      head(content.length),
      RESPONSE_FLAG.length,
      partOf(file(content), 0, content.length),
    );
    await slow.whenEmpty();
    client.destroy();
    await slow.stop();
  });
});

describe('a response for a slow client', () => {
  it('makes the producer wait when memory and file are full, and go on when there is room', async () => {
    const slow = await EdgeHarness.start(undefined, { bodyBufferBytes: 65536, responseSpoolBytes: 100_000 });
    const producer = new FakeProducer();
    slow.handle = (exchange) => {
      exchange.producer = producer;
    };
    const client = await RawConnection.open({ port: slow.port });
    client.pause();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const exchange = await slow.exchange(0);
    const piece = Buffer.alloc(50_000, 'x');
    exchange.begin(HEAD, 0, piece, false);
    let pieces = 1;
    while (producer.calls.length === 0) {
      exchange.write(piece, false);
      pieces += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(producer.calls, ['pause']);
    client.resume();
    await waitFor(() => producer.calls.length === 2);
    assert.deepEqual(producer.calls, ['pause', 'resume']);
    exchange.write(piece, true);
    assert.equal((await client.readResponse()).body.length, (pieces + 1) * piece.length);
    await waitFor(() => slow.spooled.length === 0);
    client.destroy();
    await slow.stop();
  });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Exchange } from '../../../src/handlers/exchange.ts';
import type { EdgeConfig } from '../../../src/protocol/supervision/edge.ts';
import { RawConnection } from '../../support/raw-connection.ts';
import { fieldValue } from '../../support/response-reader.ts';
import { EdgeHarness, echo, FakeProducer, HEAD } from './edge-harness.ts';

let edge: EdgeHarness;
let clients: RawConnection[] = [];

async function start(handle: (exchange: Exchange) => void, changes: Partial<EdgeConfig> = {}) {
  edge = await EdgeHarness.start(handle, changes);
}

async function open(): Promise<RawConnection> {
  const client = await edge.open();
  clients.push(client);
  return client;
}

afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  await edge.stop();
});

/** More than the sockets' buffers of both sides hold. */
const LARGE = Buffer.alloc(12_000_000, 'x');
const CLOSING_REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

const SEND_AND_RESET = `
  const socket = require('node:net').connect(Number(process.argv[1]), '127.0.0.1', () =>
    socket.write('GET /forged HTTP/1.1\\r\\nHost: a\\r\\nX-Forwarded-Proto: https\\r\\n\\r\\n', () => socket.resetAndDestroy()));
`;

/** Sends, and reads nothing until it is told to. */
class SlowClient {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => {});
  }

  static async send(port: number, request: string): Promise<SlowClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write(request);
    await once(socket, 'connect');
    return new SlowClient(socket);
  }

  end(): void {
    this.#socket.end();
  }

  /** How many bytes came until the end. */
  async readToEnd(): Promise<number> {
    let count = 0;
    this.#socket.on('data', (bytes) => {
      count += bytes.length;
    });
    await once(this.#socket, 'end');
    this.#socket.destroy();
    return count;
  }
}

async function wholeDownload(): Promise<void> {
  const client = await SlowClient.send(edge.port, CLOSING_REQUEST);
  assert.ok((await client.readToEnd()) > LARGE.length);
}

const text = (body: Buffer) => body.toString('latin1');

describe('a connection', () => {
  it('keeps its part of a request while others send theirs', async () => {
    await start(echo);
    const clients = [await open(), await open(), await open()];
    const requests = ['one', 'two', 'three'].map(
      (name) => `POST /${name} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n${name.slice(0, 3)}!`,
    );
    for (const [from, to] of [
      [0, 9],
      [9, 40],
      [40, 55],
      [55, undefined],
    ] as const) {
      for (const [index, client] of clients.entries()) {
        await client.sendAll((requests[index] as string).slice(from, to));
        // Time for the edge, which runs in this process, to read it before the next client's.
        for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      }
    }
    for (const [index, name] of ['one', 'two', 'three'].entries()) {
      const { body } = await (clients[index] as RawConnection).readResponse();
      assert.equal(body.toString(), `POST /${name} ${name.slice(0, 3)}!`);
    }
  });

  it('keeps a body that began behind another request while others send theirs', async () => {
    let first: Exchange | null = null;
    const bodies: Buffer[] = [];
    await start((exchange) => {
      if (exchange.head.path === '/first') {
        first = exchange;
        return;
      }
      exchange.collectBody((body) => {
        if (body.kind === 'memory') bodies.push(Buffer.concat(body.parts));
        exchange.respond(HEAD, 0, 'ok');
      });
    });
    const client = await open();
    const other = await open();
    const body = Buffer.from(Array.from({ length: 60_000 }, (_, i) => i % 251));
    const post = `POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`;
    await client.sendAll('GET /first HTTP/1.1\r\nHost: a\r\n\r\n');
    await edge.exchange(0);
    // The head and a part of the body come while the first request is answered, the rest after it.
    await client.sendAll(Buffer.concat([Buffer.from(post), body.subarray(0, 1000)]));
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    (first as Exchange | null)?.respond(HEAD, 0, 'first');
    await edge.exchange(1);
    await client.sendAll(body.subarray(1000, 30_000));
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await other.sendAll(`GET /noise HTTP/1.1\r\nHost: a\r\nX-Noise: ${'n'.repeat(4000)}\r\n\r\n`);
    await other.readResponse();
    await client.sendAll(body.subarray(30_000));
    await client.readResponse();
    await client.readResponse();
    assert.ok(bodies.some((each) => each.equals(body)));
  });

  it('serves one request after another', async () => {
    await start(echo);
    const client = await open();
    for (const path of ['/one', '/two', '/three']) {
      client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      const response = await client.readResponse();
      assert.equal(text(response.body), `GET ${path} none`);
      assert.equal(response.framing, 'length');
    }
    assert.equal(client.hasEnded, false);
  });

  it('answers pipelined requests in their order, one at a time', async () => {
    await start(() => {});
    const client = await open();
    client.send(
      'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n',
    );
    for (let index = 0; index < 3; index += 1) {
      const exchange = await edge.exchange(index);
      assert.equal(edge.exchanges.length, index + 1);
      exchange.respond(HEAD, 0, exchange.head.path);
      assert.equal(text((await client.readResponse()).body), `/${index + 1}`);
    }
  });

  it('reads a request that comes byte by byte, with its body and the next one', async () => {
    await start(echo);
    const client = await open();
    await client.sendByteByByte(
      'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloPOST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
    );
    assert.equal(text((await client.readResponse()).body), 'POST /a hello');
    assert.equal(text((await client.readResponse()).body), 'POST /b abcde');
  });

  it('closes after a request that asks for it, and drops what follows', async () => {
    await start(echo);
    const client = await open();
    client.send('GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    const response = await client.readResponse();
    assert.match(response.head, /^Connection: close$/m);
    assert.equal((await client.readToEnd()).length, 0);
    assert.equal(edge.exchanges.length, 1);
  });

  it('closes when the application asks for it', async () => {
    await start((exchange) => exchange.respond(HEAD, 16, 'bye'));
    const client = await open();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match((await client.readResponse()).head, /^Connection: close$/m);
    assert.equal((await client.readToEnd()).length, 0);
  });

  it('is kept with HTTP/1.0 only where the client asks for it', async () => {
    await start(echo);
    const client = await open();
    client.send('GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    assert.match((await client.readResponse()).head, /^Connection: keep-alive$/m);
    client.send('GET /2 HTTP/1.0\r\n\r\n');
    assert.match((await client.readResponse()).head, /^Connection: close$/m);
    assert.equal((await client.readToEnd()).length, 0);
  });

  it('answers a request that it cannot read, logs it and closes', async () => {
    await start(echo);
    const client = await open();
    client.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    const response = await client.readResponse();
    assert.equal(response.status, 400);
    assert.match(text(response.body), /more than one Host/);
    assert.equal((await client.readToEnd()).length, 0);
    assert.equal(edge.exchanges.length, 0);
    assert.match(edge.errorText, /Invalid request from ip=127\.0\.0\.1: There is more than one Host/);
  });

  it('refuses a body that breaks its framing, and never shows it to the handler', async () => {
    let collected = 0;
    await start((exchange) =>
      exchange.collectBody(() => {
        collected += 1;
      }),
    );
    const client = await open();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n');
    assert.equal((await client.readResponse()).status, 400);
    assert.equal((await client.readToEnd()).length, 0);
    assert.equal(collected, 0);
  });

  it('stops reading from a client that sends too far ahead, and goes on later', async () => {
    await start(() => {});
    const client = await open();
    const request = `GET /first HTTP/1.1\r\nHost: a\r\n\r\n${`GET /x HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(2000)}\r\n\r\n`.repeat(200)}`;
    client.send(request);
    (await edge.exchange(0)).respond(HEAD, 0, 'first');
    assert.equal(text((await client.readResponse()).body), 'first');
    for (let index = 1; index <= 200; index += 1) {
      (await edge.exchange(index)).respond(HEAD, 0, String(index));
      assert.equal(text((await client.readResponse()).body), String(index));
    }
  });

  it('answers all that a client has sent before it closed its sending side', async () => {
    await start(() => {});
    const client = await open();
    client.send(
      'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabGET /3 HTTP/1.1\r\nHost: a\r\n\r\n',
    );
    client.end();
    for (const path of ['/1', '/2', '/3']) {
      const exchange = await edge.exchange(Number(path.slice(1)) - 1);
      exchange.respond(HEAD, 0, path);
      const response = await client.readResponse();
      assert.equal(text(response.body), path);
      assert.equal(fieldValue(response, 'connection') ?? 'keep', path === '/3' ? 'close' : 'keep');
    }
    assert.equal((await client.readToEnd()).length, 0);
    await edge.whenEmpty();
  });

  it('answers what was sent whole when the client has closed its side in the middle of the next', async () => {
    await start(() => {});
    const client = await open();
    client.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /half');
    client.end();
    (await edge.exchange(0)).respond(HEAD, 0, 'one');
    assert.equal(text((await client.readResponse()).body), 'one');
    assert.equal((await client.readToEnd()).length, 0);
    await edge.whenEmpty();
    assert.equal(edge.exchanges.length, 1);
  });

  it('is forgotten when the client leaves', async () => {
    await start(echo);
    const client = await open();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /half');
    await client.readResponse();
    client.reset();
    await edge.whenEmpty();
  });
});

describe('a client whose address is lost', () => {
  it('because it has reset the connection is not served, let alone trusted', async () => {
    await start(echo);
    // It waits in the backlog, with its request, while this process does not get to accept it.
    const ends = spawnSync(process.execPath, ['-e', SEND_AND_RESET, String(edge.port)], { encoding: 'utf8' });
    assert.equal(ends.stderr, '');
    const client = await open();
    client.send('GET /after HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.readResponse()).status, 200);
    assert.deepEqual(
      edge.exchanges.map(({ head }) => head.path),
      ['/after'],
    );
  });
});

describe('100-continue', () => {
  const HEAD_OF_REQUEST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n';

  it('is said when the handler wants the body', async () => {
    await start(echo);
    const client = await open();
    client.send(HEAD_OF_REQUEST);
    assert.equal((await client.readResponse()).status, 100);
    client.send('hello');
    assert.equal(text((await client.readResponse()).body), 'POST / hello');
  });

  it('is not said when the body has come already', async () => {
    await start(echo);
    const client = await open();
    client.send(`${HEAD_OF_REQUEST}hello`);
    assert.equal((await client.readResponse()).status, 200);
  });

  it('is not said when the handler refuses; the connection is then closed', async () => {
    await start((exchange) => exchange.refuse(403));
    const client = await open();
    client.send(HEAD_OF_REQUEST);
    const response = await client.readResponse();
    assert.equal(response.status, 403);
    assert.match(response.head, /^Connection: close$/m);
    assert.equal((await client.readToEnd()).length, 0);
  });
});

describe('a refused request', () => {
  it('with a body on its way does not lose its answer: what is still sent is read and thrown away', async () => {
    await start((exchange) => exchange.refuse(413));
    const client = await open();
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n`);
    // More than the sockets' buffers hold: it can only be sent while the other side reads.
    await client.sendAll(Buffer.alloc(3_000_000));
    assert.equal((await client.readResponse()).status, 413);
    assert.equal((await client.readToEnd()).length, 0);
    client.end();
    await edge.whenEmpty();
  });

  it('does not let a client that never closes hold its connection', async () => {
    await start((exchange) => exchange.refuse(413));
    edge.server.lingerDeadlines.durationMs = 20;
    const client = await open();
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n`);
    assert.equal((await client.readResponse()).status, 413);
    await edge.whenEmpty();
  });
});

describe('a client that is late', () => {
  it('with its first byte is closed without an answer', async () => {
    await start(echo, { headTimeoutMs: 30 });
    const client = await open();
    assert.equal((await client.readToEnd()).length, 0);
  });

  it('with the rest of its head gets 408, however steadily it sends', async () => {
    await start(echo, { headTimeoutMs: 150 });
    const client = await open();
    client.send('GET / HTTP/1.1\r\n');
    const dribble = setInterval(() => client.send('A: b\r\n'), 20);
    try {
      const response = await client.readResponse();
      assert.equal(response.status, 408);
      assert.match(response.head, /^Connection: close$/m);
    } finally {
      clearInterval(dribble);
    }
    assert.equal(edge.exchanges.length, 0);
  });

  it('with the head of a later request gets 408 too', async () => {
    await start(echo, { headTimeoutMs: 30 });
    const client = await open();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /lat');
    assert.equal((await client.readResponse()).status, 200);
    assert.equal((await client.readResponse()).status, 408);
  });

  it('with its body gets 408', async () => {
    await start(echo, { bodyTimeoutMs: 30 });
    const client = await open();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe');
    assert.equal((await client.readResponse()).status, 408);
    assert.equal((await client.readToEnd()).length, 0);
  });

  for (const fields of ['', 'Expect: 100-continue\r\n']) {
    describe(`with a body that nobody wants yet${fields === '' ? '' : ', as it waits to be told'}`, () => {
      let client: RawConnection;
      let exchange: Exchange;

      beforeEach(async () => {
        await start(() => {}, { headTimeoutMs: 60, bodyTimeoutMs: 20 });
        client = await open();
        client.send(`POST / HTTP/1.1\r\nHost: a\r\n${fields}Content-Length: 5\r\n\r\n`);
        exchange = await edge.exchange(0);
        await longerThanBodiesMayTake();
      });

      // Another client runs into its own time-out.
      const longerThanBodiesMayTake = async () => (await open()).readToEnd();

      it('is asked for it, and answered', async () => {
        edge.server.bodyDeadlines.durationMs = 15_000;
        echo(exchange);
        if (fields !== '') assert.equal((await client.readResponse()).status, 100);
        client.send('hello');
        assert.equal(text((await client.readResponse()).body), 'POST / hello');
      });

      it('gets 408 when it does not send it once it is wanted', async () => {
        echo(exchange);
        if (fields !== '') assert.equal((await client.readResponse()).status, 100);
        assert.equal((await client.readResponse()).status, 408);
      });

      it('gets all of an answer for which nobody wants it', async () => {
        exchange.begin(HEAD, 0, Buffer.from('a'), false);
        await longerThanBodiesMayTake();
        exchange.write(Buffer.from('b'), true);
        assert.equal(text((await client.readResponse()).body), 'ab');
      });
    });
  }

  it('with its next request is closed without an answer', async () => {
    await start(echo, { keepAliveMs: 30 });
    const client = await open();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.readResponse()).status, 200);
    assert.equal((await client.readToEnd()).length, 0);
  });

  it('is not one whose worker is slow', async () => {
    await start(() => {}, { headTimeoutMs: 20, bodyTimeoutMs: 20, keepAliveMs: 20, sendTimeoutMs: 20 });
    const client = await open();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const exchange = await edge.exchange(0);
    // Longer than every time-out: another client runs into its own.
    const other = await open();
    await other.readToEnd();
    exchange.respond(HEAD, 0, 'late');
    assert.equal(text((await client.readResponse()).body), 'late');
  });
});

describe('a client that closed its sending side', () => {
  it('gets all of its answer though its body is wanted once it has been answered', async () => {
    await start(() => {});
    const client = await open();
    client.pause();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n');
    const exchange = await edge.exchange(0);
    exchange.respond(HEAD, 0, LARGE);
    client.end();
    const other = await open();
    other.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await edge.exchange(1);
    exchange.collectBody(() => assert.fail('there is none'));
    client.resume();
    assert.equal((await client.readResponse()).body.length, LARGE.length);
  });

  it('gets the answer to what is running', async () => {
    await start((exchange) => {
      exchange.producer = new FakeProducer();
    });
    const client = await open();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    client.end();
    const exchange = await edge.exchange(0);
    exchange.respond(HEAD, 0, 'answer');
    const response = await client.readResponse();
    assert.equal(text(response.body), 'answer');
    assert.equal((await client.readToEnd()).length, 0);
    await edge.whenEmpty();
  });

  it('has its queued request cancelled', async () => {
    const producer = new FakeProducer();
    producer.isWaiting = true;
    await start((exchange) => {
      exchange.producer = producer;
    });
    const client = await open();
    client.send('GET /q HTTP/1.1\r\nHost: a\r\n\r\n');
    await edge.exchange(0);
    client.end();
    await edge.whenEmpty();
    assert.deepEqual(producer.calls, ['cancel']);
    assert.deepEqual(edge.accessed, ['GET /q 499 0']);
  });

  it('in the middle of a head or a body is let go', async () => {
    await start(echo);
    for (const part of ['GET / HT', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe', '']) {
      const client = await open();
      client.send(part);
      client.end();
      assert.equal((await client.readToEnd()).length, 0);
    }
    await edge.whenEmpty();
  });

  it('gets all of a large last response, however slowly it reads', async () => {
    await start((exchange) => exchange.begin(HEAD, 0, LARGE, true));
    edge.server.lingerDeadlines.durationMs = 20;
    const client = await SlowClient.send(edge.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await edge.exchange(0);
    client.end();
    // A whole download by another lasts longer than it takes the end to arrive, and than the lingering close.
    await wholeDownload();
    assert.ok((await client.readToEnd()) > LARGE.length);
    await edge.whenEmpty();
  });
});

describe('a slow client', () => {
  it('gets all of the last response on its connection: closing it waits until it is sent', async () => {
    await start((exchange) => exchange.begin(HEAD, 0, LARGE, true));
    edge.server.lingerDeadlines.durationMs = 1;
    const client = await SlowClient.send(edge.port, CLOSING_REQUEST);
    await edge.exchange(0);
    await wholeDownload();
    assert.ok((await client.readToEnd()) > LARGE.length);
  });

  it('is not idle while it is still taking a response', async () => {
    await start((exchange) => exchange.begin(HEAD, 0, LARGE, true), { keepAliveMs: 20 });
    edge.server.lingerDeadlines.durationMs = 1;
    const client = await SlowClient.send(edge.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await edge.exchange(0);
    await wholeDownload();
    assert.ok((await client.readToEnd()) > LARGE.length);
  });

  it('that pipelines and reads nothing is served no further than the buffers reach', async () => {
    await start((exchange) => exchange.respond(HEAD, 0, 'x'.repeat(16_000)));
    const client = await open();
    client.pause();
    const requests = 5000;
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(requests));
    const other = await open();
    let before = -1;
    // Until nothing moves any more: each turn is a whole round trip of another client.
    while (edge.exchanges.length !== before) {
      before = edge.exchanges.length;
      for (let round = 0; round < 5; round += 1) {
        other.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        await other.readResponse();
        before += 1;
      }
    }
    assert.ok(before < 2000, `${before} of ${requests} were answered, ${before * 16} kB in all`);
    client.resume();
    for (let index = 0; index < requests; index += 1) await client.readResponse();
  });

  it('that takes nothing of a response is given up', async () => {
    await start((exchange) => exchange.begin(HEAD, 0, LARGE, true), { sendTimeoutMs: 50 });
    const client = await open();
    client.pause();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await edge.exchange(0);
    await edge.whenEmpty();
  });

  it('that takes nothing of the last response on its connection is given up, also when it has closed its side', async () => {
    await start((exchange) => exchange.begin(HEAD, 0, LARGE, true), { sendTimeoutMs: 50 });
    const client = await open();
    client.pause();
    client.send('GET / HTTP/1.0\r\n\r\n');
    client.end();
    await edge.exchange(0);
    await edge.whenEmpty();
  });
});

describe('a drain', () => {
  it('closes a connection whose response had begun to be streamed before, once it is complete', async () => {
    await start((exchange) => exchange.begin(HEAD, 0, Buffer.from('begun '), false));
    const client = await open();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const exchange = await edge.exchange(0);
    edge.server.drainConnections();
    exchange.write(Buffer.from('ended'), true);
    assert.equal(text((await client.readResponse()).body), 'begun ended');
    assert.equal((await client.readToEnd()).length, 0);
  });

  it('makes every response its connection’s last', async () => {
    await start(() => {});
    const client = await open();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const exchange = await edge.exchange(0);
    edge.server.drainConnections();
    exchange.respond(HEAD, 0, 'last');
    assert.match((await client.readResponse()).head, /^Connection: close$/m);
    assert.equal((await client.readToEnd()).length, 0);
  });

  it('closes idle connections when they are quiet, and not those that have just been used', async () => {
    await start(echo);
    const client = await open();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.readResponse();
    edge.server.drainConnections();
    client.send('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match((await client.readResponse()).head, /^Connection: close$/m);
    const late = await open();
    late.send('GET /3 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match((await late.readResponse()).head, /^Connection: close$/m);
  });

  it('serves what waited in the backlog, then refuses', async () => {
    await start(echo);
    const opening = [open(), open(), open()];
    await edge.server.drainBacklog();
    for (const client of await Promise.all(opening)) {
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.equal((await client.readResponse()).status, 200);
    }
    await assert.rejects(RawConnection.open({ port: edge.port }), { code: 'ECONNREFUSED' });
  });
});

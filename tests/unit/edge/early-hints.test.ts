import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { RawConnection } from '../../support/raw-connection.ts';
import { EdgeHarness, HEAD } from './edge-harness.ts';

const FIELDS = 'Link: </style.css>; rel=preload; as=style\r\nLink: </caf\xe9>\r\n';

describe('early hints on HTTP/1', () => {
  let edge: EdgeHarness;
  let client: RawConnection;

  beforeEach(async () => {
    edge = await EdgeHarness.start();
    client = await edge.open();
  });
  afterEach(async () => {
    client.destroy();
    await edge.stop();
  });

  async function request(start: string) {
    client.send(`${start}\r\nHost: a\r\n\r\n`);
    return edge.exchange(edge.exchanges.length);
  }

  for (const method of ['GET', 'HEAD']) {
    it(`are a 103 of their own before the response to ${method}, whose status is logged`, async () => {
      const exchange = await request(`${method} / HTTP/1.1`);
      exchange.sendHints(FIELDS);
      const hints = await client.readResponse();
      assert.equal(hints.head, `HTTP/1.1 103 Early Hints\r\n${FIELDS}`.trimEnd());
      assert.deepEqual(edge.accessed, []);
      exchange.respond(HEAD, 0, 'page');
      const { status, body } = await client.readResponse({ method });
      assert.deepEqual([status, body.toString()], [200, method === 'HEAD' ? '' : 'page']);
      assert.deepEqual(edge.accessed, [`${method} / 200 ${body.length}`]);
    });
  }

  it('may come several times, and before responses of any kind', async () => {
    const exchange = await request('GET / HTTP/1.1');
    exchange.sendHints('Link: </a>\r\n');
    exchange.sendHints('');
    exchange.refuse(502);
    const statuses: number[] = [];
    for (let count = 0; count < 3; count++) statuses.push((await client.readResponse()).status);
    assert.deepEqual(statuses, [103, 103, 502]);
  });

  it('are not sent to HTTP/1.0', async () => {
    const exchange = await request('GET / HTTP/1.0');
    exchange.sendHints(FIELDS);
    exchange.respond(HEAD, 0, 'page');
    assert.equal((await client.readResponse()).status, 200);
    assert.equal((await client.readToEnd()).length, 0);
  });

  it('are not sent once the response has begun, or is complete', async () => {
    const exchange = await request('GET / HTTP/1.1');
    exchange.begin(HEAD, 0, Buffer.from('one '), false);
    exchange.sendHints(FIELDS);
    exchange.write(Buffer.from('two'), true);
    exchange.sendHints(FIELDS);
    assert.equal((await client.readResponse()).body.toString(), 'one two');
    (await request('GET /next HTTP/1.1')).respond(HEAD, 0, 'next');
    assert.equal((await client.readResponse()).body.toString(), 'next');
  });

  it('are not sent to a client that has left', async () => {
    const exchange = await request('GET / HTTP/1.1');
    client.reset();
    await edge.whenEmpty();
    exchange.sendHints(FIELDS);
    assert.deepEqual(edge.accessed, ['GET / 499 0']);
  });

  it('stand between the responses of those who send requests ahead', async () => {
    edge.handle = (exchange) => {
      const { path } = exchange.head;
      exchange.sendHints(`Link: <${path}>\r\n`);
      setImmediate(() => exchange.respond(HEAD, 0, path));
    };
    client.send('GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n');
    for (const path of ['/a', '/b']) {
      const hints = await client.readResponse();
      assert.deepEqual([hints.status, hints.fields], [103, [['Link', `<${path}>`]]]);
      assert.equal((await client.readResponse()).body.toString(), path);
    }
  });

  it('come after 100 Continue', async () => {
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
    const exchange = await edge.exchange(0);
    exchange.collectBody(() => {
      exchange.sendHints(FIELDS);
      exchange.respond(HEAD, 0, 'page');
    });
    assert.equal((await client.readResponse()).status, 100);
    client.send('body');
    assert.equal((await client.readResponse()).status, 103);
    assert.equal((await client.readResponse()).status, 200);
  });
});

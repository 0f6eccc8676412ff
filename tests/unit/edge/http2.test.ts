import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import {
  type ClientHttp2Session,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import type { Exchange } from '../../../src/handlers/exchange.ts';
import { RESPONSE_FLAG } from '../../../src/protocol/lane/frames.ts';
import type { EdgeConfig } from '../../../src/protocol/supervision/edge.ts';
import type { TlsConfig } from '../../../src/protocol/supervision/tls-config.ts';
import { CertificateFolder, opensslIsMissing } from '../../support/certificates.ts';
import { answerOf, openHttp2, request as send } from '../../support/http2-client.ts';
import {
  block,
  ERROR,
  FLAG,
  FRAME,
  type Frame,
  FrameConnection,
  frame,
  GET,
  rstStream,
} from '../../support/http2-frames.ts';
import { waitFor } from '../../support/wait-for.ts';
import { EdgeHarness, echo, FakeProducer, HEAD } from './edge-harness.ts';

describe('a connection of HTTP/2', { skip: opensslIsMissing }, () => {
  const folder = new CertificateFolder();
  const certificate = opensslIsMissing ? null : folder.certificate('server');
  const authority = certificate === null ? '' : folder.read(certificate.cert);
  const tls: TlsConfig = {
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
    protocols: ['h2', 'http/1.1'],
  };
  let edge: EdgeHarness;
  let sessions: ClientHttp2Session[] = [];
  let rawClients: FrameConnection[] = [];

  async function start(
    handle: (exchange: Exchange) => void = echo,
    changes: Partial<EdgeConfig> = {},
  ): Promise<void> {
    edge = await EdgeHarness.start(handle, { tls, ...changes });
  }

  function open(options: SecureClientSessionOptions = {}): ClientHttp2Session {
    const session = openHttp2(edge.port, { ca: authority, ...options });
    sessions.push(session);
    return session;
  }

  async function openRaw(): Promise<FrameConnection> {
    const client = await FrameConnection.open(edge.port, { ca: authority, servername: 'localhost' });
    rawClients.push(client);
    return client;
  }

  const ask = (fields: OutgoingHttpHeaders, body: Buffer | string | null = null) =>
    answerOf(send(open(), fields, body));

  afterEach(async () => {
    for (const session of sessions) session.destroy();
    for (const client of rawClients) client.destroy();
    sessions = [];
    rawClients = [];
    await edge.stop();
  });
  after(() => folder.remove());

  describe('gives handlers', () => {
    it('the same request as HTTP/1', async () => {
      await start();
      const session = open();
      const stream = send(
        session,
        {
          ':method': 'POST',
          ':path': '/a%20b?q=1',
          ':authority': 'shop.example',
          'content-type': 'text/plain',
          'x-twice': ['one', 'two'],
        },
        'body',
      );
      const { status, body } = await answerOf(stream);
      assert.deepEqual([status, body.toString()], [200, 'POST /a%20b body']);
      const { head, peer } = edge.exchanges[0] as Exchange;
      assert.equal(head.protocol, 'HTTP/2.0');
      assert.equal(head.authority, 'shop.example');
      assert.equal(head.fields.get('host'), 'shop.example');
      assert.equal(head.query, 'q=1');
      assert.deepEqual(
        head.fields.values.filter((_, index) => head.fields.names[index] === 'x-twice'),
        ['one', 'two'],
      );
      assert.equal(peer.tls?.get('HTTPS'), 'on');
      assert.deepEqual(edge.accessed, ['POST /a b 200 16']);
    });

    it('cookies as one field, whatever the client has made of them', async () => {
      await start();
      const client = await openRaw();
      client.headers(1, [...GET, ['cookie', 'a=1'], ['accept', '*/*'], ['cookie', 'b=2']]);
      await client.frame(({ type }) => type === FRAME.data);
      assert.equal(edge.exchanges[0]?.head.fields.get('cookie'), 'a=1; b=2');
    });

    it('the same block of fields again where a client repeats it', async () => {
      await start();
      const session = open();
      await answerOf(send(session, { ':path': '/one', 'x-a': '1' }));
      await answerOf(send(session, { ':path': '/two', 'x-a': '1' }));
      await answerOf(send(session, { ':path': '/two', 'x-a': '2' }));
      const [one, two, three] = edge.exchanges.map(({ head }) => head.fields);
      assert.equal(one, two);
      assert.notEqual(two, three);
    });

    it('bodies of any size, and only whole', async () => {
      await start((exchange) => {
        exchange.collectBody((body) =>
          exchange.respond(HEAD, 0, `${body.kind} ${body.kind === 'none' ? 0 : body.bytes}`),
        );
      });
      for (const [bytes, kind] of [
        [0, 'none'],
        [1, 'memory'],
        [65_536, 'memory'],
        [3_000_000, 'file'],
      ] as const) {
        const { body } = await ask({ ':method': 'POST', ':path': '/' }, Buffer.alloc(bytes));
        assert.equal(body.toString(), `${kind} ${bytes}`);
      }
      await waitFor(() => edge.spooled.length === 0);
    });

    it('a body after 100 Continue', async () => {
      await start();
      const stream = open().request(
        { ':method': 'POST', ':path': '/', expect: '100-continue' },
        { endStream: false },
      );
      await once(stream, 'continue');
      stream.end('later');
      assert.equal((await answerOf(stream)).body.toString(), 'POST / later');
    });
  });

  describe('takes responses', () => {
    const HEADS = [
      ['204 No Content\r\n', 0, '', 204, ''],
      ['304 Not Modified\r\nETag: "1"\r\n', 0, '', 304, ''],
      ['205 Reset Content\r\n', 0, 'not sent', 205, ''],
      [`${HEAD}Content-Length: 2\r\n`, RESPONSE_FLAG.length, 'ok', 200, 'ok'],
      [HEAD, 0, '', 200, ''],
    ] as const;
    for (const [head, flags, text, status, seen] of HEADS) {
      it(`with the head ${JSON.stringify(head)}`, async () => {
        await start((exchange) => exchange.respond(head, flags, text));
        const answer = await ask({ ':path': '/' });
        assert.deepEqual([answer.status, answer.body.toString()], [status, seen]);
      });
    }

    it('to HEAD without a body, and with its length', async () => {
      await start((exchange) => exchange.respond(HEAD, 0, 'twelve bytes'));
      const { fields, body } = await ask({ ':method': 'HEAD', ':path': '/' });
      assert.deepEqual([fields['content-length'], body.length], ['12', 0]);
    });

    it('with fields that come twice, or are HTTP/1’s own, or hold bytes above ASCII', async () => {
      const head = `${HEAD}Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nVary: a\r\nVary: b\r\nContent-Language: de\r\nContent-Language: en\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nX-Name: caf\xe9\r\n`;
      await start((exchange) => exchange.respond(head, RESPONSE_FLAG.close, 'x'));
      const { fields } = await ask({ ':path': '/' });
      assert.deepEqual(fields['set-cookie'], ['a=1', 'b=2']);
      assert.equal(fields.vary, 'a, b');
      assert.equal(fields['content-language'], 'de, en');
      assert.equal(fields['x-name'], 'caf\xe9');
      assert.equal(fields.server, 'kirin');
      assert.ok(fields.date);
      assert.equal('connection' in fields || 'transfer-encoding' in fields, false);
    });

    it('after early hints, of which there are none once it has begun', async () => {
      await start((exchange) => {
        exchange.sendHints('Link: </style.css>; rel=preload; as=style\r\nLink: </b>\r\n');
        exchange.sendHints('Link: </c>\r\nConnection: close\r\n');
        exchange.begin(HEAD, 0, Buffer.from('one '), false);
        exchange.sendHints('Link: </late>\r\n');
        exchange.write(Buffer.from('two'), true);
        exchange.sendHints('Link: </later>\r\n');
      });
      const stream = send(open(), { ':path': '/' });
      const hints: unknown[] = [];
      stream.on('headers', ({ ':status': status, link, connection }) =>
        hints.push([status, link, connection]),
      );
      const { status, fields, body } = await answerOf(stream);
      assert.deepEqual(hints, [
        [103, '</style.css>; rel=preload; as=style, </b>', undefined],
        [103, '</c>', undefined],
      ]);
      assert.deepEqual([status, fields.link, body.toString()], [200, undefined, 'one two']);
      assert.deepEqual(edge.accessed, ['GET / 200 7']);
    });

    it('in pieces, with flow control', async () => {
      const producer = new FakeProducer();
      let writing: Exchange | null = null;
      await start(
        (exchange) => {
          exchange.producer = producer;
          exchange.begin(HEAD, 0, Buffer.alloc(100_000, 1), false);
          for (let piece = 0; piece < 20; piece++) exchange.write(Buffer.alloc(100_000, 2), false);
          writing = exchange;
        },
        { responseSpoolBytes: 0 },
      );
      const stream = send(open(), { ':path': '/' });
      await waitFor(() => producer.calls.includes('pause'));
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      await waitFor(() => producer.calls.includes('resume'));
      (writing as Exchange | null)?.write(Buffer.from('end'), true);
      await once(stream, 'close');
      assert.equal(Buffer.concat(parts).length, 21 * 100_000 + 3);
    });

    it('kept on disk for a client that is slow', async () => {
      const producer = new FakeProducer();
      await start(
        (exchange) => {
          exchange.producer = producer;
          exchange.begin(HEAD, 0, Buffer.alloc(500_000, 1), false);
          setTimeout(() => exchange.write(Buffer.alloc(500_000, 2), true), 200);
        },
        { responseSpoolBytes: 1 << 22 },
      );
      const stream = send(open(), { ':path': '/' });
      await waitFor(() => edge.spooled.length === 1);
      let bytes = 0;
      stream.on('data', (part: Buffer) => {
        bytes += part.length;
      });
      await once(stream, 'close');
      assert.equal(bytes, 1_000_000);
      await waitFor(() => edge.spooled.length === 0);
    });

    it('from a file', async () => {
      const path = join(folder.path, 'file');
      writeFileSync(path, Buffer.alloc(700_000, 'kirin'));
      await start((exchange) =>
        exchange.respondFile(HEAD, 0, {
          file: path,
          segments: [{ offset: 5, length: 600_000 }],
          length: 600_000,
        }),
      );
      const { body, fields } = await ask({ ':path': '/' });
      assert.deepEqual([body.length, fields['content-length']], [600_000, '600000']);
      assert.equal(body.subarray(0, 5).toString(), 'kirin');
      const head = await ask({ ':path': '/', ':method': 'HEAD' });
      assert.deepEqual([head.body.length, head.fields['content-length']], [0, '600000']);
    });

    it('from a file that is not there as 502', async () => {
      await start((exchange) =>
        exchange.respondFile(HEAD, 0, {
          file: '/nonexistent',
          segments: [{ offset: 0, length: 1 }],
          length: 1,
        }),
      );
      assert.equal((await ask({ ':path': '/' })).status, 502);
    });

    it('that are broken off as a reset, never as whole', async () => {
      await start((exchange) => {
        exchange.begin(HEAD, 0, Buffer.from('half'), false);
        setImmediate(() => exchange.abort());
      });
      await assert.rejects(ask({ ':path': '/' }), /NGHTTP2_INTERNAL_ERROR|reset with 2/);
      assert.deepEqual(edge.accessed, ['GET / 200 4']);
    });

    it('with any status that the application has made up', async () => {
      await start((exchange) => exchange.respond('999 Odd\r\n', 0, 'x'));
      const answer = await ask({ ':path': '/' });
      assert.deepEqual([answer.status, answer.body.toString()], [999, 'x']);
    });

    it('before the request’s body has come, which is then not waited for', async () => {
      await start((exchange) => exchange.refuse(403));
      const stream = open().request({ ':method': 'POST', ':path': '/' }, { endStream: false });
      stream.on('error', () => {});
      const [fields] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }];
      assert.equal(fields[':status'], 403);
      stream.resume();
      await once(stream, 'close');
    });
  });

  describe('refuses', () => {
    const limits = {
      limitRequestLine: 100,
      limitRequestFields: 8,
      limitRequestFieldSize: 200,
      limitRequestBody: 1000,
    };
    const cases: readonly (readonly [string, number, OutgoingHttpHeaders, string?])[] = [
      ['a path that is too long', 414, { ':path': `/${'x'.repeat(100)}` }],
      ['too many fields', 431, Object.fromEntries([...Array(8).keys()].map((key) => [`x-${key}`, 'y']))],
      ['a field that is too large', 431, { 'x-large': 'x'.repeat(200) }],
      ['cookies that are too large together', 431, { cookie: Array(9).fill(`a=${'x'.repeat(20)}`) }],
      [
        'a body that is too large by its own account',
        413,
        { ':method': 'POST', 'content-length': '1001' },
        'x'.repeat(1001),
      ],
      ['a body that turns out too large', 413, { ':method': 'POST' }, 'x'.repeat(70_000)],
      ['an expectation that nobody knows', 417, { expect: 'the unexpected' }],
      ['a method that is none', 400, { ':method': 'get' }],
      ['an encoded NUL in the path', 400, { ':path': '/a%00b' }],
      ['a fragment', 400, { ':path': '/a#b' }],
      ['a Host that is another', 400, { ':authority': 'localhost', host: 'example.org' }],
    ];
    for (const [what, status, fields, body] of cases) {
      it(`${what} with ${status}`, async () => {
        const reached: string[] = [];
        await start((exchange) => exchange.collectBody(() => reached.push(exchange.head.path)), limits);
        const session = open();
        const answer = await answerOf(send(session, { ':path': '/', ...fields }, body ?? null));
        assert.equal(answer.status, status);
        assert.match(answer.body.toString(), new RegExp(`^${status} `));
        assert.deepEqual(reached, []);
        // The connection goes on.
        edge.handle = echo;
        assert.equal((await answerOf(send(session, { ':path': '/next' }))).status, 200);
      });
    }

    it('nothing that is just within its limits', async () => {
      await start(echo, limits);
      const { status } = await ask(
        {
          ':method': 'POST',
          ':path': `/${'x'.repeat(99)}`,
          'content-length': '1000',
          'x-large': 'x'.repeat(189),
        },
        'x'.repeat(1000),
      );
      assert.equal(status, 200);
    });

    it('a body that does not come in time with 408', async () => {
      await start(echo, { bodyTimeoutMs: 200 });
      const stream = open().request({ ':method': 'POST', ':path': '/' }, { endStream: false });
      stream.on('error', () => {});
      stream.write('a');
      const [fields] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }];
      assert.equal(fields[':status'], 408);
    });

    it('no body that nobody wants yet: its time counts from when it is wanted', async () => {
      await start((exchange) => exchange.head.path === '/late' && echo(exchange), { bodyTimeoutMs: 50 });
      const session = open();
      const post = (path: string) => {
        const stream = session.request({ ':method': 'POST', ':path': path }, { endStream: false });
        return stream.on('error', () => {});
      };
      const statusOf = async (stream: ReturnType<typeof post>) => {
        const [fields] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }];
        return fields[':status'];
      };
      const [asked, unwanted, forgotten] = [post('/asked'), post('/unwanted'), post('/forgotten')];
      const answers = [answerOf(asked), answerOf(unwanted)] as const;
      await waitFor(() => edge.exchanges.length === 3, { what: 'three requests' });
      const [first, second, third] = edge.exchanges as [Exchange, Exchange, Exchange];
      // Its time begins later than theirs would have.
      const isLate = async () => assert.equal(await statusOf(post('/late')), 408);
      await isLate();
      second.begin(HEAD, 0, Buffer.from('a'), false);
      await isLate();
      second.write(Buffer.from('b'), true);
      unwanted.end();
      assert.equal((await answers[1]).body.toString(), 'ab');
      const status = statusOf(forgotten);
      echo(third);
      assert.equal(await status, 408);
      edge.server.bodyDeadlines.durationMs = 15_000;
      echo(first);
      asked.end('hello');
      assert.equal((await answers[0]).body.toString(), 'POST /asked hello');
    });

    const malformed: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
      ['a name in upper case', [...GET, ['X-Upper', 'a']]],
      ['Connection', [...GET, ['connection', 'close']]],
      ['Transfer-Encoding', [...GET, ['transfer-encoding', 'chunked']]],
      ['Upgrade', [...GET, ['upgrade', 'h2c']]],
      ['TE with more than trailers', [...GET, ['te', 'gzip']]],
      ['two paths', [...GET, [':path', '/other']]],
      ['a pseudo-header behind a field', [['x-a', 'b'], ...GET]],
      ['an authority with a user', [...GET.slice(0, 3), [':authority', 'me@localhost']]],
      ['no path', GET.filter(([name]) => name !== ':path')],
      ['no method', GET.filter(([name]) => name !== ':method')],
      ['a path without a slash', [...GET.filter(([name]) => name !== ':path'), [':path', 'a']]],
      ['no authority', GET.filter(([name]) => name !== ':authority')],
      [
        'CONNECT',
        [
          [':method', 'CONNECT'],
          [':authority', 'localhost:1'],
        ],
      ],
      [
        'an extended CONNECT',
        [...GET.filter(([name]) => name !== ':method'), [':method', 'CONNECT'], [':protocol', 'websocket']],
      ],
      ['a Content-Length without a body', [...GET, ['content-length', '5']]],
      ['two Content-Lengths', [...GET, ['content-length', '0'], ['content-length', '0']]],
      ['a Content-Length that is no number', [...GET, ['content-length', '+0']]],
      ['a pseudo-header that nobody knows', [...GET, [':unknown', 'a']]],
    ];
    for (const [what, fields] of malformed) {
      it(`${what}, by a status or by a reset`, async () => {
        await start();
        const client = await openRaw();
        client.headers(1, fields);
        const answer = await client.answer(
          ({ type, stream }) =>
            (stream === 1 && (type === FRAME.headers || type === FRAME.rstStream)) || type === FRAME.goaway,
        );
        // 0x8c is `:status: 400`, and 501 has no such short form.
        if (answer?.type === FRAME.headers && what !== 'CONNECT') assert.equal(answer.payload[0], 0x8c);
        if (answer?.type === FRAME.rstStream) assert.equal(answer.payload.readUInt32BE(), ERROR.protocol);
        assert.deepEqual(edge.exchanges, []);
      });
    }

    for (const value of ['a\r\nb', 'a\0b', 'a\nb', '\x7f']) {
      it(`to tell anybody of a value with ${JSON.stringify(value)}`, async () => {
        await start();
        const client = await openRaw();
        client.headers(1, [...GET, ['x-value', value]]);
        await client.answer(({ stream }) => stream === 1);
        assert.deepEqual(edge.exchanges.map(({ head }) => head.fields.get('x-value')).filter(Boolean), []);
      });
    }

    for (const [sent, what] of [
      [3, 'shorter'],
      [7, 'longer'],
    ] as const) {
      it(`a body that is ${what} than its Content-Length`, async () => {
        const whole: unknown[] = [];
        await start((exchange) => exchange.collectBody((body) => whole.push(body)));
        const client = await openRaw();
        const fields = [...GET.map(([name, value]) => [name, name === ':method' ? 'POST' : value] as const)];
        client.headers(1, [...fields, ['content-length', '5']], FLAG.endHeaders);
        await waitFor(() => edge.exchanges.length === 1);
        client.send(FRAME.data, FLAG.endStream, 1, Buffer.alloc(sent, 'x'));
        const answer = await client.answer(({ type }) => type === FRAME.rstStream || type === FRAME.goaway);
        if (answer?.type === FRAME.rstStream) assert.equal(answer.payload.readUInt32BE(), ERROR.protocol);
        assert.deepEqual(whole, []);
        await waitFor(() => edge.accessed.length === 1);
      });
    }
  });

  describe('whose client leaves', () => {
    it('a request tells its producer', async () => {
      const producer = new FakeProducer();
      await start((exchange) => {
        exchange.producer = producer;
      });
      const session = open();
      const stream = send(session, { ':path': '/' });
      const other = send(session, { ':path': '/other' });
      await waitFor(() => edge.exchanges.length === 2);
      stream.close(constants.NGHTTP2_CANCEL);
      await waitFor(() => producer.calls.includes('cancel'));
      assert.deepEqual(edge.accessed, ['GET / 499 0']);
      edge.exchanges[1]?.respond(HEAD, 0, 'other');
      assert.equal((await answerOf(other)).body.toString(), 'other');
    });

    it('altogether tells all producers', async () => {
      const producers: FakeProducer[] = [];
      await start((exchange) => {
        const producer = new FakeProducer();
        producers.push(producer);
        exchange.producer = producer;
        if (producers.length === 2) exchange.begin(HEAD, 0, Buffer.alloc(1_000_000), false);
      });
      const session = open();
      for (let count = 0; count < 3; count++) send(session, { ':path': `/${count}` });
      await waitFor(() => producers.length === 3);
      session.destroy();
      await waitFor(() => producers.every(({ calls }) => calls.includes('cancel')));
      await edge.whenEmpty();
      assert.equal(edge.accessed.length, 3);
    });

    it('in the middle of a body runs nothing', async () => {
      const whole: unknown[] = [];
      await start((exchange) => exchange.collectBody((body) => whole.push(body)));
      // Not Node's client, which ends the body when it resets the stream.
      const client = await openRaw();
      client.headers(
        1,
        GET.map(([name, value]) => [name, name === ':method' ? 'POST' : value]),
        FLAG.endHeaders,
      );
      for (let piece = 0; piece < 4; piece++) client.send(FRAME.data, 0, 1, Buffer.alloc(16_000));
      await waitFor(() => edge.exchanges.length === 1);
      const code = Buffer.alloc(4);
      code.writeUInt32BE(ERROR.cancel);
      client.send(FRAME.rstStream, 0, 1, code);
      await waitFor(() => edge.accessed.length === 1);
      assert.deepEqual(whole, []);
      await waitFor(() => edge.spooled.length === 0);
    });
  });

  describe('is ended', () => {
    it('when no request comes at all', async () => {
      await start(echo, { headTimeoutMs: 200 });
      const client = await openRaw();
      assert.equal((await client.frame(({ type }) => type === FRAME.goaway)).payload.readUInt32BE(4), 0);
      await edge.whenEmpty();
    });

    it('when it has been idle for long enough, in order', async () => {
      await start(echo, { keepAliveMs: 200 });
      const session = open();
      assert.equal((await answerOf(send(session, { ':path': '/' }))).status, 200);
      await once(session, 'close');
      await edge.whenEmpty();
    });

    it('after what was asked for when connections are not kept', async () => {
      await start(echo, { keepAliveMs: 0 });
      const session = open();
      const answers = [1, 2].map((count) => answerOf(send(session, { ':path': `/${count}` })));
      for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
      if (!session.closed) await once(session, 'close');
      await edge.whenEmpty();
    });

    it('when its client takes nothing of a response for too long', async () => {
      await start(
        (exchange) => {
          exchange.producer = new FakeProducer();
          exchange.begin(HEAD, 0, Buffer.alloc(2_000_000), true);
        },
        { sendTimeoutMs: 300, keepAliveMs: 200 },
      );
      // It reads, but never gives leave to send more.
      const client = await openRaw();
      client.headers(1, GET);
      const { payload } = await client.frame(({ type }) => type === FRAME.rstStream);
      assert.equal(payload.readUInt32BE(), ERROR.cancel);
      await client.frame(({ type }) => type === FRAME.goaway);
      await edge.whenEmpty();
    });

    it('by a drain after what it has asked for', async () => {
      const waiting: Exchange[] = [];
      await start((exchange) => {
        exchange.producer = new FakeProducer();
        waiting.push(exchange);
      });
      const session = open();
      const streams = [1, 2, 3].map((count) => send(session, { ':path': `/${count}` }));
      const answers = streams.map((stream) => answerOf(stream));
      await waitFor(() => waiting.length === 3);
      const goaway = once(session, 'goaway');
      edge.server.drainConnections();
      const [code, last] = await goaway;
      assert.deepEqual([code, last], [0, 2 ** 31 - 1]);
      for (const exchange of waiting) exchange.respond(HEAD, 0, exchange.head.path);
      const bodies = (await Promise.all(answers)).map(({ body }) => body.toString());
      assert.deepEqual(bodies, ['/1', '/2', '/3']);
      await edge.whenEmpty();
    });

    it('by a drain after what it had sent before it knew of that', async () => {
      await start();
      const client = await openRaw();
      client.headers(1, GET);
      await client.frame(({ type, stream }) => type === FRAME.data && stream === 1);
      edge.server.drainConnections();
      const lastOf = ({ payload }: Frame) => payload.readUInt32BE();
      const isGoAway = ({ type }: Frame) => type === FRAME.goaway;
      assert.equal(lastOf(await client.frame(isGoAway)), 2 ** 31 - 1);
      client.headers(3, GET);
      await client.frame(({ type, stream }) => type === FRAME.data && stream === 3);
      const final = await client.frame((frame) => isGoAway(frame) && lastOf(frame) !== 2 ** 31 - 1);
      assert.deepEqual([lastOf(final), final.payload.readUInt32BE(4)], [3, ERROR.none]);
      client.headers(5, GET);
      await edge.whenEmpty();
      assert.equal(edge.exchanges.length, 2);
    });

    it('by a drain when it is idle', async () => {
      await start();
      const session = open();
      await answerOf(send(session, { ':path': '/' }));
      edge.server.drainConnections();
      await once(session, 'close');
      await edge.whenEmpty();
    });
  });

  describe('bounds', () => {
    it('the requests that are under way', async () => {
      await start(() => {}, { http2: { ...edgeLimits, maxConcurrentStreams: 3 } });
      const client = await openRaw();
      for (const stream of [1, 3, 5, 7]) client.headers(stream, GET);
      // A client that has acknowledged the limit is cut off, and one that may not know it yet is told.
      const answer = await client.answer(
        ({ type, stream }) => type === FRAME.goaway || (type === FRAME.rstStream && stream === 7),
      );
      if (answer?.type === FRAME.rstStream) assert.equal(answer.payload.readUInt32BE(), ERROR.refusedStream);
      assert.ok(edge.exchanges.length <= 3);
    });

    it('the size of a head', async () => {
      await start(echo, { http2: { ...edgeLimits, maxHeaderListBytes: 2000 } });
      const client = await openRaw();
      client.headers(1, [
        ...GET,
        ...[...Array(30).keys()].map((key) => [`x-${key}`, 'y'.repeat(100)] as const),
      ]);
      await client.frame(({ type, stream }) => type === FRAME.data && stream === 1);
      await waitFor(() => /The head is too large/.test(edge.errorText));
      assert.deepEqual(edge.exchanges, []);
      // What it says of HPACK's table is known all the same.
      client.headers(3, [...GET, ['x-a', 'y'.repeat(1000)]]);
      await waitFor(() => edge.exchanges.length === 1);
    });

    /** Sends until the connection has ended, or so much that it should have. */
    async function flood(
      client: FrameConnection,
      frames: (round: number) => Buffer,
      rounds: number,
    ): Promise<boolean> {
      for (let round = 0; round < rounds && !client.hasEnded; round++) {
        await client.sendAll(frames(round)).catch(() => {});
      }
      return waitFor(() => client.hasEnded, { timeoutMs: 5000 }).then(
        () => true,
        () => false,
      );
    }

    it('resets: who opens and resets without end is cut off', async () => {
      const producers: FakeProducer[] = [];
      await start((exchange) => {
        const producer = new FakeProducer();
        producers.push(producer);
        exchange.producer = producer;
      });
      const client = await openRaw();
      const fields = block(GET);
      const reset = Buffer.alloc(4);
      reset.writeUInt32BE(ERROR.cancel);
      const hasEnded = await flood(
        client,
        (round) =>
          Buffer.concat(
            Array.from({ length: 20 }, (_, index) => {
              const stream = (round * 20 + index) * 2 + 1;
              return Buffer.concat([
                frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, stream, fields),
                frame(FRAME.rstStream, 0, stream, reset),
              ]);
            }),
          ),
        500,
      );
      assert.equal(hasEnded, true);
      assert.ok(edge.exchanges.length < 500, `${edge.exchanges.length} requests of 10000`);
      await waitFor(() =>
        /Invalid request from ip=127\.0\.0\.1: Too many requests were given up, or could not be read/.test(
          edge.errorText,
        ),
      );
      await waitFor(() => producers.every(({ calls }) => calls.includes('cancel')));
      await edge.whenEmpty();
    });

    for (const [who, forwardedAllowIps, isServed] of [
      ['a proxy that is trusted is served on', ['127.0.0.1'], true],
      ['anybody else is cut off', [], false],
    ] as const) {
      it(`resets, and three times as many requests that are not: ${who}`, async () => {
        await start(
          (exchange) => {
            if (exchange.head.path !== '/') exchange.respond(HEAD, 0, 'served');
          },
          { forwardedAllowIps },
        );
        const client = await openRaw();
        const served = block(GET.map(([name, value]) => [name, name === ':path' ? '/served' : value]));
        const flags = FLAG.endHeaders | FLAG.endStream;
        let last = -1;
        const next = () => {
          last += 2;
          return last;
        };
        for (let round = 0; round < 300; round++) {
          const good = [next(), next(), next()].map((stream) => frame(FRAME.headers, flags, stream, served));
          const bad = next();
          await client.sendAll(
            Buffer.concat([
              ...good,
              frame(FRAME.headers, flags, bad, block(GET)),
              rstStream(bad, ERROR.cancel),
            ]),
          );
        }
        client.send(FRAME.headers, flags, next(), served);
        const answer = await client.answer(
          ({ type, stream }) => (type === FRAME.data && stream === last) || type === FRAME.goaway,
        );
        assert.equal(answer?.type === FRAME.data, isServed);
      });
    }

    it('requests that cannot be read: who sends nothing else is cut off', async () => {
      await start();
      const client = await openRaw();
      const fields = block([...GET.slice(0, 3), [':authority', 'a'], ['host', 'b']]);
      const hasEnded = await flood(
        client,
        (round) => frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, round * 2 + 1, fields),
        1000,
      );
      assert.equal(hasEnded, true);
      assert.deepEqual(edge.exchanges, []);
      const lines = edge.errorText.match(/Invalid request/g)?.length ?? 0;
      assert.ok(lines < 300, `${lines} lines`);
    });

    it('frames of a head that does not end', async () => {
      await start(echo, { logLevel: 'info' });
      const client = await openRaw();
      client.send(FRAME.headers, FLAG.endStream, 1, block(GET));
      const more = frame(FRAME.continuation, 0, 1, block([['x-a', 'b'.repeat(100)]]));
      assert.equal(await flood(client, () => more, 5000), true);
      assert.deepEqual(edge.exchanges, []);
      assert.match(
        edge.errorText,
        /HTTP\/2 connection of ip=127\.0\.0\.1 was ended: a head has too many bytes, or frames/,
      );
    });

    it('frames of data without any', async () => {
      await start((exchange) => exchange.collectBody(() => {}));
      const client = await openRaw();
      client.headers(1, GET, FLAG.endHeaders);
      const empty = frame(FRAME.data, 0, 1, Buffer.alloc(0));
      const many = Buffer.concat(Array(100).fill(empty));
      assert.equal(await flood(client, () => many, 200), true);
    });

    for (const [what, type, payload] of [
      ['PING', FRAME.ping, Buffer.alloc(8)],
      ['SETTINGS', FRAME.settings, Buffer.alloc(0)],
    ] as const) {
      it(`${what} frames that are sent faster than their acknowledgements are read`, async () => {
        await start();
        const client = await openRaw();
        const session = open();
        const many = Buffer.concat(Array(2000).fill(frame(type, 0, 0, payload)));
        for (let round = 0; round < 50 && !client.hasEnded; round++)
          await client.sendAll(many).catch(() => {});
        // Others are served meanwhile, and memory does not grow without bound: what is not read is not kept.
        assert.equal((await answerOf(send(session, { ':path': '/' }))).status, 200);
      });
    }
  });

  const edgeLimits = {
    maxConcurrentStreams: 100,
    initialWindowBytes: 65_535,
    maxFrameBytes: 16_384,
    maxHeaderListBytes: 65_536,
  };

  it('may ask for HTTP/1.1, or for nothing', async () => {
    await start();
    for (const ALPNProtocols of [['http/1.1'], undefined]) {
      const response = await new Promise<string>((resolve, reject) => {
        import('node:https').then(({ get }) => {
          const options = { ca: authority, servername: 'localhost', ...(ALPNProtocols && { ALPNProtocols }) };
          get(`https://127.0.0.1:${edge.port}/a`, options, (answer) => {
            resolve(answer.httpVersion);
            answer.resume();
          }).on('error', reject);
        }, reject);
      });
      assert.equal(response, '1.1');
    }
  });
});

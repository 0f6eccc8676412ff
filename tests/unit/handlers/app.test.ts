import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Dispatcher } from '../../../src/dispatcher/dispatcher.ts';
import { AppHandler } from '../../../src/handlers/app.ts';
import { AppMetrics } from '../../../src/observe/app-metrics.ts';
import { HEADER_BYTES, KIND, RESPONSE_FLAG } from '../../../src/protocol/lane/frames.ts';
import { FakeWorker, frame, responseFrame } from '../dispatcher/fake-worker.ts';
import { LIMITS } from '../dispatcher/limits.ts';
import { FakeExchange, get, headOf, TRUSTED_RULES } from './fake-exchange.ts';

function setUp(t: TestContext, { scriptName = '', lanes = 1 } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] });
  const ignore = () => {};
  const dispatcher = new Dispatcher(
    { ...LIMITS, timeoutMs: 1000, gracefulTimeoutMs: 500 },
    {
      workerReady: ignore,
      workerOverdue: ignore,
      workerCondemned: ignore,
      workerSpent: ignore,
      workerLeaving: ignore,
      jobExpired: ignore,
      jobRefused: () => {},
      jobRetried: () => {},
      jobLost: ignore,
    },
  );
  const metrics = new AppMetrics();
  dispatcher.activate(1);
  const handler = new AppHandler(dispatcher, { scriptName, requestStartHeader: false }, metrics);
  const worker = new FakeWorker(dispatcher, { pid: 77, lanes }).connect(dispatcher);
  return {
    dispatcher,
    worker,
    handler,
    metrics,
    handle: (exchange: FakeExchange) => {
      handler.handle(exchange);
      t.mock.timers.tick(0);
      return exchange;
    },
    /** What was written to the lane since the last call: [flags, id, environ, body]. */
    request: (lane = 0) => {
      const socket = worker.sockets[lane];
      assert.ok(socket);
      const bytes = Buffer.from(socket.written, 'latin1');
      socket.written = '';
      assert.equal(bytes[4], KIND.request);
      assert.equal(bytes.length, HEADER_BYTES + bytes.readUInt32LE(0));
      const environEnd = HEADER_BYTES + bytes.readUInt32LE(12);
      return {
        flags: bytes[5],
        id: bytes.readUInt32LE(8),
        environ: bytes.toString('latin1', HEADER_BYTES, environEnd),
        body: bytes.toString('latin1', environEnd),
      };
    },
  };
}

describe('the application', () => {
  it('gets the environ, and its answer goes to the client', (t) => {
    const { handle, request, worker } = setUp(t);
    const exchange = handle(new FakeExchange(get('/a?b')));
    const { id, environ, body } = request();
    assert.ok(environ.startsWith('REQUEST_METHOD\0GET\0PATH_INFO\0/a\0QUERY_STRING\0b\0'));
    assert.equal(body, '');
    assert.equal(exchange.workerPid, 77);
    worker.answer(0, id, 'hello');
    assert.deepEqual(exchange.events, ['respond 200 OK | hello']);
  });

  it('gets a body that is in memory behind the environ, and its length', (t) => {
    const { handle, request } = setUp(t);
    const exchange = new FakeExchange(headOf('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'));
    exchange.body = {
      kind: 'memory',
      parts: [Buffer.from('he'), Buffer.from('llo\xff', 'latin1')],
      bytes: 6,
    };
    handle(exchange);
    const { environ, body, flags } = request();
    assert.equal(flags, 0);
    assert.equal(body, 'hello\xff');
    assert.ok(environ.includes('\0CONTENT_LENGTH\x006\0'));
  });

  it('gets the path of a body that is in a file', (t) => {
    const { handle, request } = setUp(t);
    const exchange = new FakeExchange(headOf('POST / HTTP/1.1', 'Host: a', 'Content-Length: 9'));
    exchange.body = { kind: 'file', path: '/run/körper', bytes: 9 };
    handle(exchange);
    const { body, flags } = request();
    assert.equal(flags, 1);
    assert.equal(Buffer.from(body, 'latin1').toString(), '/run/körper');
  });

  it('is not asked for what is outside its SCRIPT_NAME, or what a proxy says two ways', (t) => {
    const { handle, worker } = setUp(t, { scriptName: '/app' });
    assert.deepEqual(handle(new FakeExchange(get('/other'))).events, ['refuse 404']);
    const contradictory = new FakeExchange(get('/app', 'X-Forwarded-Proto: https', 'X-Forwarded-Ssl: off'), {
      ...new FakeExchange(get('/')).peer,
      rules: TRUSTED_RULES,
    });
    assert.deepEqual(handle(contradictory).events, [
      'refuse 400 The headers that tell the scheme contradict one another',
    ]);
    assert.equal(worker.sockets[0]?.written, '');
  });

  it('may answer in pieces', (t) => {
    const { handle, request, worker } = setUp(t);
    const exchange = handle(new FakeExchange(get('/')));
    const { id } = request();
    worker.send(0, frame(KIND.response, { id, a: 8 }, '200 OK\r\nab'));
    worker.send(0, frame(KIND.body, { id }, 'cde'));
    worker.send(0, frame(KIND.body, { id, flags: RESPONSE_FLAG.end }));
    assert.deepEqual(exchange.events, ['begin 200 OK | 2 bytes', 'write 3 bytes', 'write 0 bytes, the last']);
  });

  it('may answer with a large body at once', (t) => {
    const { handle, request, worker } = setUp(t);
    const exchange = handle(new FakeExchange(get('/')));
    worker.answer(0, request().id, 'x'.repeat(20_000));
    assert.deepEqual(exchange.events, ['begin 200 OK | 20000 bytes, all']);
  });

  it('may send early hints before its answer, and not more than clients put up with', (t) => {
    const { handle, request, worker } = setUp(t);
    const exchange = handle(new FakeExchange(get('/')));
    const { id } = request();
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      worker.send(0, frame(KIND.hints, { id }, `Link: </${name}>\r\n`));
    }
    worker.answer(0, id, 'hello');
    assert.deepEqual(exchange.events, [
      'hints Link: </a>',
      'hints Link: </b>',
      'hints Link: </c>',
      'hints Link: </d>',
      'respond 200 OK | hello',
    ]);
  });

  it('sends no early hints of what was answered otherwise, has begun, or is nobody’s', (t) => {
    const { handle, request, worker, dispatcher } = setUp(t);
    const exchange = handle(new FakeExchange(get('/')));
    const { id } = request();
    worker.send(0, frame(KIND.hints, { id: id + 7 }, 'Link: </nobody>\r\n'));
    worker.send(0, frame(KIND.response, { id, a: 8 }, '200 OK\r\nab'));
    worker.send(0, frame(KIND.hints, { id }, 'Link: </late>\r\n'));
    worker.send(0, frame(KIND.body, { id, flags: RESPONSE_FLAG.end }));
    assert.deepEqual(exchange.events, ['begin 200 OK | 2 bytes', 'write 0 bytes, the last']);

    const overdue = handle(new FakeExchange(get('/overdue')));
    const { id: overdueId } = request();
    dispatcher.giveUp();
    worker.send(0, frame(KIND.hints, { id: overdueId }, 'Link: </late>\r\n'));
    assert.deepEqual(overdue.events, ['refuse 503 Retry-After: 1']);
  });

  it('that breaks off has its response cut', (t) => {
    const { handle, request, worker } = setUp(t);
    const exchange = handle(new FakeExchange(get('/')));
    const { id } = request();
    worker.send(
      0,
      frame(KIND.response, { id, a: 8 }, '200 OK\r\nab'),
      frame(KIND.abort, { id, flags: 1 }, 'why'),
    );
    assert.deepEqual(exchange.events, ['begin 200 OK | 2 bytes', 'abort']);
  });

  it('that cannot be run by its worker is answered for with 502', (t) => {
    const { handle, request, worker } = setUp(t);
    const exchange = handle(new FakeExchange(get('/')));
    worker.send(0, frame(KIND.abort, { id: request().id, flags: 1 }, 'its body cannot be opened'));
    assert.deepEqual(exchange.events, ['refuse 502']);
  });

  it('that fails in other ways is answered for', (t) => {
    const { handle, dispatcher, worker } = setUp(t);
    const died = handle(new FakeExchange(headOf('POST / HTTP/1.1', 'Host: a')));
    const stopped = handle(new FakeExchange(get('/')));
    worker.die();
    dispatcher.exited(77, [1]);
    dispatcher.giveUp();
    assert.deepEqual(died.events, ['refuse 502']);
    assert.deepEqual(stopped.events, ['refuse 503 Retry-After: 1']);
  });
});

describe('the times of a request', () => {
  const post = () => new FakeExchange(headOf('POST / HTTP/1.1', 'Host: a'));

  it('are known before its response ends, and are counted for the application and the lane', (t) => {
    let nowMs = 1000;
    t.mock.method(performance, 'now', () => nowMs);
    const { handle, worker, metrics } = setUp(t);
    handle(post());
    const second = post();
    const known: number[] = [];
    second.respond = () => known.push(second.queuedUs, second.serviceUs);
    handle(second);
    assert.deepEqual([second.queuedUs, second.serviceUs], [-1, -1]);
    nowMs = 1012.5;
    worker.send(0, responseFrame(1, 'x', RESPONSE_FLAG.end, 12_000));
    assert.deepEqual([second.queuedUs, second.serviceUs], [12_500, -1]);
    worker.send(0, responseFrame(2, 'x', RESPONSE_FLAG.end, 700));
    assert.deepEqual(known, [12_500, 700]);
    assert.deepEqual([metrics.queue.count, metrics.queue.maxUs], [2, 12_500]);
    assert.deepEqual([metrics.service.sumUs, metrics.service.maxUs], [12_700, 12_000]);
    assert.deepEqual(worker.lanes[0]?.service.toJSON(), metrics.service.toJSON());
  });

  it('are none of one that the application broke off', (t) => {
    const { handle, request, worker, metrics } = setUp(t);
    const exchange = handle(post());
    worker.send(0, frame(KIND.abort, { id: request().id, flags: 1, b: 9 }, 'why'));
    assert.equal(exchange.serviceUs, -1);
    assert.equal(metrics.service.count, 0);
  });
});

describe('the route of a request', () => {
  it('is the same however its path is encoded, so that no rule can be got around', (t) => {
    const { handle, dispatcher } = setUp(t);
    const of = t.mock.method(dispatcher.history, 'of');
    for (const target of ['/reports/caf%C3%A9', '/%72eports/caf%c3%a9?q'])
      handle(new FakeExchange(get(target)));
    assert.deepEqual(
      of.mock.calls.map(({ arguments: [method, path] }) => `${method} ${path}`),
      ['GET /reports/caf\xc3\xa9', 'GET /reports/caf\xc3\xa9'],
    );
  });
});

describe('what went wrong', () => {
  it('is counted once, by its reason', (t) => {
    const { handle, request, worker, dispatcher, metrics } = setUp(t);
    const counts = () =>
      ['broken-off', 'client-left', 'worker-died', 'stopping'].map((reason) => metrics.failures(reason));
    const post = () => handle(new FakeExchange(headOf('POST / HTTP/1.1', 'Host: a')));
    post();
    worker.send(0, frame(KIND.abort, { id: request().id, flags: 1 }, 'why'));
    assert.deepEqual(counts(), [1, 0, 0, 0]);
    post();
    const { id } = request();
    const waiting = post();
    waiting.producer?.cancel();
    waiting.producer?.cancel();
    assert.deepEqual(counts(), [1, 1, 0, 0]);
    post();
    worker.die();
    dispatcher.exited(77, [id]);
    assert.deepEqual(counts(), [1, 1, 1, 0]);
    dispatcher.giveUp();
    assert.deepEqual(counts(), [1, 1, 1, 1]);
  });
});

describe('requests on their way to a worker', () => {
  const written = ({ worker }: ReturnType<typeof setUp>) => {
    const bytes = worker.sockets[0]?.written ?? '';
    return bytes.split('REQUEST_METHOD').length - 1;
  };

  it('go at once while there is one at a time', (t) => {
    const all = setUp(t);
    for (let id = 1; id <= 3; id += 1) {
      all.handler.handle(new FakeExchange(get('/')));
      assert.equal(written(all), id);
      all.worker.answer(0, id);
    }
  });

  it('go together, at the end of the turn, when the last ones came several at a time', (t) => {
    const all = setUp(t);
    // Until the path has proved fast, a lane is given one at a time.
    for (let id = 1; id <= 8; id += 1) {
      all.handle(new FakeExchange(get('/')));
      all.worker.answer(0, id);
    }
    const several = () => {
      for (let n = 0; n < 3; n += 1) all.handler.handle(new FakeExchange(get('/')));
    };
    several();
    assert.equal(written(all), 9, 'the first of them was thought to be alone');
    t.mock.timers.tick(0);
    assert.equal(written(all), 11);
    for (const id of [9, 10, 11]) all.worker.answer(0, id);
    several();
    assert.equal(written(all), 11);
    t.mock.timers.tick(0);
    assert.equal(written(all), 14);
  });
});

describe('a file as a response', () => {
  const WHERE = '{"fd": 9, "offset": 3, "length": 5}';
  const FLAGS = RESPONSE_FLAG.end | RESPONSE_FLAG.file | RESPONSE_FLAG.length;

  it('is opened through the worker, whose descriptor is then released', (t) => {
    const { handle, request, worker } = setUp(t);
    const exchange = handle(new FakeExchange(get('/')));
    const { id } = request();
    worker.send(0, responseFrame(id, WHERE, FLAGS));
    assert.deepEqual(exchange.events, ['file 200 OK | /proc/77/fd/9 3 5']);
    assert.deepEqual(worker.takeControl(), []);
    exchange.file?.opened?.();
    assert.deepEqual(worker.takeControl(), [{ kind: KIND.release, id, a: 0 }]);
  });

  it('keeps a worker that is to leave until it has been opened', (t) => {
    const { handle, request, worker, dispatcher } = setUp(t);
    const exchange = handle(new FakeExchange(get('/')));
    const { id } = request();
    dispatcher.retire(77);
    worker.send(0, responseFrame(id, WHERE, FLAGS));
    assert.deepEqual(worker.takeControl(), []);
    exchange.file?.opened?.();
    assert.deepEqual(
      worker.takeControl().map(({ kind }) => kind),
      [KIND.release, KIND.quit],
    );
  });

  it('is understood however its frame is split', (t) => {
    const { handle, request, worker } = setUp(t);
    const size = responseFrame(1, WHERE, FLAGS).length;
    for (let at = 1; at < size; at += 1) {
      const exchange = handle(new FakeExchange(get('/')));
      const bytes = responseFrame(request().id, WHERE, FLAGS);
      worker.send(0, bytes.subarray(0, at));
      worker.send(0, bytes.subarray(at));
      assert.deepEqual(exchange.events, ['file 200 OK | /proc/77/fd/9 3 5'], `split at ${at}`);
    }
  });

  it('is answered for with 502 when its place cannot be understood', (t) => {
    const { handle, request, worker } = setUp(t);
    const exchange = handle(new FakeExchange(get('/')));
    worker.send(0, responseFrame(request().id, '{"fd": 9,', FLAGS));
    assert.deepEqual(exchange.events, ['refuse 502']);
  });

  it('may have a head larger than most responses', (t) => {
    const { handle, request, worker } = setUp(t);
    const exchange = handle(new FakeExchange(get('/')));
    const head = `200 OK\r\nX: ${'x'.repeat(20_000)}\r\n`;
    worker.send(0, frame(KIND.response, { flags: FLAGS, id: request().id, a: head.length }, head + WHERE));
    assert.match(exchange.events[0] ?? '', /^file 200 OK/);
  });
});

describe('the backpressure of a response', () => {
  /** A streaming response, paused by its client. */
  function streaming(t: TestContext) {
    const all = setUp(t);
    const exchange = all.handle(new FakeExchange(get('/')));
    const { id } = all.request();
    all.worker.send(0, frame(KIND.response, { id, a: 8 }, '200 OK\r\nab'));
    const socket = all.worker.sockets[0];
    const producer = exchange.producer;
    assert.ok(socket && producer);
    producer.pause();
    return { ...all, exchange, id, socket, producer };
  }

  it('holds its lane', (t) => {
    const { socket, producer } = streaming(t);
    assert.equal(socket.isPaused, true);
    producer.resume();
    assert.equal(socket.isPaused, false);
  });

  it('ends with the response: the lane is free for others while the client takes what is kept for him', (t) => {
    const { socket, producer, worker, id, handle, request } = streaming(t);
    // What lies in the same read as the byte that was one too many.
    socket.emit('data', frame(KIND.body, { id, flags: RESPONSE_FLAG.end }));
    assert.equal(socket.isPaused, false);
    const next = handle(new FakeExchange(get('/next')));
    const nextId = request().id;
    worker.send(0, frame(KIND.response, { id: nextId, a: 8 }, '200 OK\r\nab'));
    next.producer?.pause();
    producer.resume();
    assert.equal(socket.isPaused, true, 'the first client must not set the second one’s response going');
    producer.pause();
    next.producer?.resume();
    assert.equal(socket.isPaused, false);
    producer.pause();
    assert.equal(socket.isPaused, false, 'nor hold it');
  });

  it('ends when the client leaves: the rest is thrown away', (t) => {
    const { socket, producer, worker, id, exchange } = streaming(t);
    producer.cancel();
    assert.equal(socket.isPaused, false);
    assert.deepEqual(worker.takeControl(), [{ kind: KIND.cancel, id, a: 0 }]);
    worker.send(0, frame(KIND.body, { id }, 'more'), frame(KIND.abort, { id, flags: 1 }, 'left'));
    assert.deepEqual(exchange.events, ['begin 200 OK | 2 bytes']);
    assert.equal(worker.lanes[0]?.depth, 0);
  });
});

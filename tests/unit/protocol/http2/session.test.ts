import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  block,
  ERROR,
  FLAG,
  FRAME,
  frame,
  GET,
  PREFACE,
  padded,
  rstStream,
  SETTING,
  settings,
  uint32,
  windowUpdate,
} from '../../../support/http2-frames.ts';
import { data, head, LIMITS, START, TestSession } from './test-session.ts';

const FIRST_WINDOW_BYTES = 65_535;
const MAX_WINDOW_BYTES = 2 ** 31 - 1;
const MAX_IDLE_FRAMES = 10_000;
const PING = frame(FRAME.ping, 0, 0, Buffer.alloc(8));
const PRIORITY = frame(FRAME.priority, 0, 7, Buffer.concat([uint32(1), Buffer.of(1)]));
const BLOCK = block(GET);

describe('a connection', () => {
  it('begins with the limits of the server, and its window', () => {
    const test = new TestSession({ initialWindowBytes: 100_000 });
    test.session.start();
    const [first, second, ...more] = test.frames();
    assert.deepEqual(
      [first?.type, first?.payload.toString('hex')],
      [FRAME.settings, '000300000005' + '0004000186a0' + '000500004000' + '000600002000'],
    );
    assert.deepEqual([second?.type, second?.payload.readUInt32BE()], [FRAME.windowUpdate, 500_000 - 65_535]);
    assert.deepEqual(more, []);
  });

  it('begins with the SETTINGS of the client', () => {
    const first = (bytes: Buffer) => {
      const test = new TestSession();
      test.send(Buffer.from(PREFACE), bytes);
      return test.said();
    };
    assert.deepEqual(first(settings()), ['frame 4 1']);
    const others = [PING, head(1), data(1), windowUpdate(0, 1), frame(99, 0, 0)];
    for (const bytes of [...others, frame(FRAME.settings, FLAG.ack, 0)]) {
      assert.deepEqual(first(bytes), [`goaway 0 ${ERROR.protocol}`]);
    }
  });

  it('reads the same from memory that is used again', () => {
    const test = TestSession.begun();
    const lend = (bytes: Buffer) => {
      test.session.receive(bytes, true);
      bytes.fill(0xee);
    };
    lend(Buffer.concat([head(1, false, [...GET, ['x-own', 'kept']]), data(1, 'held ')]));
    test.session.read(test.stream(1));
    lend(data(1, 'and taken', true));
    assert.equal(test.log(1).text, 'held and taken');
    assert.deepEqual(test.fields[0]?.slice(-2), ['x-own', 'kept']);
  });

  it('is idle whenever its last stream is closed', () => {
    const test = TestSession.begun();
    const [first, second] = [test.open(1), test.open(3)];
    test.answer(first);
    assert.deepEqual([test.session.openStreams, test.events.at(-1)], [1, 'request 3']);
    test.answer(second);
    assert.deepEqual([test.session.openStreams, test.events.at(-1)], [0, 'idle']);
    test.open(5);
    test.send(rstStream(5, ERROR.cancel));
    assert.deepEqual(test.events.slice(-2), ['request 5', 'idle']);
  });
});

describe('a head', () => {
  const first = (flags: number = 0, part = BLOCK.subarray(0, 5)) => frame(FRAME.headers, flags, 1, part);
  const next = (flags: number = FLAG.endHeaders, part = BLOCK.subarray(5), id = 1) =>
    frame(FRAME.continuation, flags, id, part);

  it('may come in several frames', () => {
    for (const isEnd of [false, true]) {
      const test = TestSession.begun();
      test.send(
        first(isEnd ? FLAG.endStream : 0),
        next(0, BLOCK.subarray(5, 9)),
        next(0, Buffer.alloc(0)),
        next(FLAG.endHeaders, BLOCK.subarray(9)),
      );
      assert.deepEqual(test.fields, [GET.flat()]);
      assert.equal(test.stream(1).hasEnded, isEnd);
      assert.deepEqual(test.said(), []);
    }
  });

  it('may be padded, and have a priority, in its first frame', () => {
    const test = TestSession.begun();
    const content = Buffer.concat([uint32(0), Buffer.of(9), BLOCK]);
    test.send(frame(FRAME.headers, 5 | FLAG.padded | FLAG.priority, 1, padded(content, 7)));
    assert.deepEqual(test.fields, [GET.flat()]);
  });

  const interrupting: Readonly<Record<string, Buffer>> = {
    'data of the stream': data(1, 'x'),
    'another head': head(3),
    'the same head': first(),
    'a CONTINUATION of another stream': next(FLAG.endHeaders, BLOCK, 3),
    PING,
    PRIORITY,
    SETTINGS: settings(),
    'a reset of the stream': rstStream(1, ERROR.cancel),
    'a window': windowUpdate(0, 1),
    'what nobody knows': frame(99, 0, 1),
  };
  for (const [what, bytes] of Object.entries(interrupting)) {
    it(`is not interrupted by ${what}`, () => {
      const test = TestSession.begun();
      test.send(first(), bytes, next());
      assert.deepEqual(test.said(), [`goaway 0 ${ERROR.protocol}`]);
      assert.deepEqual(test.events, ['failed']);
    });
  }

  it('is not continued where it is whole, or where there is none', () => {
    for (const before of [head(1, false), data(1), PING]) {
      const test = TestSession.begun();
      test.open(3);
      test.send(before, next());
      assert.match(test.said().at(-1) as string, new RegExp(` ${ERROR.protocol}$`));
    }
  });

  it('may come in 64 more frames, and no more', () => {
    const continued = (count: number) => {
      const test = TestSession.begun();
      test.send(first(), ...Array.from({ length: count - 1 }, () => next(0, Buffer.alloc(0))), next());
      return test.said();
    };
    assert.deepEqual(continued(64), []);
    assert.deepEqual(continued(65), [`goaway 0 ${ERROR.calm}`]);
  });

  it('may be a little larger compressed than its fields may be, and no more', () => {
    const most = LIMITS.maxHeadBytes + 4096;
    const large = (bytes: number) => {
      const test = TestSession.begun();
      test.send(first(0, Buffer.alloc(most, 0x82)), next(0, Buffer.alloc(bytes - most, 0x82)));
      return test.said();
    };
    assert.deepEqual(large(most), []);
    assert.deepEqual(large(most + 1), [`goaway 0 ${ERROR.calm}`]);
  });

  it('that has too many fields is told of without them, and the next is read', () => {
    const test = TestSession.begun();
    const size = (bytes: number) => {
      const others = GET.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
      return [...GET, ['x', 'y'.repeat(bytes - others - 33)]] as [string, string][];
    };
    test.send(head(1, true, size(LIMITS.maxHeadBytes + 1)), head(3, true, size(LIMITS.maxHeadBytes)));
    assert.equal(test.fields[0], null);
    assert.deepEqual(test.fields[1]?.slice(0, 8), GET.flat());
    assert.deepEqual(test.said(), []);
  });

  it('that cannot be decompressed ends the connection', () => {
    const test = TestSession.begun();
    test.open(1);
    test.send(frame(FRAME.headers, FLAG.endHeaders, 3, Buffer.of(0xff)));
    assert.deepEqual(test.said(), [`goaway 1 ${ERROR.compression}`]);
  });

  it('adds to the table also where nobody is told of it', () => {
    // RFC 7541 6.2.1 and 6.1: a field that goes to the table, and the same from there.
    const toTable = Buffer.concat([Buffer.of(0x40, 1), Buffer.from('x'), Buffer.of(4), Buffer.from('kept')]);
    const fromTable = Buffer.of(0xbe);
    const sendings: Readonly<Record<string, (test: TestSession, id: number, bytes: Buffer) => void>> = {
      refused: (test, id, bytes) => test.send(frame(FRAME.headers, 5, id, bytes)),
      'of a stream that was reset': (test, _, bytes) => test.send(frame(FRAME.headers, 5, 1, bytes)),
      trailers: (test, _, bytes) => test.send(frame(FRAME.headers, 5, 3, bytes)),
    };
    for (const [what, send] of Object.entries(sendings)) {
      const test = TestSession.begun({ maxConcurrentStreams: 2 });
      test.session.reset(test.open(1, false), ERROR.cancel);
      const others = [test.open(3, false), test.open(5)];
      send(test, 7, toTable);
      for (const stream of others) test.answer(stream);
      test.send(frame(FRAME.headers, 5, 9, Buffer.concat([BLOCK, fromTable])));
      assert.deepEqual(test.fields.at(-1), [...GET.flat(), 'x', 'kept'], what);
    }
  });
});

describe('trailers', () => {
  const trailers = (isEnd: boolean, name: string) => head(1, isEnd, [[name, '1']]);

  it('end the stream', () => {
    const test = TestSession.begun();
    test.open(1, false);
    test.send(data(1, 'abc'), trailers(true, 'x-checksum'));
    assert.deepEqual(test.log(1).events, ['abc', '(end)']);
    test.answer(test.stream(1));
    assert.equal(test.session.openStreams, 0);
  });

  it('are the end of what is held, too', () => {
    const test = TestSession.begun();
    test.open(1, false, false);
    test.send(data(1, 'abc'), trailers(true, 'x-checksum'));
    assert.deepEqual(test.log(1).events, []);
    test.session.read(test.stream(1));
    assert.deepEqual(test.log(1).events, ['abc', '(end)']);
  });

  it('that do not end the stream, say what only a head says, or are too large, reset it', () => {
    const large = head(
      1,
      true,
      Array.from({ length: 300 }, () => ['x', '1']),
    );
    for (const bytes of [trailers(false, 'x-checksum'), trailers(true, ':path'), large]) {
      const test = TestSession.begun();
      test.open(1, false);
      test.send(bytes);
      assert.deepEqual(test.said(), [`reset 1 ${ERROR.protocol}`]);
      assert.deepEqual(test.log(1).events, ['(close)']);
    }
  });

  it('that come before all of a body whose length was said reset the stream', () => {
    const test = TestSession.begun();
    test.open(1, false).declaredBytes = 4;
    test.send(data(1, 'abc'), trailers(true, 'x-checksum'));
    assert.deepEqual(test.said(), [`reset 1 ${ERROR.protocol}`]);
  });
});

describe('requests', () => {
  it('are refused beyond so many, until one is over', () => {
    const test = TestSession.begun({ maxConcurrentStreams: 2 });
    test.open(1);
    test.open(3);
    test.send(head(5), head(7));
    assert.deepEqual(test.said(), [`reset 5 ${ERROR.refusedStream}`, `reset 7 ${ERROR.refusedStream}`]);
    assert.deepEqual(test.events, ['request 1', 'request 3', 'refused', 'refused']);
    test.answer(test.stream(1));
    test.send(head(9), head(11));
    assert.deepEqual(test.said(), ['head 1 end', `reset 11 ${ERROR.refusedStream}`]);
    assert.equal(test.events.at(-2), 'request 9');
  });

  it('count as under way until both sides are done', () => {
    const test = TestSession.begun({ maxConcurrentStreams: 1 });
    test.answer(test.open(1, false), 'early');
    test.send(head(3));
    assert.deepEqual(test.said().slice(2), [`reset 3 ${ERROR.refusedStream}`]);
    test.send(data(1, '', true), head(5));
    assert.deepEqual(test.said(), []);
    assert.equal(test.events.at(-1), 'request 5');
  });

  it('that are answered at once, while they are told of, leave nothing', () => {
    const test = TestSession.begun();
    test.onRequest = (stream) => test.answer(stream, 'all');
    test.send(head(1), head(3, false), data(3, 'late', true));
    assert.deepEqual(test.said(), ['head 1', 'data 1 3 end', 'head 3', 'data 3 3 end']);
    assert.deepEqual(test.events, ['request 1', 'idle', 'request 3', 'answered 3', 'idle']);
    assert.equal(test.session.openStreams, 0);
  });

  it('that are reset at once, while they are told of, leave nothing', () => {
    const test = TestSession.begun();
    test.onRequest = (stream) => test.session.reset(stream, ERROR.protocol);
    test.send(head(1), head(3, false), data(3, 'late', true));
    assert.deepEqual(test.said(), [`reset 1 ${ERROR.protocol}`, `reset 3 ${ERROR.protocol}`]);
    assert.equal(test.session.openStreams, 0);
  });
});

describe('a request that is answered before its body has come', () => {
  it('is given to somebody who takes the rest', () => {
    const test = TestSession.begun();
    const stream = test.open(1, false, false);
    test.send(data(1, 'held'));
    test.answer(stream, 'early');
    const [own, rest] = [test.log(1), stream.taker];
    assert.notEqual(rest, own);
    assert.deepEqual(test.events, ['request 1', 'answered 1']);
    test.send(data(1, 'more'), data(1, '', true));
    assert.deepEqual(own.events, []);
    assert.deepEqual((rest as typeof own).events, ['held', 'more', '(end)', '(close)']);
    assert.deepEqual(test.said(), ['head 1', 'data 1 5 end']);
    assert.equal(test.session.openStreams, 0);
  });

  it('is over at once where all of its body was held', () => {
    const test = TestSession.begun();
    const stream = test.open(1, false, false);
    test.send(data(1, 'held', true));
    test.answer(stream, 'early');
    assert.deepEqual(test.events, ['request 1', 'idle']);
    assert.equal(test.session.openStreams, 0);
  });

  it('can be reset without an error', () => {
    const test = TestSession.begun();
    const stream = test.open(1, false);
    test.answer(stream, 'early');
    test.session.reset(stream, ERROR.none);
    test.session.reset(stream, ERROR.none);
    test.send(data(1, 'on its way'));
    assert.deepEqual(test.said(), ['head 1', 'data 1 5 end', `reset 1 ${ERROR.none}`]);
  });
});

describe('windows', () => {
  it('of the connection are granted by something, and not beyond what there can be', () => {
    const after = (...grants: readonly number[]) => {
      const test = TestSession.begun();
      test.open(1);
      test.send(...grants.map((bytes) => windowUpdate(0, bytes)));
      return test.said();
    };
    assert.deepEqual(after(0), [`goaway 1 ${ERROR.protocol}`]);
    assert.deepEqual(after(MAX_WINDOW_BYTES - FIRST_WINDOW_BYTES), []);
    assert.deepEqual(after(MAX_WINDOW_BYTES - FIRST_WINDOW_BYTES, 1), [`goaway 1 ${ERROR.flowControl}`]);
    // The highest bit is reserved.
    assert.deepEqual(after(0x80000000), [`goaway 1 ${ERROR.protocol}`]);
    assert.deepEqual(after(0x80000001), []);
  });

  it('of a stream likewise, or it is reset', () => {
    const after = (...grants: readonly number[]) => {
      const test = TestSession.begun();
      test.open(1);
      test.send(...grants.map((bytes) => windowUpdate(1, bytes)));
      return test.said();
    };
    assert.deepEqual(after(0), [`reset 1 ${ERROR.protocol}`]);
    assert.deepEqual(after(MAX_WINDOW_BYTES - FIRST_WINDOW_BYTES), []);
    assert.deepEqual(after(MAX_WINDOW_BYTES - FIRST_WINDOW_BYTES, 1), [`reset 1 ${ERROR.flowControl}`]);
  });

  it('of all streams follow the SETTINGS, also below nothing', () => {
    const test = TestSession.begun();
    const stream = test.open(1);
    test.session.sendHead(stream, 200, '200 OK\r\n', '', false);
    test.session.sender.send(stream, Buffer.alloc(1000), null);
    test.send(settings([SETTING.window, 100]));
    test.session.sender.send(stream, Buffer.alloc(10), null);
    test.said();
    test.send(windowUpdate(1, 900));
    assert.deepEqual(test.said(), []);
    test.send(windowUpdate(1, 1));
    assert.deepEqual(test.said(), ['data 1 1']);
    test.send(settings([SETTING.window, MAX_WINDOW_BYTES]));
    assert.deepEqual(test.said(), ['frame 4 1', 'data 1 9']);
    assert.equal(test.open(3).sendWindow, MAX_WINDOW_BYTES);
  });

  it('become by no SETTINGS larger than there can be', () => {
    const test = TestSession.begun();
    test.open(1);
    test.send(windowUpdate(1, 1), settings([SETTING.window, MAX_WINDOW_BYTES]));
    assert.deepEqual(test.said(), [`goaway 1 ${ERROR.flowControl}`]);
  });

  it('are of one size in frames that are no grants', () => {
    for (const length of [0, 3, 5]) {
      for (const type of [FRAME.windowUpdate, FRAME.rstStream]) {
        const test = TestSession.begun();
        test.open(1);
        test.send(frame(type, 0, 1, Buffer.alloc(length, 1)));
        assert.deepEqual(test.said(), [`goaway 1 ${ERROR.frameSize}`]);
      }
    }
  });

  it('of streams that are given up still count for the connection, which has them granted anew', () => {
    const test = TestSession.begun({ maxConcurrentStreams: 1 });
    test.session.reset(test.open(1, false), ERROR.cancel);
    test.said();
    const sent = data(1, 'x'.repeat(16_384));
    test.send(sent, sent);
    assert.deepEqual(test.said(), ['grant 0 32768']);
  });

  it('that are overdrawn reset the stream, or end the connection', () => {
    const test = TestSession.begun({ maxConcurrentStreams: 1, maxFrameBytes: 100_000 });
    test.open(1, false, false);
    test.send(data(1, 'x'.repeat(FIRST_WINDOW_BYTES)));
    assert.deepEqual(test.said(), [`grant 0 ${FIRST_WINDOW_BYTES}`]);
    test.send(data(1, 'y'));
    assert.deepEqual(test.said(), [`reset 1 ${ERROR.flowControl}`]);
    test.send(data(1, 'y'.repeat(FIRST_WINDOW_BYTES)));
    assert.deepEqual(test.said(), [`goaway 1 ${ERROR.flowControl}`]);
  });
});

describe('a drain', () => {
  it('lets what was begun be answered, and ignores what comes later', () => {
    const test = TestSession.begun();
    const stream = test.open(3, false);
    test.session.drain();
    test.session.drain();
    test.send(head(5, false), data(5, 'abc'), windowUpdate(5, 1), rstStream(5, 0), data(3, 'abc', true));
    assert.deepEqual(test.said(), [`goaway 3 ${ERROR.none}`]);
    test.answer(stream, 'all');
    assert.deepEqual(test.said(), ['head 3', 'data 3 3 end']);
    assert.deepEqual(test.events, ['request 3', 'idle']);
  });

  it('of a connection without requests names none', () => {
    const test = TestSession.begun();
    test.session.drain();
    assert.deepEqual(test.said(), [`goaway 0 ${ERROR.none}`]);
  });

  it('reads the heads that it ignores, for the table’s sake, and tells nobody', () => {
    const test = TestSession.begun();
    test.open(1);
    test.session.drain();
    test.said();
    test.send(frame(FRAME.headers, 5, 3, Buffer.of(0xff)));
    assert.deepEqual(test.said(), [`goaway 1 ${ERROR.compression}`]);
  });

  it('is not taken back by an error: no later stream is named', () => {
    const test = TestSession.begun();
    test.open(1);
    test.session.drain();
    test.send(head(3), head(5), frame(FRAME.ping, 0, 1, Buffer.alloc(8)));
    assert.deepEqual(test.said(), [`goaway 1 ${ERROR.none}`, `goaway 1 ${ERROR.protocol}`]);
  });

  it('after an error says nothing', () => {
    const test = TestSession.begun();
    test.session.fail(ERROR.internal, 'why');
    test.session.drain();
    assert.deepEqual(test.said(), [`goaway 0 ${ERROR.internal}`]);
  });
});

describe('a connection that fails', () => {
  it('tells the last stream, closes all, and reads nothing more', () => {
    const test = TestSession.begun();
    test.open(1);
    test.open(5, false);
    test.answer(test.stream(1));
    test.said();
    test.send(Buffer.concat([data(0), head(7), PING]), head(9));
    assert.deepEqual(test.said(), [`goaway 5 ${ERROR.protocol}`]);
    assert.deepEqual(test.events.slice(-1), ['failed']);
    assert.deepEqual(test.log(5).events, ['(close)']);
    assert.equal(test.session.openStreams, 0);
    test.session.fail(ERROR.internal, 'again');
    assert.deepEqual(test.said(), []);
    assert.equal(test.events.filter((event) => event === 'failed').length, 1);
  });

  it('says nothing after that, whatever those do who are told', () => {
    const test = TestSession.begun();
    const { session } = test;
    const ids = [1, 3, 5, 7];
    const streams = ids.map((id) => test.open(id, id !== 5));
    const taken: string[] = [];
    const closed: number[] = [];
    const doAll = () => {
      for (const stream of streams) {
        session.sendHead(stream, 200, '200 OK\r\n', '', false);
        session.sender.send(stream, Buffer.from('x'), (error) =>
          taken.push(`${stream.id} ${error !== null}`),
        );
        session.sender.end(stream);
        session.sender.sendAtOnce(stream, 'y');
        session.read(stream);
        session.reset(stream, ERROR.cancel);
      }
      session.drain();
      session.fail(ERROR.internal, 'again');
    };
    for (const stream of streams) {
      session.sender.send(stream, Buffer.alloc(70_000), () => doAll());
      const { taker } = stream;
      if (taker !== null)
        taker.takeClose = () => {
          closed.push(stream.id);
          doAll();
        };
    }
    test.said();
    session.fail(ERROR.calm, 'why');
    doAll();
    assert.deepEqual(test.said(), [`goaway 7 ${ERROR.calm}`]);
    assert.deepEqual(closed, ids);
    assert.deepEqual(new Set(taken), new Set(ids.map((id) => `${id} true`)));
    assert.deepEqual(test.events.slice(4), ['failed']);
    assert.ok(streams.every(({ queuedBytes, held }) => queuedBytes === 0 && held.length === 0));
  });

  it('has nothing to say where it is closed without an error', () => {
    const test = TestSession.begun();
    test.open(1, false);
    test.session.close();
    test.session.close();
    test.send(head(3));
    test.session.fail(ERROR.internal, 'why');
    assert.deepEqual([test.said(), test.log(1).events, test.events], [[], ['(close)'], ['request 1']]);
  });
});

describe('a stream that is given up', () => {
  it('has nothing more sent for it', () => {
    const test = TestSession.begun();
    const stream = test.open(1, false);
    test.session.sendHead(stream, 200, '200 OK\r\n', '', false);
    test.session.sender.send(stream, Buffer.alloc(70_000), null);
    test.said();
    test.send(rstStream(1, ERROR.cancel), windowUpdate(0, 70_000));
    test.session.sendHead(stream, 500, '500 No\r\n', '', true);
    assert.ok(!test.session.sender.sendAtOnce(stream, 'late'));
    test.session.reset(stream, ERROR.internal);
    assert.deepEqual(test.said(), []);
    assert.deepEqual(test.events, ['request 1', 'idle']);
    assert.deepEqual(test.log(1).events, ['(close)']);
  });
});

describe('frames that bring nothing', () => {
  const floods: Readonly<Record<string, (test: TestSession) => Buffer>> = {
    PING: () => PING,
    SETTINGS: () => settings(),
    PRIORITY: () => PRIORITY,
    'a window': () => windowUpdate(0, 1),
    'data without any': () => data(1),
    'nothing but padding': () => frame(FRAME.data, FLAG.padded, 1, Buffer.of(0)),
    'what nobody knows': () => frame(99, 0, 0),
    'resets of what is over': (test) => {
      test.session.reset(test.open(3, false), ERROR.cancel);
      return rstStream(3, ERROR.cancel);
    },
    'data of what is over': (test) => {
      test.session.reset(test.open(3, false), ERROR.cancel);
      return data(3, 'x');
    },
    'heads of what is over': (test) => {
      test.session.reset(test.open(3, false), ERROR.cancel);
      return head(3);
    },
  };
  for (const [what, make] of Object.entries(floods)) {
    it(`are endured for a while, such as ${what}`, () => {
      const test = TestSession.begun();
      test.open(1, false);
      const bytes = make(test);
      for (let count = 0; count < MAX_IDLE_FRAMES - 1; count++) test.session.receive(bytes, false);
      assert.ok(!test.events.includes('failed'));
      test.send(bytes, bytes);
      assert.match(test.said().at(-1) as string, new RegExp(`^goaway [13] ${ERROR.calm}$`));
    });
  }

  it('are endured for a while also after a drain, such as requests', () => {
    const test = TestSession.begun();
    test.open(1);
    test.session.drain();
    for (let id = 3; id < 3 + 2 * MAX_IDLE_FRAMES; id += 2) test.session.receive(head(id), false);
    assert.ok(!test.events.includes('failed'));
    test.send(head(3 + 2 * MAX_IDLE_FRAMES));
    assert.deepEqual(test.said().slice(-1), [`goaway 1 ${ERROR.calm}`]);
  });

  it('may come for ever between those that do', () => {
    const test = TestSession.begun();
    test.onRequest = (stream) => test.answer(stream);
    for (let id = 1; id < 7; id += 2) {
      for (let count = 0; count < MAX_IDLE_FRAMES - 1; count++) test.session.receive(PING, false);
      test.send(head(id));
      test.frames();
    }
    const stream = test.open(7, false);
    for (let round = 0; round < 3; round++) {
      for (let count = 0; count < MAX_IDLE_FRAMES - 2; count++) test.session.receive(data(7), false);
      test.send(data(7, 'x'));
    }
    assert.equal(test.session.openStreams, stream.isClosed ? 0 : 1);
    assert.ok(!test.events.includes('failed'));
  });
});

describe('the first bytes of a connection', () => {
  it('are those of HTTP/2', () => {
    const test = new TestSession();
    test.session.start();
    test.said();
    test.send(Buffer.from('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'));
    assert.deepEqual(test.said(), [`goaway 0 ${ERROR.protocol}`]);
    assert.deepEqual(test.events, ['failed']);
  });

  it('may come one by one', () => {
    const test = new TestSession();
    for (const byte of Buffer.concat([START, head(1)])) test.send(Buffer.of(byte));
    assert.deepEqual(test.events, ['request 1']);
  });
});

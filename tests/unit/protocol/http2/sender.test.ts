import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SLAB_BYTES } from '../../../../src/protocol/http2/out-buffer.ts';
import { Sender } from '../../../../src/protocol/http2/sender.ts';
import { Stream } from '../../../../src/protocol/http2/stream.ts';
import { ERROR, FLAG, FRAME, SETTING } from '../../../support/http2-frames.ts';
import { logBody } from './body-log.ts';
import { SLABS, takeFrames } from './out-frames.ts';

const FIRST_WINDOW_BYTES = 65_535;
const MAX_WINDOW_BYTES = 2 ** 31 - 1;
const MAX_FRAME_BYTES = 16_384;
const MAX_OUTSTANDING_BYTES = 131_072;
const LARGE = 1_000_000;

type Taken = (error: Error | null) => void;

/** A sender, whose client grants what it is told to. */
function sending({ window = FIRST_WINDOW_BYTES } = {}) {
  const sent: number[] = [];
  const sender = new Sender(SLABS, { outputBegun: () => {}, streamSent: ({ id }) => sent.push(id) });
  sender.widen(window - FIRST_WINDOW_BYTES);
  let lastId = -1;
  const open = (sendWindow = LARGE) => {
    lastId += 2;
    const stream = new Stream(lastId, true, 0, sendWindow);
    logBody(stream);
    return stream;
  };
  /** All frames of data that there are now, and are taken by the system. */
  const data = () =>
    takeFrames(sender.output).map(({ type, flags, stream, payload }) => {
      assert.equal(type, FRAME.data);
      return { stream, bytes: payload.length, isEnd: flags === FLAG.endStream, text: String(payload) };
    });
  /** The same, as long as the system takes it, and there is more. */
  const allData = () => {
    const frames: ReturnType<typeof data> = [];
    for (;;) {
      const next = data();
      if (next.length === 0) return frames;
      frames.push(...next);
      sender.pump();
    }
  };
  const close = (stream: Stream) => {
    stream.isClosed = true;
    sender.forget(stream);
  };
  return { sender, sent, open, data, allData, close };
}

/** Counts how often something was taken, or not. */
function takenLog() {
  const log: string[] = [];
  const taken =
    (name: string, then: () => void = () => {}): Taken =>
    (error) => {
      log.push(error === null ? name : `${name}: ${error.message}`);
      then();
    };
  return { log, taken };
}

const bytes = (count: number, letter = 'x') => Buffer.alloc(count, letter);
const sum = (frames: readonly { readonly bytes: number }[]) =>
  frames.reduce((total, { bytes }) => total + bytes, 0);
const ids = (frames: readonly { readonly stream: number }[]) => frames.map(({ stream }) => stream);

describe('frames of the connection', () => {
  it('are written as they are', () => {
    const { sender } = sending();
    sender.settings([
      [SETTING.maxStreams, 100],
      [SETTING.window, 0x7fffffff],
    ]);
    sender.acknowledgeSettings();
    sender.acknowledgePing(Buffer.from('..12345678..'), 2, 10);
    sender.grant(0, MAX_WINDOW_BYTES);
    sender.grant(5, 1);
    sender.reset(7, ERROR.calm);
    sender.goAway(MAX_WINDOW_BYTES, ERROR.protocol, 'why');
    assert.deepEqual(
      takeFrames(sender.output).map(({ type, flags, stream, payload }) => [
        type,
        flags,
        stream,
        payload.toString('hex'),
      ]),
      [
        [FRAME.settings, 0, 0, '00030000006400047fffffff'],
        [FRAME.settings, FLAG.ack, 0, ''],
        [FRAME.ping, FLAG.ack, 0, '3132333435363738'],
        [FRAME.windowUpdate, 0, 0, '7fffffff'],
        [FRAME.windowUpdate, 0, 5, '00000001'],
        [FRAME.rstStream, 0, 7, '0000000b'],
        [FRAME.goaway, 0, 0, '7fffffff00000001776879'],
      ],
    );
  });
});

describe('a head', () => {
  const block = (length: number) => Buffer.from(Array.from({ length }, (_, index) => index % 251));

  for (const [length, frames] of [
    [0, [0]],
    [1, [1]],
    [16_383, [16_383]],
    [16_384, [16_384]],
    [16_385, [16_384, 1]],
    [32_768, [16_384, 16_384]],
    [200_000, [...Array(12).fill(16_384), 200_000 - 12 * 16_384]],
  ] as const) {
    it(`of ${length} bytes is sent in ${frames.length} frames`, () => {
      for (const isEnd of [true, false]) {
        const { sender } = sending();
        sender.head(5, block(length), isEnd);
        const found = takeFrames(sender.output);
        assert.deepEqual(
          found.map(({ payload }) => payload.length),
          frames,
        );
        assert.deepEqual(Buffer.concat(found.map(({ payload }) => payload)), block(length));
        for (const [index, { type, flags, stream }] of found.entries()) {
          const isLast = index === found.length - 1;
          assert.equal(stream, 5);
          assert.equal(type, index === 0 ? FRAME.headers : FRAME.continuation);
          assert.equal(flags, (isLast ? FLAG.endHeaders : 0) | (index === 0 && isEnd ? FLAG.endStream : 0));
        }
      }
    });
  }

  it('needs no window, and is sent whatever waits', () => {
    const { sender, open } = sending({ window: 0 });
    sender.send(open(), bytes(5), null);
    sender.head(9, block(3), true);
    assert.deepEqual(
      takeFrames(sender.output).map(({ type }) => type),
      [FRAME.headers],
    );
  });
});

describe('data', () => {
  it('is sent as it comes, and ends with its last byte where that is known', () => {
    const { sender, open, data, sent } = sending();
    const stream = open(5);
    sender.send(stream, Buffer.from('hello'), null);
    assert.deepEqual(sent, []);
    sender.send(stream, Buffer.from(' world'), null);
    sender.end(stream);
    assert.deepEqual(sent, []);
    sender.widenStream(stream, 6);
    assert.deepEqual(sent, [1]);
    assert.deepEqual(
      data().map(({ text, isEnd }) => [text, isEnd]),
      [
        ['hello', false],
        [' world', true],
      ],
    );
  });

  it('ends with a frame of nothing where its last byte is gone, which needs no window', () => {
    const { sender, open, data, sent } = sending({ window: 5 });
    const stream = open(5);
    sender.send(stream, Buffer.from('hello'), null);
    sender.end(stream);
    assert.deepEqual(sent, [1]);
    assert.deepEqual(
      data().map(({ text, isEnd }) => [text, isEnd]),
      [
        ['hello', false],
        ['', true],
      ],
    );
    const empty = open(-7);
    sender.end(empty);
    assert.deepEqual(
      data().map(({ stream, text, isEnd }) => [stream, text, isEnd]),
      [[3, '', true]],
    );
    assert.deepEqual(sent, [1, 3]);
  });

  it('that is none is taken at once', () => {
    const { sender, open, data } = sending({ window: 0 });
    const { log, taken } = takenLog();
    sender.send(open(), Buffer.alloc(0), taken('nothing'));
    assert.deepEqual([log, data()], [['nothing'], []]);
  });

  for (const limit of ['connection', 'stream'] as const) {
    it(`fills the window of the ${limit} to the last byte, and no more`, () => {
      for (const window of [0, 1, 4999, 5000, 5001]) {
        const { sender, open, data, sent } = sending({ window: limit === 'connection' ? window : LARGE });
        const stream = open(limit === 'stream' ? window : LARGE);
        sender.send(stream, bytes(5000), null);
        sender.end(stream);
        const first = data();
        assert.equal(sum(first), Math.min(window, 5000), `window ${window}`);
        assert.equal(stream.queuedBytes, 5000 - Math.min(window, 5000));
        assert.equal(sent.length, window >= 5000 ? 1 : 0);
        const widen = (more: number) =>
          limit === 'connection' ? sender.widen(more) : sender.widenStream(stream, more);
        assert.ok(widen(1));
        assert.equal(sum(data()), window < 5000 ? 1 : 0);
        assert.ok(widen(LARGE));
        const rest = data();
        assert.equal(sum(rest), Math.max(0, 4999 - window));
        assert.equal(sent.length, 1);
      }
    });
  }

  it('waits for as long as a window is below nothing', () => {
    const { sender, open, data } = sending();
    const stream = open(1000);
    sender.send(stream, bytes(2000), null);
    assert.equal(sum(data()), 1000);
    sender.setInitialWindow(FIRST_WINDOW_BYTES - 400, [stream]);
    assert.equal(stream.sendWindow, -400);
    assert.ok(sender.widenStream(stream, 400));
    assert.deepEqual(data(), []);
    assert.ok(sender.widenStream(stream, 1));
    assert.equal(sum(data()), 1);
    assert.ok(sender.setInitialWindow(FIRST_WINDOW_BYTES, [stream]));
    assert.deepEqual(data(), []);
    sender.pump();
    assert.equal(sum(data()), 400);
    assert.equal(stream.queuedBytes, 599);
  });

  it('of a stream whose window shrinks while it waits for its turn is not sent', () => {
    const { sender, open, data } = sending({ window: 0 });
    const [shrunk, other] = [open(1000), open(3000)];
    for (const stream of [shrunk, other]) sender.send(stream, bytes(1000), null);
    sender.setInitialWindow(FIRST_WINDOW_BYTES - 2000, [shrunk, other]);
    sender.widen(LARGE);
    assert.deepEqual(ids(data()), [3]);
    sender.widenStream(shrunk, 1500);
    assert.deepEqual(
      data().map(({ stream, bytes }) => [stream, bytes]),
      [[1, 500]],
    );
  });

  it('that new SETTINGS allow is sent behind their acknowledgement, from when clients go by them', () => {
    const { sender, open } = sending({ window: LARGE });
    const [shrunk, widened] = [open(0), open(10)];
    for (const stream of [shrunk, widened]) sender.send(stream, bytes(500), null);
    takeFrames(sender.output);
    sender.setInitialWindow(FIRST_WINDOW_BYTES + 100, [shrunk, widened]);
    sender.setInitialWindow(FIRST_WINDOW_BYTES + 50, [shrunk, widened]);
    sender.acknowledgeSettings();
    assert.deepEqual(
      takeFrames(sender.output).map(({ type, stream, payload }) => [type, stream, payload.length]),
      [
        [FRAME.settings, 0, 0],
        [FRAME.data, 1, 50],
        [FRAME.data, 3, 50],
      ],
    );
  });

  it('of new streams goes by the last SETTINGS', () => {
    const { sender } = sending();
    assert.equal(sender.initialWindow, FIRST_WINDOW_BYTES);
    assert.ok(sender.setInitialWindow(7, []));
    assert.equal(sender.initialWindow, 7);
  });

  it('is sent in frames that everybody takes', () => {
    const { sender, open, allData } = sending({ window: LARGE });
    const stream = open();
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 253));
    sender.send(stream, content, null);
    sender.end(stream);
    const frames = allData();
    assert.ok(frames.every((frame) => frame.bytes <= MAX_FRAME_BYTES && frame.bytes > 0));
    assert.deepEqual(
      frames.map(({ isEnd }) => isEnd),
      frames.map((_, index) => index === frames.length - 1),
    );
    assert.equal(sum(frames), content.length);
  });

  it('arrives as it was, from however many pieces', () => {
    const { sender, open } = sending({ window: LARGE });
    const stream = open();
    const pieces = [1, 16_383, 16_384, 16_385, 5, 40_000].map((length, index) =>
      Buffer.from(Array.from({ length }, (_, at) => (at + index) % 255)),
    );
    for (const piece of pieces) sender.send(stream, piece, null);
    sender.end(stream);
    const frames = takeFrames(sender.output);
    assert.deepEqual(Buffer.concat(frames.map(({ payload }) => payload)), Buffer.concat(pieces));
  });

  it('that waits comes back to whoever wants it, but for a little, from where it has not been sent', () => {
    const { sender, open, allData } = sending();
    const stream = open(3);
    for (const text of ['abcde', 'fg', 'hij']) sender.send(stream, Buffer.from(text), null);
    assert.equal(String(sender.takeBack(stream, 4)), 'hij');
    assert.equal(stream.queuedBytes, 4);
    assert.equal(sender.takeBack(stream, 4), null);
    sender.send(stream, Buffer.from('k'), null);
    sender.end(stream);
    sender.widenStream(stream, LARGE);
    const frames = allData();
    assert.equal(frames.map(({ text }) => text).join(''), 'abcdefgk');
    assert.equal(frames.at(-1)?.isEnd, true);
  });

  it('fills slabs up rather than to leave much of them empty', () => {
    const { sender, open } = sending({ window: LARGE });
    sender.send(open(), bytes(120_000), null);
    const [first, second] = sender.output.take();
    assert.equal(first?.bytes, SLAB_BYTES);
    assert.equal((first?.bytes ?? 0) + (second?.bytes ?? 0), 120_000 + 8 * 9);
  });

  it('leaves the end of a slab empty where that is not worth a frame', () => {
    const lastBytes = (room: number) => {
      const { sender, open } = sending({ window: LARGE });
      // So much is left for another frame, with its nine bytes.
      const before = SLAB_BYTES - 3 * (MAX_FRAME_BYTES + 9) - 9 - 9 - room;
      const stream = open();
      sender.send(stream, bytes(3 * MAX_FRAME_BYTES), null);
      sender.send(stream, bytes(before), null);
      sender.send(stream, bytes(2000, 'y'), null);
      return takeFrames(sender.output)
        .slice(4)
        .map(({ payload }) => payload.length);
    };
    assert.deepEqual(lastBytes(1023), [2000]);
    assert.deepEqual(lastBytes(1024), [1024, 976]);
    assert.deepEqual(lastBytes(1999), [1999, 1]);
    assert.deepEqual(lastBytes(2000), [2000]);
  });
});

describe('streams', () => {
  it('take turns, a frame each', () => {
    const { sender, open, allData } = sending({ window: 0 });
    for (const [index, size] of [50_000, 20_000, 70_000].entries()) {
      const stream = open();
      sender.send(stream, bytes(size, 'abc'[index]), null);
      sender.end(stream);
    }
    sender.widen(LARGE);
    const frames = allData();
    const order = ids(frames);
    // While all three have something, each comes once in three.
    assert.deepEqual(order.slice(0, 6), [1, 3, 5, 1, 3, 5]);
    // Then the two that have more, and at last the one.
    assert.equal(order.lastIndexOf(3), 4);
    assert.deepEqual(order.slice(-1), [5]);
    for (const [streamId, size] of [
      [1, 50_000],
      [3, 20_000],
      [5, 70_000],
    ]) {
      const own = frames.filter(({ stream }) => stream === streamId);
      assert.equal(sum(own), size);
      assert.deepEqual(
        own.map(({ isEnd }) => isEnd),
        own.map((_, index) => index === own.length - 1),
      );
    }
  });

  it('share the window of the connection', () => {
    const { sender, open, data } = sending({ window: 0 });
    for (let count = 0; count < 2; count++) sender.send(open(), bytes(100_000), null);
    sender.widen(3 * MAX_FRAME_BYTES + 10);
    assert.deepEqual(
      data().map(({ stream, bytes }) => [stream, bytes]),
      [
        [1, MAX_FRAME_BYTES],
        [3, MAX_FRAME_BYTES],
        [1, MAX_FRAME_BYTES],
        [3, 10],
      ],
    );
    sender.widen(5);
    assert.deepEqual(ids(data()), [1]);
  });

  it('do not wait for one whose own window is used up', () => {
    const { sender, open, data } = sending({ window: 0 });
    for (const window of [10, 0, 20_000]) sender.send(open(window), bytes(20_000), null);
    sender.widen(LARGE);
    assert.deepEqual(
      data().map(({ stream, bytes }) => [stream, bytes]),
      [
        [1, 10],
        [5, MAX_FRAME_BYTES],
        [5, 20_000 - MAX_FRAME_BYTES],
      ],
    );
  });

  it('have their data wait for a system that takes nothing, not in what is to be sent', () => {
    const { sender, open, allData } = sending({ window: 10 * LARGE });
    const streams = Array.from({ length: 5 }, () => open());
    for (const stream of streams) sender.send(stream, bytes(500_000), null);
    const most = MAX_OUTSTANDING_BYTES + MAX_FRAME_BYTES + 9;
    assert.ok(sender.output.bytes >= MAX_OUTSTANDING_BYTES && sender.output.bytes < most);
    const queued = streams.reduce((total, { queuedBytes }) => total + queuedBytes, 0);
    assert.equal(queued + sender.sentBytes, 2_500_000);
    // What was handed to the system counts until it has taken it.
    const filled = sender.output.take();
    sender.pump();
    assert.ok(sender.output.isEmpty);
    for (const { bytes } of filled) sender.output.noteWritten(bytes);
    sender.pump();
    assert.ok(!sender.output.isEmpty && sender.output.bytes < most);
    allData();
    assert.equal(sender.sentBytes, 2_500_000);
  });
});

describe('a window that becomes larger than there can be', () => {
  it('is refused, that of the connection', () => {
    const { sender } = sending({ window: 1 });
    assert.ok(sender.widen(MAX_WINDOW_BYTES - 1));
    assert.ok(!sender.widen(1));
  });

  it('is refused, that of a stream', () => {
    const { sender, open } = sending();
    assert.ok(sender.widenStream(open(1), MAX_WINDOW_BYTES - 1));
    assert.ok(!sender.widenStream(open(1), MAX_WINDOW_BYTES));
  });

  it('is refused, that of one stream among others by SETTINGS', () => {
    const { sender, open } = sending();
    const [wide, narrow] = [open(MAX_WINDOW_BYTES), open(5)];
    assert.ok(sender.setInitialWindow(FIRST_WINDOW_BYTES, [wide, narrow]));
    assert.ok(!sender.setInitialWindow(FIRST_WINDOW_BYTES + 1, [narrow, wide]));
  });

  it('is refused also where data waits that would use it up', () => {
    const connection = sending({ window: 10 });
    connection.sender.send(connection.open(5), bytes(5000), null);
    const stream = connection.open();
    connection.sender.send(stream, bytes(5000), null);
    assert.equal(sum(connection.data()), 10);
    connection.sender.widen(10);
    assert.equal(sum(connection.data()), 10);
    const blocked = connection.open(1);
    connection.sender.send(blocked, bytes(5000), null);
    assert.ok(!connection.sender.widen(MAX_WINDOW_BYTES + 1));

    const { sender, open, data } = sending();
    const other = open(1);
    sender.output.reserve(1);
    sender.send(other, bytes(5000), null);
    assert.ok(!sender.widenStream(other, MAX_WINDOW_BYTES + 1));
    assert.equal(sum(data()), 1);
  });
});

describe('whoever brings data', () => {
  it('is told once that each piece is taken, in their order', () => {
    const { sender, open, data } = sending({ window: 0 });
    const { log, taken } = takenLog();
    const stream = open();
    for (const name of ['one', 'two', 'three']) sender.send(stream, bytes(1000), taken(name));
    sender.widen(999);
    assert.deepEqual(log, []);
    sender.widen(1);
    assert.deepEqual(log, ['one']);
    sender.widen(LARGE);
    assert.deepEqual(log, ['one', 'two', 'three']);
    data();
    sender.forget(stream);
    assert.equal(log.length, 3);
  });

  it('is told once that pieces are not taken where the stream is given up', () => {
    const { sender, open, close, data } = sending({ window: 0 });
    const { log, taken } = takenLog();
    const stream = open();
    for (const name of ['one', 'two', 'three']) sender.send(stream, bytes(1000), taken(name));
    sender.widen(1500);
    close(stream);
    sender.widen(LARGE);
    assert.deepEqual(log, ['one', 'two: the stream has ended', 'three: the stream has ended']);
    assert.equal(stream.queuedBytes, 0);
    assert.equal(sum(data()), 1500);
  });

  it('is told at once where the stream is over', () => {
    const { sender, open, close, data, sent } = sending();
    const { log, taken } = takenLog();
    const stream = open();
    close(stream);
    sender.send(stream, bytes(10), taken('late'));
    sender.end(stream);
    assert.deepEqual([log, data(), sent], [['late: the stream has ended'], [], []]);
    assert.equal(stream.queuedBytes, 0);
  });

  it('may bring more when he is told', () => {
    const { sender, open, allData, sent } = sending({ window: LARGE });
    const stream = open();
    let rest = 50;
    const more = () => {
      rest -= 1;
      if (rest === 0) sender.end(stream);
      else sender.send(stream, bytes(5000), more);
    };
    more();
    const frames = allData();
    assert.equal(sum(frames), 49 * 5000);
    assert.deepEqual(
      frames.filter(({ isEnd }) => isEnd),
      [frames.at(-1)],
    );
    assert.deepEqual(sent, [1]);
  });

  it('is told of one piece after the other, not within the other', () => {
    const { sender, open, data } = sending();
    const stream = open();
    let [rest, depth] = [2000, 0];
    const more = () => {
      depth += 1;
      assert.equal(depth, 1);
      rest -= 1;
      if (rest > 0) sender.send(stream, bytes(1), more);
      depth -= 1;
    };
    sender.send(stream, bytes(1), more);
    assert.equal(sum(data()), 2000);
  });

  it('leaves turns to others when he brings more', () => {
    const { sender, open, data } = sending({ window: 0 });
    const [eager, other] = [open(), open()];
    const more = () => sender.send(eager, bytes(1000), eager.sendWindow > LARGE - 10_000 ? more : null);
    more();
    for (let count = 0; count < 3; count++) sender.send(other, bytes(1000), null);
    sender.widen(LARGE);
    assert.deepEqual(ids(data()).slice(0, 6), [1, 3, 1, 3, 1, 3]);
  });

  it('may end the stream when he is told, with what waits or alone', () => {
    const { sender, open, data, sent } = sending({ window: 0 });
    const [alone, withMore] = [open(), open()];
    sender.send(alone, bytes(10), () => sender.end(alone));
    sender.send(withMore, bytes(10), () => sender.end(withMore));
    sender.send(withMore, bytes(20), null);
    sender.widen(LARGE);
    assert.deepEqual(
      data().map(({ stream, bytes, isEnd }) => [stream, bytes, isEnd]),
      [
        [1, 10, false],
        [1, 0, true],
        [3, 10, false],
        [3, 20, true],
      ],
    );
    assert.deepEqual(sent, [1, 3]);
  });

  it('may give the stream up when he is told, also with its last byte', () => {
    const { sender, open, data, sent, close } = sending({ window: 0 });
    const { log, taken } = takenLog();
    const [early, last] = [open(), open()];
    sender.send(early, bytes(10), () => close(early));
    sender.send(early, bytes(10), taken('early'));
    sender.send(last, bytes(10), () => close(last));
    for (const stream of [early, last]) sender.end(stream);
    sender.widen(LARGE);
    assert.deepEqual(ids(data()), [1, 3]);
    assert.deepEqual(log, ['early: the stream has ended']);
    assert.deepEqual(sent, []);
  });

  it('may give another stream up when he is told', () => {
    const { sender, open, data, close } = sending({ window: 0 });
    const [first, second, third] = [open(), open(), open()];
    sender.send(first, bytes(10), () => close(second));
    for (const stream of [second, third]) sender.send(stream, bytes(10), null);
    sender.widen(LARGE);
    assert.deepEqual(ids(data()), [1, 5]);
  });

  it('may turn to another stream when he is told that this one is over', () => {
    const { sender, open, data, close } = sending({ window: 0 });
    const [over, other] = [open(), open()];
    const { log, taken } = takenLog();
    sender.send(
      over,
      bytes(10),
      taken('over', () => {
        sender.widen(LARGE);
        sender.send(other, bytes(20), taken('other'));
      }),
    );
    close(over);
    assert.deepEqual(log, ['over: the stream has ended', 'other']);
    assert.deepEqual(
      data().map(({ stream, bytes }) => [stream, bytes]),
      [[3, 20]],
    );
  });

  it('is told of what is on its way after it is, and not of a stream that he has given up', () => {
    const { sender, open, close } = sending();
    const told: string[] = [];
    const told3 = open();
    const stream = open();
    for (const { taker, id } of [told3, stream]) {
      if (taker !== null) taker.noteSent = () => told.push(`${id}`);
    }
    sender.send(told3, bytes(10), () => told.push('taken'));
    sender.send(stream, bytes(10), () => close(stream));
    assert.deepEqual(told, ['taken', '1']);
  });
});

describe('a response that is sent at once', () => {
  it('is one frame, as text or as bytes', () => {
    const { sender, open, data, sent } = sending();
    assert.ok(sender.sendAtOnce(open(), 'h\xe9llo'));
    assert.ok(sender.sendAtOnce(open(), Buffer.from('bytes')));
    const frames = takeFrames(sender.output);
    assert.deepEqual(
      frames.map(({ flags, payload }) => [flags, payload.toString('latin1')]),
      [
        [FLAG.endStream, 'h\xe9llo'],
        [FLAG.endStream, 'bytes'],
      ],
    );
    assert.deepEqual([sent, data()], [[1, 3], []]);
    assert.equal(sender.sentBytes, 10);
  });

  it('fits into a frame, and into both windows', () => {
    const fits = (length: number, window: number, streamWindow: number) => {
      const { sender, open, sent } = sending({ window });
      const isSent = sender.sendAtOnce(open(streamWindow), bytes(length));
      assert.equal(sent.length, isSent ? 1 : 0);
      assert.equal(takeFrames(sender.output).length, isSent ? 1 : 0);
      return isSent;
    };
    assert.ok(fits(MAX_FRAME_BYTES, LARGE, LARGE));
    assert.ok(!fits(MAX_FRAME_BYTES + 1, LARGE, LARGE));
    assert.ok(fits(100, 100, LARGE));
    assert.ok(!fits(101, 100, LARGE));
    assert.ok(fits(100, LARGE, 100));
    assert.ok(!fits(101, LARGE, 100));
  });

  it('uses the window of the connection', () => {
    const { sender, open, data } = sending({ window: 100 });
    assert.ok(sender.sendAtOnce(open(), bytes(60)));
    assert.ok(!sender.sendAtOnce(open(), bytes(41)));
    assert.ok(sender.sendAtOnce(open(), bytes(40)));
    sender.send(open(), bytes(1), null);
    assert.equal(sum(data()), 100);
  });

  it('does not overtake those that wait, nor go to a system that takes nothing', () => {
    const waiting = sending({ window: 100 });
    waiting.sender.send(waiting.open(), bytes(200), null);
    waiting.data();
    assert.ok(!waiting.sender.sendAtOnce(waiting.open(), ''));
    const stuck = sending({ window: LARGE });
    stuck.sender.head(1, bytes(MAX_OUTSTANDING_BYTES), false);
    assert.ok(!stuck.sender.sendAtOnce(stuck.open(), 'x'));
    takeFrames(stuck.sender.output);
    assert.ok(stuck.sender.sendAtOnce(stuck.open(), 'x'));
  });
});

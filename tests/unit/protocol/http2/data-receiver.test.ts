import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DataReceiver } from '../../../../src/protocol/http2/data-receiver.ts';
import { Stream } from '../../../../src/protocol/http2/stream.ts';
import { ERROR, FLAG, FRAME } from '../../../support/http2-frames.ts';
import { logBody } from './body-log.ts';
import { quietSender, takeFrames } from './out-frames.ts';

const FIRST_WINDOW_BYTES = 65_535;
const MAX_WINDOW_BYTES = 2 ** 31 - 1;

interface DataFrame {
  readonly isEnd?: boolean;
  readonly padding?: number;
  readonly isLent?: boolean;
  /** The frame comes in pieces of so many bytes. */
  readonly pieceBytes?: number;
  /** More has come with it. */
  readonly isCrowded?: boolean;
}

/** A receiver of data, and a client that sends it, whether it may or not. */
function receiver({ initialWindow = 1000, maxStreams = 2 } = {}) {
  const sender = quietSender();
  const data = new DataReceiver(sender, initialWindow, maxStreams);
  let lastId = -1;

  const open = (isRead = true) => {
    lastId += 2;
    const stream = new Stream(lastId, false, data.streamWindow, 0);
    const log = logBody(stream);
    if (isRead) data.read(stream);
    return { stream, log };
  };

  /** What is wrong, or null. A frame, as a session has it read. */
  const send = (stream: Stream, text: string, options: DataFrame = {}): number | null => {
    const {
      isEnd = false,
      padding = 0,
      isLent = false,
      pieceBytes = text.length || 1,
      isCrowded = false,
    } = options;
    const payloadBytes = text.length + padding;
    const wrong = data.count(payloadBytes) ?? data.begin(stream, payloadBytes);
    if (wrong !== null) return wrong.code;
    for (let start = 0; start < text.length; start += pieceBytes) {
      const piece = Buffer.from(text.slice(start, start + pieceBytes));
      const violation = data.take(stream, piece, isLent);
      if (isLent) piece.fill(0xee);
      if (violation !== null) return violation.code;
    }
    const code = data.finish(stream, isEnd ? FLAG.endStream : 0)?.code ?? null;
    if (!isCrowded) data.handLate();
    return code;
  };

  /** What was granted since the last time, by stream. */
  const granted = () => {
    const grants: [stream: number, bytes: number][] = [];
    for (const { type, stream, payload } of takeFrames(sender.output)) {
      assert.equal(type, FRAME.windowUpdate);
      grants.push([stream, payload.readUInt32BE()]);
    }
    return grants;
  };

  return { data, open, send, granted };
}

const bytes = (count: number) => 'x'.repeat(count);

describe('the window of a connection', () => {
  it('is made to hold those of all streams', () => {
    const { data, granted } = receiver({ initialWindow: 100_000, maxStreams: 3 });
    data.grantConnection();
    assert.deepEqual(granted(), [[0, 300_000 - FIRST_WINDOW_BYTES]]);
    data.grantConnection();
    assert.deepEqual(granted(), []);
  });

  it('is not less than the first one, nor more than there can be', () => {
    const small = receiver({ initialWindow: 1000, maxStreams: 65 });
    small.data.grantConnection();
    assert.deepEqual(small.granted(), []);
    const large = receiver({ initialWindow: MAX_WINDOW_BYTES, maxStreams: 100 });
    large.data.grantConnection();
    assert.deepEqual(large.granted(), [[0, MAX_WINDOW_BYTES - FIRST_WINDOW_BYTES]]);
  });

  it('is granted anew once less than half of it is left, whosesoever data it was', () => {
    const { data, granted } = receiver();
    assert.equal(data.count(32_767), null);
    assert.deepEqual(granted(), []);
    assert.equal(data.count(1), null);
    assert.deepEqual(granted(), [[0, 32_768]]);
    assert.equal(data.count(FIRST_WINDOW_BYTES), null);
    assert.deepEqual(granted(), [[0, FIRST_WINDOW_BYTES]]);
  });

  it('is granted for data that nobody reads', () => {
    const { data, open, send, granted } = receiver({ initialWindow: 65_535 });
    data.grantConnection();
    granted();
    const { stream } = open(false);
    assert.equal(send(stream, bytes(65_535)), null);
    assert.deepEqual(granted(), []);
    assert.equal(data.count(1), null);
    assert.deepEqual(granted(), [[0, 65_536]]);
  });

  it('must not be overdrawn by a byte', () => {
    assert.equal(receiver().data.count(FIRST_WINDOW_BYTES), null);
    assert.equal(receiver().data.count(FIRST_WINDOW_BYTES + 1)?.code, ERROR.flowControl);
  });
});

describe('the window of a stream', () => {
  it('is granted anew in halves, as its data is taken', () => {
    const { open, send, granted } = receiver();
    const { stream } = open();
    assert.equal(send(stream, bytes(499)), null);
    assert.deepEqual(granted(), []);
    assert.equal(send(stream, bytes(1)), null);
    assert.deepEqual(granted(), [[1, 500]]);
    assert.equal(send(stream, bytes(700)), null);
    assert.deepEqual(granted(), [[1, 700]]);
  });

  it('is granted anew for a frame that is still on its way', () => {
    const { open, send, granted } = receiver();
    assert.equal(send(open().stream, bytes(4500), { pieceBytes: 1500 }), null);
    assert.deepEqual(granted(), [
      [1, 1500],
      [1, 1500],
      [1, 1500],
    ]);
  });

  it('is granted for padding, too, also while the data waits', () => {
    const { open, send, granted } = receiver();
    const { stream } = open(false);
    assert.equal(send(stream, 'ab', { padding: 256 }), null);
    assert.equal(send(stream, '', { padding: 243 }), null);
    assert.deepEqual(granted(), []);
    assert.equal(send(stream, '', { padding: 1 }), null);
    assert.deepEqual(granted(), [[1, 500]]);
  });

  it('is granted for what was held once that is read', () => {
    const { data, open, send, granted } = receiver();
    const { stream } = open(false);
    assert.equal(send(stream, bytes(900)), null);
    assert.deepEqual(granted(), []);
    data.read(stream);
    assert.deepEqual(granted(), [[1, 900]]);
  });

  it('is not granted any more after the end, nor when the stream is closed', () => {
    const { data, open, send, granted } = receiver();
    const ended = open();
    assert.equal(send(ended.stream, bytes(499), { isEnd: true, padding: 501 }), null);
    const held = open(false);
    assert.equal(send(held.stream, bytes(800), { isEnd: true }), null);
    data.read(held.stream);
    const closed = open();
    closed.log.onData = () => {
      closed.stream.isClosed = true;
    };
    assert.equal(send(closed.stream, bytes(800)), null);
    assert.deepEqual(granted(), []);
  });

  for (const initialWindow of [0, 1000, 65_535, 65_536, 200_000]) {
    const most = Math.max(initialWindow, FIRST_WINDOW_BYTES);
    it(`of ${initialWindow} bytes must not be overdrawn, which a client learns only after the first ones`, () => {
      const send = (count: number) => {
        const { data, open, send } = receiver({ initialWindow, maxStreams: 10 });
        data.grantConnection();
        return send(open(false).stream, bytes(count));
      };
      assert.equal(send(most), null);
      assert.equal(send(most + 1), ERROR.flowControl);
    });
  }

  it('counts padding, and what was granted', () => {
    const { open, send } = receiver({ initialWindow: 65_535 });
    const { stream } = open();
    for (let count = 0; count < 5; count++) assert.equal(send(stream, bytes(30_000)), null);
    // Granted in halves: 30,000 bytes are not.
    assert.equal(send(stream, bytes(35_535 - 100), { padding: 101 }), ERROR.flowControl);
    assert.equal(send(stream, bytes(35_535 - 100), { padding: 100 }), null);
  });

  it('is never granted by nothing', () => {
    const { open, send, granted } = receiver({ initialWindow: 0 });
    const { stream } = open();
    assert.equal(send(stream, ''), null);
    assert.equal(send(stream, 'before it knew'), null);
    assert.deepEqual(granted(), [[1, 14]]);
  });
});

describe('the data of a stream', () => {
  it('is handed on as it comes', () => {
    const { open, send } = receiver();
    const { stream, log } = open();
    const [one, two] = ['a'.repeat(2000), 'b'.repeat(1024)];
    send(stream, one + two, { pieceBytes: 2000, isCrowded: true });
    assert.deepEqual(log.events, [one, two]);
    send(stream, '');
    send(stream, 'three', { isEnd: true });
    assert.deepEqual(log.events, [one, two, 'three', '(end)']);
  });

  it('in small pieces that come together is handed on as one, before what comes behind', () => {
    const { data, open, send } = receiver();
    const [first, second] = [open(), open()];
    const isCrowded = true;
    for (const letter of 'abc') {
      send(first.stream, letter, { isCrowded, isLent: true });
      send(second.stream, letter.toUpperCase(), { isCrowded, isLent: true });
    }
    assert.deepEqual([first.log.events, second.log.events], [[], []]);
    const large = 'd'.repeat(1024);
    send(first.stream, large, { isCrowded });
    send(second.stream, 'D', { isCrowded, isEnd: true });
    assert.deepEqual(first.log.events, ['abc', large]);
    assert.deepEqual(second.log.events, ['ABCD', '(end)']);
    send(first.stream, 'e', { isCrowded });
    data.handLate();
    assert.deepEqual(first.log.events, ['abc', large, 'e']);
    data.handLate();
    assert.equal(first.log.events.length, 3);
  });

  it('in small pieces that come together takes no more memory than in large ones', () => {
    const { data, open, send } = receiver({ initialWindow: 65_535, maxStreams: 2 });
    const { stream, log } = open();
    for (let count = 0; count < 10_000; count++) send(stream, 'x', { isCrowded: true });
    data.handLate();
    assert.equal(log.text.length, 10_000);
    assert.equal(log.pieces.length, 3);
    for (let count = 0; count < 20; count++) send(stream, 'xy', { pieceBytes: 1 });
    const memory = new Set(log.pieces.slice(3).map(({ buffer }) => buffer));
    const kept = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
    assert.ok(kept <= 3 * Buffer.poolSize, `${kept} bytes are kept`);
  });

  it('in small pieces waits where its taker has had enough, and is forgotten with its stream', () => {
    const { data, open, send } = receiver();
    const { stream, log } = open();
    send(stream, 'a', { isCrowded: true });
    log.onData = () => {
      stream.isRead = false;
    };
    const large = 'b'.repeat(1024);
    send(stream, large, { isCrowded: true });
    data.handLate();
    assert.deepEqual(log.events, ['a']);
    data.read(stream);
    assert.deepEqual(log.events, ['a', large]);
    log.onData = () => {};
    data.read(stream);
    send(stream, 'c', { isCrowded: true });
    stream.isClosed = true;
    data.handLate();
    assert.deepEqual(log.events, ['a', large]);
  });

  it('belongs to a stream that is not kept once the frame is over', () => {
    const { data, open, send } = receiver();
    const { stream } = open();
    data.begin(stream, 5);
    assert.equal(data.stream, stream);
    send(stream, 'whole');
    assert.equal(data.stream, null);
  });

  it('ends where a frame has nothing but the end', () => {
    const { open, send } = receiver();
    const { stream, log } = open();
    send(stream, '', { isEnd: true });
    assert.deepEqual(log.events, ['(end)']);
  });

  it('waits while it is not wanted, in its order', () => {
    const { data, open, send } = receiver();
    const { stream, log } = open(false);
    send(stream, 'one ');
    send(stream, 'two ');
    assert.deepEqual(log.events, []);
    data.read(stream);
    assert.equal(log.text, 'one two ');
    stream.isRead = false;
    send(stream, 'three ');
    assert.equal(log.text, 'one two ');
    data.read(stream);
    send(stream, 'four', { isEnd: true });
    assert.equal(log.text, 'one two three four');
    assert.equal(log.events.at(-1), '(end)');
  });

  it('waits with its end', () => {
    const { data, open, send } = receiver();
    const { stream, log } = open(false);
    send(stream, 'all', { isEnd: true });
    assert.ok(stream.hasEnded);
    assert.deepEqual(log.events, []);
    data.read(stream);
    assert.deepEqual(log.events, ['all', '(end)']);
  });

  it('waits again where the taker pauses at a piece', () => {
    const { data, open, send } = receiver({ initialWindow: 60_000, maxStreams: 2 });
    const { stream, log } = open(false);
    log.onData = () => {
      stream.isRead = false;
    };
    // Large enough to stay pieces of their own.
    const pieces = ['a', 'b', 'c'].map((letter) => letter.repeat(9000));
    for (const piece of pieces) send(stream, piece);
    send(stream, '', { isEnd: true });
    for (const piece of pieces) {
      data.read(stream);
      assert.equal(log.events.at(-1), piece);
    }
    assert.equal(log.events.length, 3);
    data.read(stream);
    assert.deepEqual(log.events, [...pieces, '(end)']);
  });

  it('ends once, however often it is read', () => {
    const { data, open, send } = receiver();
    const { stream, log } = open();
    send(stream, 'all', { isEnd: true });
    data.read(stream);
    stream.isRead = false;
    data.read(stream);
    assert.deepEqual(log.events, ['all', '(end)']);
  });

  it('ends once where the taker pauses and reads on at a piece', () => {
    const { data, open, send } = receiver({ initialWindow: 60_000, maxStreams: 2 });
    const { stream, log } = open(false);
    for (const letter of ['a', 'b']) send(stream, letter.repeat(9000));
    send(stream, '', { isEnd: true });
    log.onData = () => {
      stream.isRead = false;
      data.read(stream);
    };
    data.read(stream);
    assert.deepEqual(log.events, ['a'.repeat(9000), 'b'.repeat(9000), '(end)']);
  });

  it('comes no more once the stream is closed', () => {
    const { data, open, send } = receiver({ initialWindow: 60_000, maxStreams: 2 });
    const { stream, log } = open(false);
    for (const letter of ['a', 'b']) send(stream, letter.repeat(9000));
    send(stream, '', { isEnd: true });
    log.onData = () => {
      stream.isClosed = true;
    };
    data.read(stream);
    assert.deepEqual(log.events, ['a'.repeat(9000)]);
    assert.equal(data.stream, null);
  });

  it('belongs to whoever has the stream when it is read', () => {
    const { data, open, send } = receiver();
    const { stream, log } = open(false);
    send(stream, 'left over', { isEnd: true });
    const other = logBody(stream);
    data.read(stream);
    assert.deepEqual([log.events, other.events], [[], ['left over', '(end)']]);
  });

  it('is a copy where the chunk is used again, and none where it stays', () => {
    const { data, open, send } = receiver();
    const { stream, log } = open(false);
    send(stream, 'held ', { isLent: true });
    data.read(stream);
    send(stream, 'and taken', { isLent: true });
    assert.equal(log.text, 'held and taken');
    const own = Buffer.alloc(1024);
    data.begin(stream, own.length);
    data.take(stream, own, false);
    assert.equal(log.pieces.at(-1), own);
  });

  it('that waits keeps neither the chunks nor an object for each of its bytes', () => {
    const { data, open } = receiver({ initialWindow: 65_535, maxStreams: 2 });
    const { stream, log } = open(false);
    const text = Array.from({ length: 20_000 }, (_, index) => String.fromCharCode(97 + (index % 26))).join(
      '',
    );
    for (const letter of text) {
      // A byte of data, and much else.
      const chunk = Buffer.alloc(4096, letter);
      assert.equal(data.begin(stream, 1), null);
      assert.equal(data.take(stream, chunk.subarray(7, 8), false), null);
      chunk.fill(0xee);
    }
    assert.ok(stream.held.length <= 10, `${stream.held.length} pieces`);
    const memory = new Set(stream.held.map(({ buffer }) => buffer));
    const kept = [...memory].reduce((sum, buffer) => sum + buffer.byteLength, 0);
    assert.ok(kept <= 2 * text.length, `${kept} bytes are kept`);
    data.read(stream);
    assert.equal(log.text, text);
    assert.deepEqual(stream.held, []);
  });

  it('that was handed on is not written to by what follows', () => {
    const { data, open, send } = receiver();
    const { stream, log } = open(false);
    send(stream, 'one');
    data.read(stream);
    stream.isRead = false;
    send(stream, 'two');
    send(stream, 'three');
    data.read(stream);
    assert.deepEqual(log.pieces.map(String), ['one', 'twothree']);
  });
});

describe('a body with a length', () => {
  const body = (declaredBytes: number) => {
    const { open, send } = receiver();
    const { stream, log } = open();
    stream.declaredBytes = declaredBytes;
    return { stream, log, send };
  };

  it('may be as long as that', () => {
    for (const text of ['', 'abc']) {
      const { stream, send } = body(text.length);
      assert.equal(send(stream, text, { isEnd: true, padding: 9 }), null);
      assert.ok(stream.hasEnded);
    }
  });

  it('must not be longer, whatever follows', () => {
    const { stream, log, send } = body(3);
    assert.equal(send(stream, 'ab'), null);
    assert.equal(send(stream, 'cd'), ERROR.protocol);
    assert.deepEqual(log.events, ['ab']);
    assert.equal(body(0).send(stream, 'a'), ERROR.protocol);
  });

  it('must not be shorter', () => {
    const { stream, log, send } = body(3);
    assert.equal(send(stream, 'ab', { isEnd: true }), ERROR.protocol);
    assert.deepEqual(log.events, ['ab']);
    assert.ok(!stream.hasEnded);
    const trailers = body(3);
    trailers.send(trailers.stream, 'ab');
    const { data } = receiver();
    assert.equal(data.finishStream(trailers.stream)?.code, ERROR.protocol);
  });
});

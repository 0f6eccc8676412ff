import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FrameWatch } from '../../../../src/protocol/http2/frame-watch.ts';
import { FLAG, FRAME, frame } from '../../../support/http2-frames.ts';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const HALF = FLAG.endHeaders;
const WHOLE = FLAG.endHeaders | FLAG.endStream;
const head = (stream: number, flags: number = WHOLE) =>
  frame(FRAME.headers, flags, stream, Buffer.from('head'));
const data = (stream: number, flags = 0) => frame(FRAME.data, flags, stream, Buffer.from('some data'));
const reset = (stream: number) => frame(FRAME.rstStream, 0, stream, Buffer.alloc(4));
const ping = (flags = 0) => frame(FRAME.ping, flags, 0, Buffer.alloc(8));
const grant = (bytes: number, stream = 0) => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(FRAME.windowUpdate, 0, stream, payload);
};

/** What is passed on, and what ends the connection; the frames come in pieces of that size. */
function watch(frames: readonly Buffer[], size = Number.POSITIVE_INFINITY, sentBytes = 0) {
  const bytes = Buffer.concat([PREFACE, ...frames]);
  const watching = new FrameWatch();
  const passed: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const { pieces, violation } = watching.read(bytes.subarray(at, at + size), sentBytes);
    passed.push(...pieces);
    if (violation !== null) return { passed: Buffer.concat(passed), code: violation.code };
  }
  return { passed: Buffer.concat(passed), code: null };
}

const SIZES = [1, 2, 8, 9, 10, 33, Number.POSITIVE_INFINITY];

function assertWatched(frames: readonly Buffer[], passed: readonly Buffer[], code: number | null): void {
  for (const size of SIZES) {
    const expected = { passed: Buffer.concat([PREFACE, ...passed]), code };
    assert.deepEqual(watch(frames, size), expected, `in pieces of ${size}`);
  }
}

describe('frames of a client', () => {
  it('are passed on, whatever pieces they come in', () => {
    const frames = [
      frame(FRAME.settings, 0, 0, Buffer.alloc(0)),
      head(1),
      head(3, HALF),
      data(3),
      ping(),
      grant(1000),
      grant(1000, 3),
      data(3, FLAG.endStream),
      head(5, HALF),
      head(5),
      reset(5),
      reset(5),
      frame(99, 255, 7, Buffer.alloc(100)),
    ];
    assertWatched(frames, frames, null);
  });

  it('are not copied where they come whole', () => {
    const watching = new FrameWatch();
    const chunk = Buffer.concat([PREFACE, head(1), data(1)]);
    assert.equal(watching.read(Buffer.concat([PREFACE, head(1)]), 0).violation, null);
    assert.equal(new FrameWatch().read(chunk.subarray(0, 30), 0).pieces.length, 1);
    const more = head(3);
    assert.equal(watching.read(more, 0).pieces[0], more);
  });

  it('may not come for a stream that the client has ended', () => {
    assertWatched([head(1), data(1)], [head(1)], 5);
    assertWatched([head(1), head(1)], [head(1)], 5);
    assertWatched([head(1, HALF), reset(1), data(1)], [head(1, HALF), reset(1)], 5);
    assertWatched([head(1, HALF), reset(1), head(1)], [head(1, HALF), reset(1)], 5);
    const uploaded = [head(1, HALF), data(1, FLAG.endStream)];
    assertWatched([...uploaded, data(1)], uploaded, 5);
  });

  it('may not begin a stream that was passed over', () => {
    assertWatched([head(5), head(3)], [head(5)], 1);
    // What goes on after the server has ended it is on its way.
    assertWatched(
      [head(3, HALF), head(5), data(3), head(3)],
      [head(3, HALF), head(5), data(3), head(3)],
      null,
    );
  });

  it('may not grant more than a window can hold, whatever was sent', () => {
    const most = 2 ** 31 - 1;
    assertWatched([grant(most - 65_535)], [grant(most - 65_535)], null);
    assertWatched([grant(most - 65_535), grant(1)], [grant(most - 65_535)], 3);
    assert.equal(watch([grant(most - 65_535), grant(100)], 100, 100).code, null);
    assert.equal(watch([grant(most - 65_535), grant(101)], 100, 100).code, 3);
    assertWatched([grant(most, 1), grant(most, 1)], [grant(most, 1), grant(most, 1)], null);
  });

  it('may not grant a stream more than a window can hold: that ends it for both sides', () => {
    const most = 2 ** 31 - 1;
    const ended = reset(1);
    ended.writeUInt32BE(3, 9);
    assertWatched(
      [head(1), grant(most, 1), grant(1, 1), ping()],
      [head(1), grant(most, 1), ended, ping()],
      null,
    );
    const watching = new FrameWatch();
    watching.read(Buffer.concat([PREFACE, head(1), grant(most, 1)]), 0);
    assert.deepEqual(watching.read(grant(1, 1), 0).resets, [ended]);
    assert.deepEqual(watch([head(1), grant(most, 1), grant(1, 1)], 100, 1).passed.at(-1), 1);
  });

  it('may not give a priority to no stream, or make it depend on itself', () => {
    const priority = (stream: number, on: number) => {
      const payload = Buffer.alloc(5);
      payload.writeUInt32BE(on);
      return frame(2, 0, stream, payload);
    };
    assertWatched([priority(3, 0), priority(3, 1)], [priority(3, 0), priority(3, 1)], null);
    assertWatched([priority(3, 3)], [], 1);
    assertWatched([priority(0, 1)], [], 1);
  });

  it('do not reach nghttp2 where they acknowledge a PING that nobody has sent', () => {
    assertWatched([head(1), ping(FLAG.ack), ping(), ping(FLAG.ack)], [head(1), ping()], null);
    const wrong = frame(FRAME.ping, FLAG.ack, 0, Buffer.alloc(7));
    assertWatched([wrong, head(1)], [wrong, head(1)], null);
  });

  it('are remembered of the newest streams alone', () => {
    const watching = new FrameWatch();
    watching.read(PREFACE, 0);
    for (let stream = 1; stream < 4000; stream += 2) watching.read(head(stream), 0);
    assert.equal(watching.read(data(1), 0).violation, null);
    assert.equal(watching.read(head(1), 0).violation, null);
    assert.equal(watching.read(data(3997), 0).violation?.code, 5);
  });
});

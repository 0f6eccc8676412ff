import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteQueue } from '../../../../src/protocol/http1/byte-queue.ts';
import { ChunkedBody } from '../../../../src/protocol/http1/chunked-body.ts';
import type { ParserEvent } from '../../../../src/protocol/http1/parser-event.ts';

const LIMITS = { maxRequestLineBytes: 8190, maxFields: 100, maxFieldBytes: 8190, maxBodyBytes: 1 << 20 };

/** All events of these bytes, which come in pieces of this size. */
function eventsOf(text: string, pieceBytes = text.length, limits = LIMITS): ParserEvent[] {
  const queue = new ByteQueue();
  const body = new ChunkedBody(limits);
  const events: ParserEvent[] = [];
  for (let at = 0; at < text.length; at += pieceBytes) {
    queue.push(Buffer.from(text.slice(at, at + pieceBytes), 'latin1'));
    for (let event = body.next(queue); event !== null; event = body.next(queue)) {
      events.push(event);
      if (event.type === 'end' || event.type === 'error') return events;
    }
  }
  return events;
}

const pieces = (events: readonly ParserEvent[]) =>
  events.flatMap((event) => (event.type === 'body' ? [event.data] : []));
const chunk = (data: string) => `${data.length.toString(16)}\r\n${data}\r\n`;

describe('a chunked body', () => {
  it('gives small chunks that have come together in one piece, up to a bound', () => {
    const letters = Array.from({ length: 40_000 }, (_, index) => String.fromCharCode(97 + (index % 26)));
    const events = eventsOf(`${letters.map(chunk).join('')}0\r\n\r\n`);
    const given = pieces(events);
    assert.equal(Buffer.concat(given).toString(), letters.join(''));
    assert.deepEqual(
      given.map(({ length }) => length),
      [16_384, 16_384, 40_000 - 2 * 16_384],
    );
    assert.equal(events.at(-1)?.type, 'end');
  });

  it('gives large ones, and one that comes alone, without a copy', () => {
    const [large, small] = ['L'.repeat(5000), 's'];
    const text = `${chunk(large)}${chunk(small)}0\r\n\r\n`;
    const queue = new ByteQueue();
    const bytes = Buffer.from(text);
    queue.push(bytes);
    const body = new ChunkedBody(LIMITS);
    for (const expected of [large, small]) {
      const event = body.next(queue);
      assert.ok(event?.type === 'body');
      assert.equal(event.data.toString(), expected);
      assert.equal(event.data.buffer, bytes.buffer);
    }
    assert.equal(body.next(queue)?.type, 'end');
  });

  it('gives the same bytes and the same end however they come', () => {
    const data = ['a', 'b'.repeat(2000), 'c', 'd', 'e'.repeat(20_000), 'f'];
    for (const end of ['0\r\n\r\n', '0\r\nX: y\r\n\r\n', 'zz\r\n']) {
      for (const pieceBytes of [1, 2, 3, 7, 1000, 16_384, 1 << 20]) {
        const events = eventsOf(data.map(chunk).join('') + end, pieceBytes);
        assert.equal(Buffer.concat(pieces(events)).toString(), data.join(''));
        const last = events.at(-1);
        assert.equal(last?.type, end === 'zz\r\n' ? 'error' : 'end', `${end} by ${pieceBytes}`);
      }
    }
  });

  it('keeps what it has looked at when the memory is taken back', () => {
    const queue = new ByteQueue();
    const body = new ChunkedBody(LIMITS);
    const bytes = Buffer.from(chunk('a') + chunk('b'.repeat(20_000)));
    queue.push(bytes);
    const first = body.next(queue);
    assert.ok(first?.type === 'body');
    assert.equal(first.data.toString(), 'a');
    queue.detach();
    body.detach();
    bytes.fill('!');
    const second = body.next(queue);
    assert.ok(second?.type === 'body');
    assert.equal(second.data.toString(), 'b'.repeat(20_000));
  });

  it('has a limit for all of its trailers, where there is one', () => {
    const trailers = Array.from({ length: 10 }, (_, index) => `X-${index}: ${'y'.repeat(93)}\r\n`);
    const text = `0\r\n${trailers.join('')}\r\n`;
    const exactly = trailers.join('').length + 2;
    const last = (maxTrailerBytes: number) =>
      eventsOf(text, text.length, { ...LIMITS, ...{ maxTrailerBytes } }).at(-1);
    assert.equal(last(exactly)?.type, 'end');
    const beyond = last(exactly - 1);
    assert.ok(beyond?.type === 'error');
    assert.equal(beyond.error.code, 'field_too_large');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FrameReader, type FrameSink } from '../../../../src/protocol/lane/frame-reader.ts';
import { HEADER_BYTES, KIND, RESPONSE_FLAG } from '../../../../src/protocol/lane/frames.ts';
import { frame } from '../../dispatcher/fake-worker.ts';
import { type CollectedFrame, FrameCollector } from './frame-collector.ts';

/** As for a lane: of a response the head must be whole, of a file everything. */
const isAtomic = (kind: number, flags: number) =>
  (kind !== KIND.response && kind !== KIND.body) || (flags & RESPONSE_FLAG.file) !== 0;

const STREAM = Buffer.concat([
  frame(KIND.response, { id: 1, flags: 1, a: 8, b: 7 }, '200 OK\r\nhello'),
  frame(KIND.response, { id: 2, a: 8 }, '200 OK\r\n'),
  frame(KIND.body, { id: 2 }, 'some'),
  frame(KIND.body, { id: 2, flags: 1 }),
  frame(KIND.response, { id: 3, flags: 1 | RESPONSE_FLAG.file, a: 8 }, '200 OK\r\n{"fd": 1}'),
  frame(KIND.abort, { id: 4, flags: 1 }, 'why'),
  frame(KIND.done, { id: 0xffffffff }),
]);

function read(...pieces: readonly Buffer[]): FrameCollector {
  const collector = new FrameCollector();
  const reader = new FrameReader(collector, isAtomic);
  for (const piece of pieces) reader.push(piece);
  return collector;
}

describe('the reader of frames', () => {
  const whole: readonly CollectedFrame[] = read(STREAM).frames;

  it('cuts a stream into its frames', () => {
    assert.deepEqual(
      whole.map(({ kind, flags, id, a, b, payload }) => [kind, flags, id, a, b, payload]),
      [
        [KIND.response, 1, 1, 8, 7, '200 OK\r\nhello'],
        [KIND.response, 0, 2, 8, 0, '200 OK\r\n'],
        [KIND.body, 0, 2, 0, 0, 'some'],
        [KIND.body, 1, 2, 0, 0, ''],
        [KIND.response, 33, 3, 8, 0, '200 OK\r\n{"fd": 1}'],
        [KIND.abort, 1, 4, 0, 0, 'why'],
        [KIND.done, 0, 0xffffffff, 0, 0, ''],
      ],
    );
  });

  it('reads the same however the stream is split', () => {
    for (let first = 1; first < STREAM.length; first += 1) {
      for (let second = first; second < STREAM.length; second += 1) {
        const { frames } = read(
          STREAM.subarray(0, first),
          STREAM.subarray(first, second),
          STREAM.subarray(second),
        );
        assert.deepEqual(frames, whole, `split at ${first} and ${second}`);
      }
    }
  });

  it('reads the same byte by byte', () => {
    assert.deepEqual(read(...Array.from(STREAM, (byte) => Buffer.of(byte))).frames, whole);
  });

  it('has the head of a response whole at its first call, and an atomic frame altogether', () => {
    for (let at = 1; at < STREAM.length; at += 1) {
      const sink: FrameSink = {
        frame: (kind, flags, _id, a, _b, _bytes, start, end, isWhole) => {
          assert.ok(end - start >= a);
          if (isAtomic(kind, flags)) assert.ok(isWhole);
        },
        more: () => {},
      };
      const reader = new FrameReader(sink, isAtomic);
      reader.push(STREAM.subarray(0, at));
      reader.push(STREAM.subarray(at));
    }
  });

  it('hands a large payload on as it comes, without copying it', () => {
    const size = 50_000_000;
    const header = frame(KIND.body, { id: 1, flags: 1 }).subarray(0, HEADER_BYTES);
    header.writeUInt32LE(size, 0);
    let seen = 0;
    let isEnded = false;
    const piece = Buffer.alloc(65_536);
    const reader = new FrameReader(
      {
        frame: (_kind, _flags, _id, _a, _b, _bytes, start, end) => {
          seen += end - start;
        },
        more: (bytes, start, end, isLast) => {
          assert.equal(bytes, piece);
          seen += end - start;
          isEnded = isLast;
        },
      },
      isAtomic,
    );
    reader.push(header);
    while (seen < size) reader.push(piece);
    assert.equal(seen, size);
    assert.equal(isEnded, true);
  });
});

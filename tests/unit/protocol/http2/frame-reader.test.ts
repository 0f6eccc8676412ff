import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FrameReader } from '../../../../src/protocol/http2/frame-reader.ts';
import {
  ERROR,
  FLAG,
  FRAME,
  frame,
  PREFACE,
  padded,
  rstStream,
  settings,
  uint32,
  windowUpdate,
} from '../../../support/http2-frames.ts';
import { FrameLog, readFrames, singleBytes } from './frame-log.ts';

const MAX_FRAME_BYTES = 16_384;
const START = Buffer.from(PREFACE);
const PING = frame(FRAME.ping, 0, 0, Buffer.from('12345678'));
const TEXT = Buffer.from('hello');

/** Each with what is read of it. */
const FRAMES: readonly (readonly [what: string, bytes: Buffer, ...lines: string[]])[] = [
  ['data', frame(FRAME.data, 0, 1, TEXT), 'data 1 5', 'hello 0'],
  ['the end of data', frame(FRAME.data, FLAG.endStream, 1, TEXT), 'data 1 5', 'hello 1'],
  ['data without any', frame(FRAME.data, FLAG.endStream, 1), 'data 1 0', ' 1'],
  ['padded data', frame(FRAME.data, FLAG.padded, 1, padded(TEXT, 3)), 'data 1 9', 'hello 8'],
  [
    'data with a padding of nothing',
    frame(FRAME.data, FLAG.padded, 1, padded(TEXT, 0)),
    'data 1 6',
    'hello 8',
  ],
  [
    'nothing but padding',
    frame(FRAME.data, FLAG.padded, 1, padded(Buffer.alloc(0), 255)),
    'data 1 256',
    ' 8',
  ],
  ['neither data nor padding', frame(FRAME.data, FLAG.padded, 1, Buffer.of(0)), 'data 1 1', ' 8'],
  ['HEADERS', frame(FRAME.headers, 5, 3, TEXT), 'frame 1 5 3 68656c6c6f'],
  ['padded HEADERS as they came', frame(FRAME.headers, 8, 3, padded(TEXT, 1)), 'frame 1 8 3 0168656c6c6f00'],
  ['PRIORITY', frame(FRAME.priority, 0, 3, Buffer.alloc(5)), 'frame 2 0 3 0000000000'],
  ['RST_STREAM', rstStream(3, ERROR.cancel), 'frame 3 0 3 00000008'],
  ['SETTINGS', settings([4, 70_000]), 'frame 4 0 0 000400011170'],
  ['SETTINGS without any', settings(), 'frame 4 0 0 '],
  ['an acknowledgement', frame(FRAME.settings, FLAG.ack, 0), 'frame 4 1 0 '],
  ['PUSH_PROMISE', frame(FRAME.pushPromise, 4, 1, uint32(2)), 'frame 5 4 1 00000002'],
  ['PING', PING, 'frame 6 0 0 3132333435363738'],
  ['GOAWAY', frame(FRAME.goaway, 0, 0, Buffer.alloc(8)), 'frame 7 0 0 0000000000000000'],
  ['WINDOW_UPDATE', windowUpdate(5, 1), 'frame 8 0 5 00000001'],
  ['CONTINUATION', frame(FRAME.continuation, 4, 3, TEXT), 'frame 9 4 3 68656c6c6f'],
  ['a type that nobody knows', frame(250, 255, 7, TEXT), 'frame 250 255 7 68656c6c6f'],
  ['a stream with the reserved bit', frame(250, 0, 0xffffffff), 'frame 250 0 2147483647 '],
];

const read = (...pieces: readonly Buffer[]) => readFrames(pieces, MAX_FRAME_BYTES).lines;

describe('the reader of frames', () => {
  for (const [what, bytes, ...lines] of FRAMES) {
    it(`gives ${what}, whole, in pieces, and with others behind it`, () => {
      const behind = Buffer.concat([START, bytes, PING, bytes]);
      const all = [...lines, 'frame 6 0 0 3132333435363738', ...lines];
      assert.deepEqual(read(behind), all);
      assert.deepEqual(read(...singleBytes(behind)), all);
      for (let at = 0; at <= behind.length; at++) {
        assert.deepEqual(read(behind.subarray(0, at), behind.subarray(at)), all, `split at ${at}`);
      }
    });
  }

  it('gives frames one by one, however many there are', () => {
    const bytes = Buffer.concat([START, ...FRAMES.map(([, frame]) => frame)]);
    const all = FRAMES.flatMap(([, , ...lines]) => lines);
    assert.deepEqual(read(bytes), all);
    assert.deepEqual(read(...singleBytes(bytes)), all);
    for (let size = 2; size < 40; size++) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
      assert.deepEqual(read(...pieces), all, `pieces of ${size}`);
    }
  });

  it('gives data where it lies, of a chunk that stays as it is', () => {
    const log = new FrameLog();
    const reader = new FrameReader(log, MAX_FRAME_BYTES);
    const chunk = Buffer.concat([START, frame(FRAME.data, 0, 1, TEXT), PING]);
    reader.read(chunk);
    assert.equal(log.pieces[0]?.buffer, chunk.buffer);
    reader.read(frame(FRAME.data, FLAG.padded, 1, padded(Buffer.from('other'), 9)));
    reader.read(PING);
    assert.deepEqual(log.pieces.map(String), ['hello', 'other']);
  });

  it('gives data as soon as it is there, and other frames when they are whole', () => {
    const log = new FrameLog();
    const reader = new FrameReader(log, MAX_FRAME_BYTES);
    reader.read(Buffer.concat([START, frame(FRAME.data, 0, 1, TEXT).subarray(0, 11)]));
    assert.deepEqual([log.lines, log.pieces.map(String)], [['data 1 5'], ['he']]);
    reader.read(Buffer.concat([Buffer.from('llo'), PING.subarray(0, 16)]));
    assert.deepEqual(log.lines, ['data 1 5', 'hello 0']);
    reader.read(PING.subarray(16));
    assert.equal(log.lines.length, 3);
  });

  it('takes a frame of the largest size, and none that is larger by a byte', () => {
    for (const type of [FRAME.data, FRAME.headers, FRAME.settings, 250]) {
      const lines = (bytes: number) =>
        read(START, frame(type, 0, 1, Buffer.alloc(bytes, 'x')), PING).map((line) => line.slice(0, 12));
      assert.equal(lines(MAX_FRAME_BYTES).at(-1), 'frame 6 0 0 ');
      assert.deepEqual(lines(MAX_FRAME_BYTES + 1), [`violation ${ERROR.frameSize}`], `type ${type}`);
    }
  });

  it('takes larger ones where that was said', () => {
    const bytes = Buffer.concat([START, frame(FRAME.headers, 0, 1, Buffer.alloc(20_000)), PING]);
    assert.equal(readFrames([bytes], 20_000).lines.length, 2);
    assert.deepEqual(readFrames([bytes], 19_999).lines, [`violation ${ERROR.frameSize}`]);
  });

  it('says that a frame is too large before it has come', () => {
    assert.deepEqual(read(START, Buffer.from('004001 00 00 00000001'.replaceAll(' ', ''), 'hex')), [
      `violation ${ERROR.frameSize}`,
    ]);
  });

  for (const [what, bytes, code] of [
    ['padding by more than the frame has', frame(FRAME.data, FLAG.padded, 1, Buffer.of(5, 0, 0, 0, 0)), 1],
    ['padding by all of the frame', frame(FRAME.data, FLAG.padded, 1, Buffer.of(1)), ERROR.protocol],
    ['padding without its length', frame(FRAME.data, FLAG.padded, 1), ERROR.frameSize],
  ] as const) {
    it(`reads nothing more after ${what}`, () => {
      const lines = [`data 1 ${bytes.length - 9}`, `violation ${code}`];
      const all = Buffer.concat([START, bytes, PING, PING]);
      const log = (pieces: readonly Buffer[]) => {
        const found = new UnclosedLog();
        const reader = new FrameReader(found, MAX_FRAME_BYTES);
        for (const piece of pieces) reader.read(piece);
        return found.lines;
      };
      assert.deepEqual(log([all]), lines);
      assert.deepEqual(log(singleBytes(all)), lines);
      for (let at = 0; at <= all.length; at++) {
        assert.deepEqual(log([all.subarray(0, at), all.subarray(at)]), lines, `split at ${at}`);
      }
    });
  }

  it('takes nothing for a connection of HTTP/2 that does not begin as one', () => {
    const violation = [`violation ${ERROR.protocol}`];
    for (let at = 0; at < START.length; at++) {
      const other = Buffer.from(START);
      other[at] = (other[at] as number) ^ 0x20;
      assert.deepEqual(read(other, PING), violation);
      assert.deepEqual(read(...singleBytes(other), PING), violation);
    }
    assert.deepEqual(read(START.subarray(0, 23)), []);
  });

  it('reads nothing more once it is told to stop, wherever that is', () => {
    const bytes = Buffer.concat([START, frame(FRAME.data, FLAG.padded, 1, padded(TEXT, 2)), PING, PING]);
    const stops = { takeFrame: 3, takeDataStart: 1, takeData: 2, takeDataEnd: 3 };
    for (const [where, seen] of Object.entries(stops)) {
      for (const pieces of [[bytes], singleBytes(bytes)]) {
        let calls = 0;
        const step = (name: string) => () => {
          calls += 1;
          if (name === where) reader.stop();
        };
        const reader: FrameReader = new FrameReader(
          {
            takeFrame: step('takeFrame'),
            takeDataStart: step('takeDataStart'),
            takeData: step('takeData'),
            takeDataEnd: step('takeDataEnd'),
            takeViolation: () => assert.fail('there is none'),
          },
          MAX_FRAME_BYTES,
        );
        for (const piece of pieces) reader.read(piece);
        // Byte by byte, data comes in five pieces.
        const pieceCalls = pieces.length > 1 && (where === 'takeFrame' || where === 'takeDataEnd') ? 4 : 0;
        assert.equal(calls, seen + pieceCalls + (where === 'takeFrame' ? 1 : 0), where);
      }
    }
  });
});

/** Knows of violations in the middle of a frame. */
class UnclosedLog extends FrameLog {
  override takeDataEnd(): void {
    assert.fail('the frame has no end');
  }
}

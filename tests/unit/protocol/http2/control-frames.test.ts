import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ControlFrames } from '../../../../src/protocol/http2/control-frames.ts';
import { Stream } from '../../../../src/protocol/http2/stream.ts';
import { ERROR, FLAG, FRAME, framesIn, SETTING, settings, uint32 } from '../../../support/http2-frames.ts';
import { quietSender, takeFrames } from './out-frames.ts';

const MAX_IDLE_FRAMES = 10_000;
const PING = Buffer.from('12345678');

function controlFrames() {
  const sender = quietSender();
  const applied: string[] = [];
  const control = new ControlFrames(sender, {
    setHeaderTableSize: (bytes) => applied.push(`table ${bytes}`),
    setInitialWindow: (bytes) => applied.push(`window ${bytes}`) > 0,
  });
  const take = (type: number, flags: number, streamId: number, payload: Buffer) => {
    const bytes = Buffer.concat([Buffer.from('ff', 'hex'), payload, Buffer.from('ff', 'hex')]);
    const violation = control.take(type, flags, streamId, bytes, 1, 1 + payload.length);
    bytes.fill(0xee);
    return violation?.code ?? null;
  };
  const answers = () =>
    takeFrames(sender.output).map(({ type, flags, stream, payload }) => [
      type,
      flags,
      stream,
      String(payload),
    ]);
  return { sender, control, applied, take, answers };
}

const payloadOf = (bytes: Buffer) => framesIn(bytes).frames[0]?.payload as Buffer;

describe('SETTINGS', () => {
  it('are applied, and acknowledged', () => {
    const { take, applied, answers } = controlFrames();
    const payload = payloadOf(settings([SETTING.window, 5], [SETTING.tableSize, 6]));
    assert.equal(take(FRAME.settings, 0, 0, payload), null);
    assert.deepEqual(applied, ['table 6', 'window 5']);
    assert.deepEqual(answers(), [[FRAME.settings, FLAG.ack, 0, '']]);
  });

  it('that are wrong are not acknowledged', () => {
    const { take, answers } = controlFrames();
    assert.equal(take(FRAME.settings, 0, 0, payloadOf(settings([SETTING.push, 2]))), ERROR.protocol);
    assert.equal(take(FRAME.settings, 0, 0, Buffer.alloc(7)), ERROR.frameSize);
    assert.equal(take(FRAME.settings, 0, 1, Buffer.alloc(0)), ERROR.protocol);
    assert.deepEqual(answers(), []);
  });

  it('are acknowledged by a frame that is empty', () => {
    const { take, applied, answers } = controlFrames();
    assert.equal(take(FRAME.settings, FLAG.ack, 0, Buffer.alloc(0)), null);
    assert.equal(
      take(FRAME.settings, FLAG.ack, 0, payloadOf(settings([SETTING.window, 5]))),
      ERROR.frameSize,
    );
    assert.equal(take(FRAME.settings, FLAG.ack, 1, Buffer.alloc(0)), ERROR.protocol);
    assert.deepEqual([applied, answers()], [[], []]);
  });
});

describe('PING', () => {
  it('comes back as it was', () => {
    const { take, answers } = controlFrames();
    assert.equal(take(FRAME.ping, 0, 0, PING), null);
    assert.deepEqual(answers(), [[FRAME.ping, FLAG.ack, 0, '12345678']]);
  });

  it('that is an acknowledgement does not', () => {
    const { take, answers } = controlFrames();
    assert.equal(take(FRAME.ping, FLAG.ack, 0, PING), null);
    assert.deepEqual(answers(), []);
  });

  it('has eight bytes, and no stream', () => {
    const { take, answers } = controlFrames();
    for (const length of [0, 7, 9]) {
      assert.equal(take(FRAME.ping, 0, 0, Buffer.alloc(length)), ERROR.frameSize);
      assert.equal(take(FRAME.ping, FLAG.ack, 0, Buffer.alloc(length)), ERROR.frameSize);
    }
    assert.equal(take(FRAME.ping, 0, 1, PING), ERROR.protocol);
    assert.deepEqual(answers(), []);
  });
});

describe('a frame that changes nothing', () => {
  const priority = (on: number) => Buffer.concat([uint32(on), Buffer.of(1)]);
  const cases: readonly (readonly [
    what: string,
    type: number,
    streamId: number,
    payload: Buffer,
    code: number | null,
  ])[] = [
    ['PRIORITY', FRAME.priority, 3, priority(1), null],
    ['PRIORITY of no stream', FRAME.priority, 0, priority(1), ERROR.protocol],
    ['PRIORITY that is too short', FRAME.priority, 3, Buffer.alloc(4), ERROR.frameSize],
    ['PRIORITY that is too long', FRAME.priority, 3, Buffer.alloc(6), ERROR.frameSize],
    ['PRIORITY on itself', FRAME.priority, 3, priority(3), ERROR.protocol],
    ['PRIORITY on itself, exclusively', FRAME.priority, 3, priority(0x80000003), ERROR.protocol],
    ['GOAWAY', FRAME.goaway, 0, Buffer.alloc(8), null],
    ['GOAWAY with a reason', FRAME.goaway, 0, Buffer.alloc(100), null],
    ['GOAWAY that is too short', FRAME.goaway, 0, Buffer.alloc(7), ERROR.frameSize],
    ['GOAWAY of a stream', FRAME.goaway, 1, Buffer.alloc(8), ERROR.protocol],
    ['PUSH_PROMISE', FRAME.pushPromise, 1, uint32(2), ERROR.protocol],
    ['what nobody knows', 0x0b, 1, Buffer.from('any'), null],
    ['what nobody knows, of the connection', 0xff, 0, Buffer.alloc(0), null],
  ];
  for (const [what, type, streamId, payload, code] of cases) {
    it(`${code === null ? 'may' : 'must not'} be ${what}`, () => {
      const { take, answers, applied } = controlFrames();
      assert.equal(take(type, 0, streamId, payload), code);
      assert.deepEqual([answers(), applied], [[], []]);
    });
  }
});

describe('frames that bring nothing', () => {
  const count = (control: ControlFrames, frames: number) => {
    for (let counted = 0; counted < frames; counted++) {
      const violation = control.count();
      if (violation !== null) return [counted, violation.code];
    }
    return 'taken';
  };

  it(`may be ${MAX_IDLE_FRAMES}, and no more`, () => {
    const { control } = controlFrames();
    assert.deepEqual(count(control, MAX_IDLE_FRAMES + 1), [MAX_IDLE_FRAMES, ERROR.calm]);
  });

  it('are counted anew after progress', () => {
    const { control } = controlFrames();
    for (let round = 0; round < 3; round++) {
      assert.equal(count(control, MAX_IDLE_FRAMES), 'taken');
      control.noteProgress();
    }
    assert.deepEqual(count(control, MAX_IDLE_FRAMES + 1), [MAX_IDLE_FRAMES, ERROR.calm]);
  });

  it('are counted anew after data was sent, once for each time', () => {
    const { control, sender } = controlFrames();
    for (const streamId of [1, 3]) {
      assert.equal(count(control, MAX_IDLE_FRAMES), 'taken');
      assert.ok(sender.sendAtOnce(new Stream(streamId, true, 0, 100), 'x'));
    }
    assert.deepEqual(count(control, MAX_IDLE_FRAMES + 1), [MAX_IDLE_FRAMES, ERROR.calm]);
  });
});

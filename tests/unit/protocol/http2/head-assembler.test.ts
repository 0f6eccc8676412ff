import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fragmentOf, HeadAssembler } from '../../../../src/protocol/http2/head-assembler.ts';
import { ERROR, FLAG, padded, uint32 } from '../../../support/http2-frames.ts';

const BLOCK = Buffer.from('block');
const STREAM = 5;
const { padded: PADDED, priority: PRIORITY } = FLAG;

/** It depends on the stream, and has a weight. */
const priority = (on: number) => Buffer.concat([uint32(on), Buffer.of(15)]);

/** The field block, or the error code. */
function fragment(flags: number, payload: Buffer): string | number {
  const before = Buffer.from('before');
  const bytes = Buffer.concat([before, payload, Buffer.from('behind')]);
  const start = before.length;
  const found = fragmentOf(flags, STREAM, bytes, start, start + payload.length);
  return 'code' in found ? found.code : bytes.toString('latin1', found.start, found.end);
}

describe('the field block of a HEADERS frame', () => {
  it('is all of it', () => {
    assert.equal(fragment(FLAG.endHeaders, BLOCK), 'block');
    assert.equal(fragment(0, Buffer.alloc(0)), '');
  });

  it('comes after a priority, and before padding', () => {
    assert.equal(fragment(PADDED, padded(BLOCK, 3)), 'block');
    assert.equal(fragment(PADDED, padded(BLOCK, 0)), 'block');
    assert.equal(fragment(PRIORITY, Buffer.concat([priority(3), BLOCK])), 'block');
    assert.equal(fragment(PADDED | PRIORITY, padded(Buffer.concat([priority(3), BLOCK]), 255)), 'block');
  });

  it('may be empty, and is not less than that', () => {
    const cases: readonly (readonly [flags: number, payload: Buffer, found: string | number])[] = [
      [PADDED, Buffer.of(0), ''],
      [PADDED, Buffer.of(1, 0), ''],
      [PADDED, Buffer.of(2, 0), ERROR.protocol],
      [PADDED, Buffer.of(1), ERROR.protocol],
      [PADDED, Buffer.alloc(0), ERROR.frameSize],
      [PRIORITY, priority(3), ''],
      [PRIORITY, priority(3).subarray(1), ERROR.frameSize],
      [PRIORITY, Buffer.alloc(0), ERROR.frameSize],
      [PADDED | PRIORITY, padded(priority(3), 1), ''],
      [PADDED | PRIORITY, Buffer.concat([Buffer.of(1), priority(3)]), ERROR.protocol],
      [PADDED | PRIORITY, Buffer.concat([Buffer.of(0), priority(3).subarray(1)]), ERROR.frameSize],
    ];
    for (const [flags, payload, found] of cases) {
      assert.equal(fragment(flags, payload), found, `${flags} ${payload.toString('hex')}`);
    }
  });

  it('is of no stream that depends on itself, exclusively or not', () => {
    const exclusive = 0x80000000;
    assert.equal(fragment(PRIORITY, priority(STREAM)), ERROR.protocol);
    assert.equal(fragment(PRIORITY, priority(exclusive + STREAM)), ERROR.protocol);
    assert.equal(fragment(PRIORITY, priority(exclusive + 3)), '');
    assert.equal(fragment(PADDED | PRIORITY, padded(priority(STREAM), 0)), ERROR.protocol);
  });
});

describe('a head in several frames', () => {
  const add = (head: HeadAssembler, text: string) => {
    const bytes = Buffer.from(`<${text}>`);
    const isTaken = head.add(bytes, 1, bytes.length - 1);
    bytes.fill(0xee);
    return isTaken;
  };

  it('is put together of copies', () => {
    const head = new HeadAssembler(STREAM, true, 100);
    for (const part of ['one', '', ' two', ' three']) assert.ok(add(head, part));
    assert.equal(String(head.whole()), 'one two three');
    assert.deepEqual([head.streamId, head.endsStream], [STREAM, true]);
  });

  it('has so many bytes at most', () => {
    const head = new HeadAssembler(STREAM, false, 10);
    assert.ok(add(head, '12345'));
    assert.ok(add(head, '67890'));
    assert.ok(!add(head, '1'));
    assert.ok(!add(new HeadAssembler(STREAM, false, 10), '12345678901'));
  });

  it('has 64 frames after the first one at most, however small they are', () => {
    const head = new HeadAssembler(STREAM, false, 1000);
    for (let count = 0; count <= 64; count++) assert.ok(add(head, ''), `frame ${count}`);
    assert.ok(!add(head, ''));
  });
});

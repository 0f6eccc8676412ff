import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutBuffer, SLAB_BYTES } from '../../../../src/protocol/http2/out-buffer.ts';
import { takeBytes } from './out-frames.ts';

function buffer() {
  const borrowed: Buffer[] = [];
  const borrow = () => {
    const slab = Buffer.alloc(SLAB_BYTES, 0xee);
    borrowed.push(slab);
    return slab;
  };
  let firsts = 0;
  const output = new OutBuffer({ borrow }, () => {
    firsts += 1;
  });
  const write = (text: string) => {
    const to = output.reserve(text.length);
    output.at += to.write(text, output.at, 'latin1');
  };
  return { output, borrowed, write, firsts: () => firsts };
}

describe('what a connection is about to send', () => {
  it('costs no memory while there is nothing', () => {
    const { output, borrowed, firsts } = buffer();
    assert.deepEqual([output.isEmpty, output.bytes, output.room, output.take()], [true, 0, 0, []]);
    assert.deepEqual([borrowed.length, firsts()], [0, 0]);
  });

  it('is put behind one another in one slab', () => {
    const { output, borrowed, write } = buffer();
    for (const text of ['one', ' two', ' three']) write(text);
    assert.deepEqual([output.isEmpty, output.bytes, output.room], [false, 13, SLAB_BYTES - 13]);
    assert.deepEqual(output.take(), [{ slab: borrowed[0], bytes: 13 }]);
    assert.equal(borrowed[0]?.toString('latin1', 0, 13), 'one two three');
    assert.equal(borrowed.length, 1);
  });

  it('fills a slab to its last byte, and goes on in another', () => {
    const { output, borrowed, write } = buffer();
    write('a'.repeat(SLAB_BYTES - 4));
    write('bbbb');
    assert.deepEqual([borrowed.length, output.room], [1, 0]);
    write('c');
    assert.equal(borrowed.length, 2);
    assert.equal(output.bytes, SLAB_BYTES + 1);
    const bytes = takeBytes(output).toString('latin1');
    assert.equal(bytes, `${'a'.repeat(SLAB_BYTES - 4)}bbbbc`);
  });

  it('is not split over two slabs', () => {
    const { output, borrowed, write } = buffer();
    write('a'.repeat(SLAB_BYTES - 4));
    write('bbbbb');
    const filled = output.take();
    assert.deepEqual(
      filled.map(({ slab, bytes }) => [borrowed.indexOf(slab), bytes]),
      [
        [0, SLAB_BYTES - 4],
        [1, 5],
      ],
    );
  });

  it('may be as large as a slab', () => {
    const { output, write } = buffer();
    write('x');
    write('y'.repeat(SLAB_BYTES));
    assert.equal(takeBytes(output).length, SLAB_BYTES + 1);
  });

  it('is announced when it is the first since it was taken', () => {
    const { output, write, firsts } = buffer();
    for (let count = 0; count < 3; count++) write('x'.repeat(SLAB_BYTES - 1));
    assert.equal(firsts(), 1);
    output.take();
    write('y');
    write('z');
    assert.equal(firsts(), 2);
  });

  it('counts until the system has it', () => {
    const { output, write } = buffer();
    write('x'.repeat(SLAB_BYTES));
    write('abc');
    const filled = output.take();
    assert.deepEqual([output.isEmpty, output.bytes], [true, SLAB_BYTES + 3]);
    write('de');
    assert.deepEqual([output.isEmpty, output.bytes], [false, SLAB_BYTES + 5]);
    for (const { bytes } of filled) output.noteWritten(bytes);
    assert.equal(output.bytes, 2);
    assert.equal(String(takeBytes(output)), 'de');
    assert.equal(output.bytes, 0);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteQueue } from '../../../../src/protocol/http1/byte-queue.ts';

test('bytes come out as they went in, however they are pushed and taken', () => {
  const queue = new ByteQueue();
  const taken: Buffer[] = [];
  for (let i = 0; i < 5000; i++) {
    queue.push(Buffer.of(i & 255, (i >> 8) & 255));
    if (i % 3 === 0) taken.push(queue.take(Math.min(queue.length, i % 7)));
  }
  taken.push(queue.take(queue.length));
  const expected = Array.from({ length: 5000 }, (_, i) => [i & 255, (i >> 8) & 255]).flat();
  assert.deepEqual([...Buffer.concat(taken)], expected);
  assert.equal(queue.length, 0);
});

test('what is consumed before the next chunk is never copied', () => {
  const queue = new ByteQueue();
  for (const chunk of [Buffer.alloc(10), Buffer.alloc(20)]) {
    queue.push(chunk);
    assert.equal(queue.bytes, chunk);
    queue.skip(chunk.length);
  }
});

test('bytes that come one by one are moved a logarithmic number of times', () => {
  const queue = new ByteQueue();
  const buffers = new Set<Buffer>();
  for (let i = 0; i < 100_000; i++) {
    queue.push(Buffer.of(1));
    buffers.add(queue.bytes);
  }
  assert.equal(queue.length, 100_000);
  assert.ok(buffers.size < 12, `${buffers.size} buffers`);
});

test('an empty queue holds no buffer', () => {
  const queue = new ByteQueue();
  queue.push(Buffer.alloc(1000));
  queue.take(400);
  queue.skip(600);
  assert.equal(queue.bytes.length, 0);
});

test('a rest that is detached does not change with the chunk that it came in', () => {
  const queue = new ByteQueue();
  const chunk = Buffer.from('abcdef');
  queue.push(chunk);
  queue.skip(2);
  queue.detach();
  chunk.fill('#');
  queue.push(Buffer.from('gh'));
  queue.detach();
  assert.equal(queue.take(6).toString(), 'cdefgh');
  queue.detach();
  assert.equal(queue.bytes.length, 0);
});

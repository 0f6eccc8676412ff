import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fifo } from '../../../../benchmarks/dispatch/fifo.ts';

test('what came first leaves first, also after thousands have passed through', () => {
  const fifo = new Fifo<number>();
  let next = 0;
  for (let pushed = 0; pushed < 10_000; pushed += 1) {
    fifo.push(pushed);
    if (pushed % 3 === 0) continue;
    assert.equal(fifo.peek(), next);
    assert.equal(fifo.shift(), next);
    next += 1;
  }
  assert.equal(fifo.length, 10_000 - next);
  while (fifo.length > 0) {
    assert.equal(fifo.shift(), next);
    next += 1;
  }
  assert.equal(next, 10_000);
});

test('an empty one gives nothing, and can be used again', () => {
  const fifo = new Fifo<string>();
  assert.equal(fifo.shift(), undefined);
  fifo.push('a');
  assert.equal(fifo.shift(), 'a');
  assert.equal(fifo.shift(), undefined);
  assert.equal(fifo.peek(), undefined);
  fifo.push('b');
  assert.equal(fifo.shift(), 'b');
});

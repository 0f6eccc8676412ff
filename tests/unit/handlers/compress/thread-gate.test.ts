import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ThreadGate } from '../../../../src/handlers/compress/thread-gate.ts';

it('no more is compressed at once than the gate lets in, and the rest in its turn', () => {
  const gate = new ThreadGate(2, 2);
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const ask = (name: string) =>
    gate.ask((done) => {
      begun.push(name);
      ends.push(done);
    });
  for (const name of ['a', 'b', 'c', 'd']) ask(name);
  assert.deepEqual(begun, ['a', 'b']);
  assert.ok(gate.isCrowded);
  ends[0]?.();
  ends[0]?.();
  assert.deepEqual(begun, ['a', 'b', 'c']);
  assert.ok(!gate.isCrowded);
  ends[1]?.();
  ends[2]?.();
  ends[3]?.();
  ask('e');
  assert.deepEqual(begun, ['a', 'b', 'c', 'd', 'e']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { laneRules } from '../../../src/arbiter/lane-rules.ts';

const any = (path: string, lanes: number) => ({ method: null, path, lanes });

test('a limit and a reserve for the same requests are one rule', () => {
  assert.deepEqual(laneRules([any('/reports/*', 3)], [any('/reports/*', 1)]), [
    { method: null, path: '/reports/*', limit: 3, reserve: 1 },
  ]);
});

test('a rule for one method is another than that for all', () => {
  assert.deepEqual(laneRules([any('/a', 3)], [{ method: 'POST', path: '/a', lanes: 1 }]), [
    { method: null, path: '/a', limit: 3, reserve: 0 },
    { method: 'POST', path: '/a', limit: null, reserve: 1 },
  ]);
});

test('limits come before reserves, in the order in which they were given', () => {
  const rules = laneRules([any('/c', 1), any('/a', 1)], [any('/b', 1), any('/a', 1)]);
  assert.deepEqual(
    rules.map(({ path }) => path),
    ['/c', '/a', '/b'],
  );
});

test('of two numbers for the same requests the later counts', () => {
  assert.deepEqual(laneRules([any('/a', 1), any('/a', 2)], []), [
    { method: null, path: '/a', limit: 2, reserve: 0 },
  ]);
});

test('a path is told byte by byte, as the edge has it', () => {
  assert.equal(laneRules([any('/café', 1)], [])[0]?.path, '/caf\xc3\xa9');
});

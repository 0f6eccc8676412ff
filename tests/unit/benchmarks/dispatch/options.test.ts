import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from '../../../../benchmarks/dispatch/options.ts';

test('without arguments every scenario is measured, with 2 workers of 4 threads', () => {
  const options = parseOptions([]);
  assert.deepEqual(
    [options?.scenarios.length, options?.workers, options?.threads, options?.connections],
    [8, 2, 4, 64],
  );
  assert.equal(options?.arrivals, 'constant');
  assert.deepEqual(options?.loads, [0.3, 0.6, 0.9, 1, 10]);
});

test('scenarios and options narrow it down', () => {
  const options = parseOptions(['hidden', '--servers', 'kirin,unit', '--loads', '60,1000', '--rounds', '5']);
  assert.deepEqual(options?.scenarios, ['hidden']);
  assert.deepEqual(options?.servers, ['kirin', 'unit']);
  assert.deepEqual(options?.loads, [0.6, 10]);
  assert.equal(options?.rounds, 5);
});

test('what is given beats what --quick chooses', () => {
  const options = parseOptions(['--quick', '--seconds', '7', '--loads', '30']);
  assert.deepEqual([options?.seconds, options?.rounds, options?.loads], [7, 1, [0.3]]);
});

test('a wrong value is named, with what would be right', () => {
  assert.throws(() => parseOptions(['rails']), /SCENARIO: .*rails .*route, hidden/);
  assert.throws(() => parseOptions(['--servers', 'floor']), /--servers: .*floor .*kirin/);
  assert.throws(() => parseOptions(['--loads', '55']), /--loads: .*55 .*30, 60, 90/);
  assert.throws(() => parseOptions(['--arrivals', 'random']), /--arrivals: .*random .*constant, poisson/);
  assert.throws(() => parseOptions(['--connections', '1']), /--connections: 1 .*at least 2/);
  assert.throws(() => parseOptions(['--rounds', 'x']), /--rounds: x /);
  assert.throws(() => parseOptions(['--speed', '1']), /--speed/);
});

test('help is asked for by --help', () => {
  assert.equal(parseOptions(['--help']), null);
});

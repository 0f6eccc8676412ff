import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from '../../../benchmarks/whole/options.ts';

test('without arguments everything is measured', () => {
  const options = parseOptions([]);
  assert.deepEqual(options?.apps, ['hello', 'flask', 'django', 'large', 'upload', 'transfer']);
  assert.deepEqual(options?.connections, [1, 8, 64, 512]);
  assert.ok(options?.servers.includes('kirin'));
});

test('applications and options narrow it down', () => {
  const options = parseOptions(['flask', '--connections', '64', '--servers', 'kirin,floor', '--rounds', '5']);
  assert.deepEqual(options?.apps, ['flask']);
  assert.deepEqual(options?.connections, [64]);
  assert.deepEqual(options?.servers, ['kirin', 'floor']);
  assert.equal(options?.rounds, 5);
});

test('what is given beats what --quick chooses', () => {
  const options = parseOptions(['--quick', 'django', '--seconds', '7']);
  assert.deepEqual([options?.apps, options?.seconds, options?.rounds], [['django'], 7, 2]);
});

test('a wrong value is named, with what would be right', () => {
  assert.throws(() => parseOptions(['rails']), /APP: .*rails .*hello, flask/);
  assert.throws(() => parseOptions(['--servers', 'apache']), /--servers: .*apache .*kirin/);
  assert.throws(() => parseOptions(['--rounds', '0']), /--rounds: 0 .*at least 1/);
  assert.throws(() => parseOptions(['--connections', '1,x']), /--connections: x /);
});

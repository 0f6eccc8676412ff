import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearest } from '../../../src/base/edit-distance.ts';

test('the distance counts insertions, deletions, substitutions and swaps of neighbours', () => {
  assert.equal(editDistance('workers', 'workers'), 0);
  assert.equal(editDistance('workers', 'worker'), 1);
  assert.equal(editDistance('workers', 'workerrs'), 1);
  assert.equal(editDistance('workers', 'wirkers'), 1);
  assert.equal(editDistance('workers', 'wrokers'), 1);
  assert.equal(editDistance('', 'abc'), 3);
});

test('the nearest candidate is found, and a word that is far from all has none', () => {
  assert.equal(nearest('--wrokers', ['--bind', '--workers', '--worker-class']), '--workers');
  assert.equal(nearest('debgu', ['debug', 'info']), 'debug');
  assert.equal(nearest('--colour', ['--bind', '--workers']), null);
});

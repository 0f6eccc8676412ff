import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localOffset } from '../../../src/observe/local-time.ts';

test('an offset has a sign, hours and minutes, east of Greenwich being positive', () => {
  const at = (minutesWest: number) => localOffset({ getTimezoneOffset: () => minutesWest } as Date);
  assert.equal(at(0), '+0000');
  assert.equal(at(-330), '+0530');
  assert.equal(at(210), '-0330');
});

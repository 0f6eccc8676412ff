import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { wantsColour } from '../../../src/observe/colour.ts';

test('NO_COLOR and FORCE_COLOR decide; otherwise only a terminal has colours', () => {
  const fd = openSync('/dev/null', 'r');
  assert.equal(wantsColour(fd, {}), false);
  assert.equal(wantsColour(fd, { FORCE_COLOR: '1' }), true);
  assert.equal(wantsColour(fd, { FORCE_COLOR: '0' }), false);
  assert.equal(wantsColour(fd, { NO_COLOR: '1', FORCE_COLOR: '1' }), false);
  closeSync(fd);
});

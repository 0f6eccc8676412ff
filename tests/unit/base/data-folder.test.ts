import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataFolder } from '../../../src/base/data-folder.ts';

test('the data folder is where the platform has it, or where XDG_DATA_HOME says', () => {
  const home = '/home/anna';
  const folder = (platform: NodeJS.Platform, env: NodeJS.ProcessEnv = {}) =>
    dataFolder({ env, home, platform });
  assert.equal(folder('linux'), '/home/anna/.local/share/kirin');
  assert.equal(folder('darwin'), '/home/anna/Library/Application Support/kirin');
  assert.equal(folder('linux', { XDG_DATA_HOME: '/data' }), '/data/kirin');
  assert.equal(folder('linux', { XDG_DATA_HOME: 'data' }), '/home/anna/.local/share/kirin');
});

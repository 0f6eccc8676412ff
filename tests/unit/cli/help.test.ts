import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortHelp, wholeHelp } from '../../../src/cli/help.ts';
import { isOffered, SETTING_NAMES, SETTINGS } from '../../../src/config/settings.ts';

test('the short help fits a screen of 80 by 24, and leaves room for the prompt', () => {
  const lines = shortHelp().trimEnd().split('\n');
  assert.ok(lines.length <= 23, `${lines.length} lines`);
  for (const line of lines) assert.ok(line.length <= 80, line);
});

test('the whole help has every flag but those that are taken for Gunicorn’s sake alone', () => {
  const help = wholeHelp();
  for (const name of SETTING_NAMES) {
    for (const flag of SETTINGS[name].flags) {
      assert.equal(new RegExp(`${flag}[, \n]`).test(help), isOffered(name), flag);
    }
  }
  for (const line of help.split('\n')) assert.ok(line.length <= 80, line);
});

test('an option is shown with its placeholder and default', () => {
  assert.match(shortHelp(), /^ {2}-w, --workers COUNT +Worker processes: 4, or 2\.\.8, or auto \[1\]$/m);
  assert.match(wholeHelp(), /^ {2}--error-logfile, --log-file FILE\n +Log of events: .*\n +\[-\]$/m);
  assert.match(wholeHelp(), /^ {2}-D, --daemon +Run in the background$/m);
});

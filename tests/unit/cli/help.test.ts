import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunicornHelp, shortHelp, wholeHelp } from '../../../src/cli/help.ts';
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

test('to who asks for Gunicorn’s help, every flag is shown as argparse shows it', () => {
  const help = gunicornHelp();
  assert.match(help, /^usage: gunicorn \[OPTIONS\] \[APP_MODULE\]\n\noptions:\n {2}-h, --help {12}Show/);
  assert.match(help, /^ {2}-b ADDRESS, --bind ADDRESS\n {24}Address to listen on/m);
  assert.match(help, /^ {2}--worker-tmp-dir STRING\n {24}Folder of .*\(no effect:/m);
  for (const flag of SETTING_NAMES.flatMap((name) => SETTINGS[name].flags))
    assert.ok(help.includes(flag), flag);
  for (const line of help.split('\n')) assert.ok(line.length <= 80, line);
});

test('an option is shown with its placeholder and default', () => {
  assert.match(shortHelp(), /^ {2}-w, --workers COUNT +Worker processes: 4, or 2\.\.8, or auto \[1\]$/m);
  assert.match(wholeHelp(), /^ {2}--error-logfile, --log-file FILE\n +Log of events: .*\n +\[-\]$/m);
  assert.match(wholeHelp(), /^ {2}-D, --daemon +Run in the background$/m);
});

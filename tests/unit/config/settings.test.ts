import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { COMMAND_SWITCHES } from '../../../src/config/flags.ts';
import { gunicornPage } from '../../../src/config/gunicorn-page.ts';
import { SECTIONS, SETTING_NAMES, SETTINGS } from '../../../src/config/settings.ts';
import { settingsPage } from '../../../src/config/settings-page.ts';
import { projectRoot } from '../../support/project.ts';
import { context } from './fake-machine.ts';

test('every setting is in one section, and no flag belongs to two', () => {
  assert.deepEqual(SECTIONS.flatMap(({ names }) => names).sort(), [...SETTING_NAMES].sort());
  const flags = [
    ...SETTING_NAMES.flatMap((name) => SETTINGS[name].flags),
    ...Object.values(COMMAND_SWITCHES).flatMap((row) => row.flags as readonly string[]),
  ];
  assert.deepEqual(flags, [...new Set(flags)]);
});

test('what is shown of a default can be read again', () => {
  for (const name of SETTING_NAMES) {
    const row = SETTINGS[name];
    const value = typeof row.default === 'function' ? row.default(context()) : row.default;
    if (value === null || name === 'chdir') continue;
    const shown = row.kind.show(value as NonNullable<unknown>);
    const text = typeof shown === 'object' ? shown.join(',') : String(shown);
    assert.deepEqual(text === '' && Array.isArray(value) ? [] : row.kind.parse(text, context()), value, name);
  }
});

test('the pages of docs/reference are what the table says; npm run settings-page writes them anew', () => {
  const page = (name: string) => readFileSync(join(projectRoot, 'docs', 'reference', name), 'utf8');
  assert.equal(page('settings.md'), settingsPage());
  assert.equal(page('gunicorn-settings.md'), gunicornPage());
});

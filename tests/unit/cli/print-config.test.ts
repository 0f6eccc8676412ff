import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configText, whatWasSet } from '../../../src/cli/print-config.ts';
import { resolveSettings } from '../../../src/config/resolve.ts';
import { SETTING_NAMES } from '../../../src/config/settings.ts';
import { machine } from '../config/fake-machine.ts';

function resolve(...argv: string[]) {
  return resolveSettings({
    argv,
    env: { PORT: '5000' },
    cwd: '/srv',
    machine: machine({ folders: ['/srv'] }),
  });
}

test('every setting has one aligned line, in alphabetical order, with its value as Python shows it', () => {
  const resolved = resolve('-e', "A=it's", '--reload', '-m', '022', 'hello:app');
  const lines = configText(resolved, 'plain').trimEnd().split('\n');
  assert.equal(lines.length, SETTING_NAMES.length);
  assert.deepEqual(lines, [...lines].sort());
  const values = Object.fromEntries(lines.map((line) => line.split(/ += /, 2)));
  assert.equal(values.bind, "['0.0.0.0:5000']");
  assert.equal(values.raw_env, `["A=it's"]`);
  assert.equal(values.reload, 'True');
  assert.equal(values.daemon, 'False');
  assert.equal(values.pidfile, 'None');
  assert.equal(values.umask, '0o22');
  assert.equal(values.wsgi_app, 'hello:app');
  assert.equal(new Set(lines.map((line) => line.indexOf(' = '))).size, 1);
});

test('as JSON each value comes with its source', () => {
  const parsed = JSON.parse(configText(resolve('-w', '3'), 'json'));
  assert.deepEqual(parsed.workers, { value: 3, source: 'the command line' });
  const range = resolve('-w', '2..8');
  assert.match(configText(range, 'plain'), /^workers += 2\.\.8$/m);
  assert.deepEqual(parsed.bind, { value: ['0.0.0.0:5000'], source: 'PORT' });
  assert.deepEqual(parsed.pidfile, { value: null, source: 'default' });
});

test('with sources each line of what was set says where', () => {
  const text = configText(resolve('-w', '3'), 'sources');
  assert.match(text, /^workers += 3 {2}# from the command line$/m);
  assert.match(text, /^bind += \['0\.0\.0\.0:5000'\] {2}# from PORT$/m);
  assert.match(text, /^pidfile += None$/m);
});

test('what was set is listed with its source, but for what the command is to do', () => {
  const { settings, sources } = resolve('-w', '3', '--check-config', 'hello:app');
  assert.deepEqual(whatWasSet(settings, sources), [
    "bind = ['0.0.0.0:5000'], from PORT",
    'workers = 3, from the command line',
  ]);
});

test('an application shows what it has otherwise than the whole', () => {
  const whole = resolve('-w', '3');
  const { settings, sources } = resolve('-w', '5');
  const resolved = { ...whole, apps: [{ name: 'shop', settings, sources }] };
  const [, table] = configText(resolved, 'plain').split('\n\n');
  assert.equal(table, '[apps.shop]\nworkers = 5\n');
  const { apps } = JSON.parse(configText(resolved, 'json'));
  assert.deepEqual(apps, { shop: { workers: { value: 5, source: 'the command line' } } });
});

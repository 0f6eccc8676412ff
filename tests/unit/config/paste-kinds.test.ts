import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pasteGlobal, pasteSpec } from '../../../src/config/paste-kinds.ts';
import { pasteSettings } from '../../../src/config/paste-settings.ts';
import { machine } from './fake-machine.ts';

const context = { machine: machine({}), cwd: '/srv' };
const parse = (text: string) => pasteSpec.parse(text, context);

test('a PasteDeploy file may name one of its applications', () => {
  assert.deepEqual(parse('site.ini'), { file: 'site.ini', app: null, text: 'site.ini' });
  assert.deepEqual(parse(' conf/site.ini#admin '), {
    file: 'conf/site.ini',
    app: 'admin',
    text: 'conf/site.ini#admin',
  });
  assert.deepEqual(parse('config:/srv/site.ini#a#b'), {
    file: '/srv/site.ini',
    app: 'a#b',
    text: 'config:/srv/site.ini#a#b',
  });
  assert.equal(parse(''), null);
  assert.throws(() => parse('#admin'), /names no file/);
});

test('a variable of it is split at the first = that is not escaped', () => {
  assert.deepEqual(pasteGlobal('a=b=c'), ['a', 'b=c']);
  assert.deepEqual(pasteGlobal('a\\=b=c\\=d'), ['a=b', 'c=d']);
  assert.deepEqual(pasteGlobal('a='), ['a', '']);
  assert.throws(() => pasteGlobal('a'), /give KEY=VALUE/);
});

test('host and port of its server are an address, and other names are settings', () => {
  const given = (settings: Readonly<Record<string, string>>, hasLoggers = false) => {
    const { given: all, notices } = pasteSettings('site.ini', '/srv/site.ini', { settings, hasLoggers });
    return [...all.map(({ name, value }) => `${name}=${value}`), ...notices.map(({ message }) => message)];
  };
  assert.deepEqual(given({ host: '127.0.0.1', port: '6543', Workers: '3' }), [
    'bind=127.0.0.1:6543',
    'workers=3',
  ]);
  assert.deepEqual(given({ host: 'unix:/run/a.sock,[::1]:80' }), ['bind=unix:/run/a.sock', 'bind=[::1]:80']);
  assert.deepEqual(given({ port: '6543' }), []);
  assert.deepEqual(given({}, true), ['logconfig=/srv/site.ini']);
  assert.deepEqual(given({ wrokers: '2' }), ['site.ini: wrokers is no setting; did you mean workers?']);
});

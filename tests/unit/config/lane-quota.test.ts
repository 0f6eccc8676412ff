import assert from 'node:assert/strict';
import { test } from 'node:test';
import { laneQuotas } from '../../../src/config/lane-quota.ts';
import { ValueProblem } from '../../../src/config/setting.ts';
import { context } from './fake-machine.ts';

const parse = (text: string) => laneQuotas.parse(text, context())[0];

function refuses(text: string, message: RegExp): void {
  assert.throws(
    () => parse(text),
    (error: unknown) => error instanceof ValueProblem && message.test(error.message),
    text,
  );
}

test('a rule is a path and a number of lanes, and may begin with a method', () => {
  assert.deepEqual(parse('/reports/*=2'), { method: null, path: '/reports/*', lanes: 2 });
  assert.deepEqual(parse(' POST  /upload = 1 '), { method: 'POST', path: '/upload', lanes: 1 });
  assert.deepEqual(parse('*=1000000'), { method: null, path: '*', lanes: 1_000_000 });
  assert.deepEqual(parse('*.pdf=1'), { method: null, path: '*.pdf', lanes: 1 });
  assert.deepEqual(parse('M-SEARCH /a=b=3'), { method: 'M-SEARCH', path: '/a=b', lanes: 3 });
});

test('a rule is shown as it can be read again', () => {
  for (const text of ['/reports/*=2', 'POST /upload=1', '*=1']) {
    assert.deepEqual(laneQuotas.show(laneQuotas.parse(text, context())), [text]);
  }
});

test('the number of lanes is 1 or more', () => {
  refuses('/a', /no number of lanes; give one such as/);
  refuses('/a=', /'' is no number of lanes/);
  refuses('/a=two', /'two' is no number of lanes/);
  refuses('/a=-1', /'-1' is no number of lanes/);
  refuses('/a=1.5', /'1\.5' is no number of lanes/);
  refuses('/a=0', /must be 1 or more/);
  refuses('/a=1000001', /must be 1000000 or less/);
});

test('a path begins with a slash or a star, and is nothing but a path', () => {
  refuses('reports=2', /'reports' is no path; did you mean '\/reports'\?/);
  refuses('GET reports=2', /did you mean '\/reports'\?/);
  refuses('=2', /no path; give one such as/);
  refuses('/a?b=2', /more than a path.*give '\/a'/);
  refuses('/a#b=2', /more than a path.*give '\/a'/);
  refuses('GET /a /b=2', /more than a method and a path/);
});

test('a method is a token, in upper case where it is a known one', () => {
  refuses('G(T /a=2', /'G\(T' is no method/);
  refuses('get /a=2', /'get' is no method; did you mean GET\?/);
  refuses('* /a=2', /every method is meant by giving none/);
  assert.equal(parse('purge /a=2')?.method, 'purge');
});

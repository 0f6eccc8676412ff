import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Kind, ValueProblem } from '../../../src/config/setting.ts';
import { fieldNames, fieldValues, proxyMode } from '../../../src/config/trust-kinds.ts';
import { context } from './fake-machine.ts';

function refuses(kind: Kind<unknown>, text: string, message: RegExp): void {
  assert.throws(
    () => kind.parse(text, context()),
    (error: unknown) => error instanceof ValueProblem && message.test(error.message),
    text,
  );
}

test('names of headers are separated by commas, in any case', () => {
  const names = (text: string) => fieldNames.parse(text, context());
  assert.deepEqual(names('SCRIPT_NAME, remote_user,'), ['SCRIPT_NAME', 'REMOTE_USER']);
  assert.deepEqual(names('*'), ['*']);
  assert.deepEqual(names(''), []);
  refuses(fieldNames, 'A B', /'A B' is no name of a header/);
  refuses(fieldNames, 'SCRIPT_NAME:', /no name of a header/);
});

test('headers with values are a JSON object of strings', () => {
  assert.deepEqual(fieldValues.parse('{"X-Scheme": "https", "front-end-https": " on "}', context()), [
    ['X-SCHEME', 'https'],
    ['FRONT-END-HTTPS', 'on'],
  ]);
  assert.deepEqual(fieldValues.parse('{}', context()), []);
  for (const text of ['', 'X-Scheme=https', '["X-Scheme"]', 'null', '"https"', '7', '{"X": 1}}']) {
    refuses(fieldValues, text, /not a JSON object; give one such as/);
  }
  refuses(fieldValues, '{"X-Scheme": true}', /the value of 'X-Scheme' is not a string/);
  refuses(fieldValues, '{"X Scheme": "https"}', /'X Scheme' is no name of a header/);
  refuses(fieldValues, '{"X-A": "1", "x-a": "2"}', /'X-A' is given twice/);
});

test('the PROXY protocol is off, of one version, or either; and true or false', () => {
  const mode = (text: string) => proxyMode.parse(text, context());
  assert.deepEqual(['off', 'False', 'none', '0'].map(mode), ['off', 'off', 'off', 'off']);
  assert.deepEqual(['auto', 'TRUE', '1'].map(mode), ['auto', 'auto', 'auto']);
  assert.deepEqual([' V1', 'v2'].map(mode), ['v1', 'v2']);
  for (const text of ['', 'v3', 'yes', 'constructor'])
    refuses(proxyMode, text, /not one of off, v1, v2, auto/);
});

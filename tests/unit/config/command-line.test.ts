import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWords } from '../../../src/config/command-line.ts';

/** What the words set, as `name=text`, and the other arguments. */
function reading(...words: string[]): { set: string[]; positionals: readonly string[] } {
  const { given, positionals, problems } = parseWords(words);
  assert.deepEqual(problems, []);
  return { set: given.map(({ name, text }) => `${name}=${text}`), positionals };
}

const problemsOf = (...words: string[]): readonly string[] => parseWords(words).problems;

test('options stand before and after the application', () => {
  assert.deepEqual(reading('-w', '3', 'main:app', '-b', '127.0.0.1:8000', '--name=MyApp', '--reload'), {
    set: ['workers=3', 'bind=127.0.0.1:8000', 'proc_name=MyApp', 'reload=true'],
    positionals: ['main:app'],
  });
});

test('a value follows its flag attached, after an equals sign, or as the next word', () => {
  for (const words of [['-w4'], ['-w=4'], ['-w', '4'], ['--workers=4'], ['--workers', '4']]) {
    assert.deepEqual(reading(...words).set, ['workers=4'], words.join(' '));
  }
  assert.deepEqual(reading('-Dw4').set, ['daemon=true', 'workers=4']);
  assert.deepEqual(reading('--env=A=b=c', '-e', 'D=').set, ['raw_env=A=b=c', 'raw_env=D=']);
  assert.deepEqual(reading('--name=').set, ['proc_name=']);
});

test('a value may be a dash, a negative number, or a text with spaces that begins with a dash', () => {
  assert.deepEqual(reading('--access-logfile', '-').set, ['accesslog=-']);
  assert.deepEqual(reading('-w', '-1').set, ['workers=-1']);
  assert.deepEqual(reading('--access-logformat', '-%(h)s %(t)s').set, ['access_log_format=-%(h)s %(t)s']);
});

test('a long flag may be cut short as long as it stays unambiguous', () => {
  assert.deepEqual(reading('--graceful', '5').set, ['graceful_timeout=5']);
  assert.deepEqual(reading('--log-l=debug').set, ['loglevel=debug']);
  assert.deepEqual(reading('--max-requests', '5').set, ['max_requests=5'], 'a whole name is never ambiguous');
  assert.deepEqual(problemsOf('--limit-request=5'), [
    '--limit-request is ambiguous: it could be --limit-request-line, --limit-request-fields, --limit-request-field-size, --limit-request-body',
  ]);
});

test('every spelling of a setting is one setting, and underscores are dashes', () => {
  assert.deepEqual(reading('--log-file', 'x', '--error-logfile', 'y').set, ['errorlog=x', 'errorlog=y']);
  assert.deepEqual(reading('--limit-request-field_size', '1').set, ['limit_request_field_size=1']);
  assert.deepEqual(reading('--limit-request-field-size', '1').set, ['limit_request_field_size=1']);
  assert.deepEqual(reading('--max_requests=1').set, ['max_requests=1']);
});

test('what follows -- is no option', () => {
  assert.deepEqual(reading('-w', '2', '--', '-odd:app'), { set: ['workers=2'], positionals: ['-odd:app'] });
});

test('a misspelt flag gets a suggestion, and every problem is reported', () => {
  assert.deepEqual(problemsOf('--wrokers', '3', '--reload=1', '-x', '--bind'), [
    'no such option: --wrokers; did you mean --workers?',
    "--reload takes no value, but was given '1'",
    'no such option: -x',
    '--bind needs a value',
  ]);
  assert.deepEqual(problemsOf('--timeout', '--bind', ':80'), ['--timeout needs a value']);
  assert.deepEqual(problemsOf('-Dx'), ['no such option: -x (in -Dx)']);
});

test('switches of the command itself are recognised, and are no settings', () => {
  const { switches, given } = parseWords(['-h', '--version', '--json', '--help-all']);
  assert.deepEqual([...switches], ['help', 'version', 'json', 'all']);
  assert.deepEqual(given, []);
});

test('a flag whose value may be left out takes the next word only if that is a value', () => {
  const read = (...words: string[]) => {
    const { given, positionals, problems } = parseWords(words);
    return [given.map(({ text }) => text).join(), positionals.join(), problems.join()];
  };
  assert.deepEqual(read('--proxy-protocol', 'app:app'), ['auto', 'app:app', '']);
  assert.deepEqual(read('--proxy-protocol', 'v1', 'app:app'), ['v1', 'app:app', '']);
  assert.deepEqual(read('--proxy-protocol=v2', 'app:app'), ['v2', 'app:app', '']);
  assert.deepEqual(read('app:app', '--proxy-protocol'), ['auto', 'app:app', '']);
  assert.deepEqual(read('--proxy-protocol', '--proxy-protocol', 'off'), ['auto,off', '', '']);
  assert.deepEqual(read('--proxy-protocol', 'v3', 'app:app'), ['v3', 'app:app', '']);
  assert.deepEqual(read('--proxy-protocol', 'toString:app'), ['auto', 'toString:app', '']);
});

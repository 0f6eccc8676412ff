import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitShellWords } from '../../../src/config/shell-words.ts';

test('words are split as a shell splits them', () => {
  const cases: [string, string[]][] = [
    ['', []],
    ['  -w 4\t-b\n:80 ', ['-w', '4', '-b', ':80']],
    ["--name='My App' x", ['--name=My App', 'x']],
    ['--name="My \\"App\\"" x', ['--name=My "App"', 'x']],
    ['"a\\n" \'a\\n\'', ['a\\n', 'a\\n']],
    ['a\\ b', ['a b']],
    ['\'\' ""', ['', '']],
    ["it''s", ['its']],
    ['a#b # c', ['a#b', '#', 'c']],
    ['\'a"b\' "c\'d"', ['a"b', "c'd"]],
  ];
  for (const [text, words] of cases) assert.deepEqual(splitShellWords(text), words, text);
});

test('a quote that is never closed is an error', () => {
  assert.throws(() => splitShellWords("a 'b"), /never closed/);
  assert.throws(() => splitShellWords('a "b\\"'), /never closed/);
  assert.throws(() => splitShellWords('a\\'), /ends with a backslash/);
});

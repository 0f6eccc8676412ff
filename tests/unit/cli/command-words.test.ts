import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KirinError } from '../../../src/base/errors.ts';
import { commandWords } from '../../../src/cli/command-words.ts';

const FLAGS = { folder: { type: 'string', short: 'f' } } as const;
const wordsOf = (...words: string[]) => commandWords('dev-cert', words, FLAGS);

describe('the words behind a command', () => {
  it('are flags and names, in any order', () => {
    const { values, positionals } = wordsOf('a.test', '-f', 'x', '--', '-b');
    assert.equal(values.folder, 'x');
    assert.deepEqual(positionals, ['a.test', '-b']);
    assert.equal(wordsOf('--help').values.help, true);
  });

  for (const [words, problem] of [
    [['--fold', 'x'], 'dev-cert: no such option: --fold; did you mean --folder?'],
    [['--qq'], 'dev-cert: no such option: --qq'],
    [['--folder'], 'dev-cert: --folder needs a value'],
    [['--folder', '--help'], 'dev-cert: --folder needs a value'],
  ] as const) {
    it(`are refused where they are wrong: ${words.join(' ')}`, () => {
      assert.throws(
        () => wordsOf(...words),
        (error: unknown) => {
          assert.ok(error instanceof KirinError);
          assert.deepEqual(
            [error.code, error.message, error.hint],
            ['usage', problem, "Try 'kirin dev-cert --help'."],
          );
          return true;
        },
      );
    });
  }
});

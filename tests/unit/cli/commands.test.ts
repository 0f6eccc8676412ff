import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMMANDS, commandHint, commandIn } from '../../../src/cli/commands.ts';

describe('a command', () => {
  it('is the first word, and nothing else', () => {
    assert.equal(commandIn(['dev-cert', 'shop.test'], 'kirin'), COMMANDS['dev-cert']);
    for (const argv of [
      [],
      ['hello:app'],
      ['-w', '2', 'dev-cert'],
      ['--', 'dev-cert'],
      ['dev-cert:app'],
      ['toString'],
    ]) {
      assert.equal(commandIn(argv, 'kirin'), null, argv.join(' '));
    }
  });

  it('is none of Gunicorn’s, whose first word is always an application', () => {
    assert.equal(commandIn(['dev-cert'], 'gunicorn'), null);
    assert.equal(commandHint(['dev-certs'], 'gunicorn'), null);
  });

  it('that is misspelt is suggested, with the words behind it', () => {
    assert.equal(commandHint(['devcert', 'shop.test'], 'kirin'), "Did you mean 'kirin dev-cert shop.test'?");
    assert.equal(commandHint(['hello:app'], 'kirin'), null);
    assert.equal(commandHint([], 'kirin'), null);
  });
});

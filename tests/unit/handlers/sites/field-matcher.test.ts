import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fieldMatcher } from '../../../../src/handlers/sites/field-matcher.ts';
import { get } from '../fake-exchange.ts';

it('a request is matched by its fields: whole, by an element of a list, by a pattern, and by being there', () => {
  const { fields } = get('/', 'Connection: keep-alive, Upgrade', 'X-A: Wählen', 'X-A: 12');
  const matches = (...all: Parameters<typeof fieldMatcher>[0]) => fieldMatcher(all)?.(fields);
  assert.equal(matches(), undefined);
  assert.equal(matches({ kind: 'is', name: 'connection', value: 'upgrade' }), true);
  assert.equal(matches({ kind: 'is', name: 'connection', value: 'keep-alive, upgrade' }), true);
  assert.equal(matches({ kind: 'is', name: 'connection', value: 'alive' }), false);
  assert.equal(matches({ kind: 'is', name: 'x-a', value: '12' }), true);
  assert.equal(matches({ kind: 'pattern', name: 'x-a', source: '^W.hlen$' }), true);
  assert.equal(matches({ kind: 'pattern', name: 'x-b', source: '' }), false);
  assert.equal(matches({ kind: 'there', name: 'x-a', isThere: true }), true);
  assert.equal(matches({ kind: 'there', name: 'x-a', isThere: false }), false);
  assert.equal(
    matches({ kind: 'there', name: 'x-b', isThere: false }, { kind: 'there', name: 'x-c', isThere: true }),
    false,
  );
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { upgradeOf } from '../../../../src/handlers/proxy/upgrade.ts';
import { FakeExchange, get } from '../fake-exchange.ts';

describe('what a client wants to change to', () => {
  for (const [fields, wanted] of [
    [['Connection: Upgrade', 'Upgrade: websocket'], 'websocket'],
    [['Connection: keep-alive', 'Connection: upgrade', 'Upgrade: websocket'], 'websocket'],
    [['Connection: upgrade', 'Upgrade: h2c', 'Upgrade: websocket'], 'websocket'],
    [['Connection: upgrade', 'Upgrade: one/1, two'], 'one/1, two'],
    [['Connection: keep-alive', 'Upgrade: websocket'], ''],
    [['Connection: upgrade', 'Upgrade: h2c'], ''],
    [['Upgrade: websocket'], ''],
    [['Connection: upgrade'], ''],
  ] as const) {
    it(`is ${wanted || 'nothing'} with ${fields.join(' and ')}`, () => {
      assert.equal(upgradeOf(new FakeExchange(get('/', ...fields))), wanted);
    });
  }
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { addressKey } from '../../../src/arbiter/address-key.ts';
import { parseBindAddress } from '../../../src/config/bind-address.ts';

const keyOf = (text: string) => addressKey(parseBindAddress(text));

it('two ways of writing an address have one key', () => {
  assert.equal(keyOf(':8000'), keyOf('0.0.0.0:8000'));
  assert.equal(keyOf('tcp://Example.org:80'), keyOf('example.org:80'));
  assert.equal(keyOf('unix:app.sock'), keyOf(`unix:${process.cwd()}/app.sock`));
  assert.equal(keyOf('fd://03'), keyOf('fd://3'));
});

it('different addresses have different keys', () => {
  const keys = ['127.0.0.1:80', '127.0.0.1:81', '[::1]:80', 'unix:/80', 'fd://80'].map(keyOf);
  assert.equal(new Set(keys).size, keys.length);
});

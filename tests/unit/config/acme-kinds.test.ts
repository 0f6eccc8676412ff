import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { acmeDirectory, emailAddress, LETS_ENCRYPT } from '../../../src/config/acme-kinds.ts';
import { context } from './fake-machine.ts';

const directory = (text: string) => acmeDirectory.parse(text, context());
const email = (text: string) => emailAddress.parse(text, context());

describe('the directory of an authority', () => {
  it('is a URL, or the name of one that is known', () => {
    assert.equal(directory(' https://localhost:14000/dir '), 'https://localhost:14000/dir');
    assert.equal(directory('letsencrypt'), LETS_ENCRYPT);
    assert.match(directory('LetsEncrypt-Staging'), /^https:\/\/acme-staging-v02\.api\.letsencrypt\.org\//);
  });

  it('is asked for safely, or not at all', () => {
    for (const text of ['http://localhost/dir', 'localhost:14000', 'letsencrypt-test', ''])
      assert.throws(
        () => directory(text),
        /not the URL of an authority's directory .*letsencrypt-staging$/,
        text,
      );
  });
});

describe('the address for the authority', () => {
  it('is one, or none', () => {
    assert.equal(email(' admin@shop.example '), 'admin@shop.example');
    assert.equal(email(''), null);
    for (const text of ['admin', 'a@b@c', 'a b@c', 'a@b,c@d', 'mailto: a@b'])
      assert.throws(() => email(text), text);
  });
});

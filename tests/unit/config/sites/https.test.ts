import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ValueProblem } from '../../../../src/config/setting.ts';
import { hsts, httpsOnly } from '../../../../src/config/sites/https.ts';

const YEAR = 31_536_000;

function refuses(read: () => unknown, message: RegExp): void {
  assert.throws(read, (error: unknown) => error instanceof ValueProblem && message.test(error.message));
}

describe('https_only', () => {
  it('is said in one word, or with the port that clients see', () => {
    assert.deepEqual(httpsOnly(true), { port: null });
    assert.equal(httpsOnly(false), null);
    assert.deepEqual(httpsOnly({ port: 443 }), { port: 443 });
    assert.deepEqual(httpsOnly({}), { port: null });
  });

  it('is nothing else', () => {
    refuses(() => httpsOnly('yes'), /give true, false, or a table/);
    refuses(() => httpsOnly({ port: 0 }), /not a whole number from 1 to 65535/);
    refuses(() => httpsOnly({ ports: 1 }), /ports is not port/);
  });
});

describe('hsts', () => {
  it('is a time, or a table with one', () => {
    assert.equal(hsts('1y'), `max-age=${YEAR}`);
    assert.equal(hsts(300), 'max-age=300');
    assert.equal(hsts(0), 'max-age=0');
    assert.equal(hsts(false), null);
    assert.equal(hsts({ max_age: '1d' }), 'max-age=86400');
    assert.equal(hsts({ max_age: '1d', subdomains: true }), 'max-age=86400; includeSubDomains');
    assert.equal(
      hsts({ max_age: '1y', subdomains: true, preload: true }),
      `max-age=${YEAR}; includeSubDomains; preload`,
    );
  });

  it('is preloaded only where browsers would take it', () => {
    refuses(() => hsts({ max_age: '1y', preload: true }), /browsers preload only with .* subdomains = true/);
    refuses(() => hsts({ max_age: '1d', subdomains: true, preload: true }), /max_age = "1y" or more/);
  });

  it('is nothing else', () => {
    refuses(() => hsts(true), /give a time such as "1y", or a table/);
    refuses(() => hsts('long'), /not a number of seconds/);
    refuses(() => hsts({ subdomains: true }), /there is no max_age/);
    refuses(() => hsts({ max_age: 1, maxage: 1 }), /maxage is not max_age/);
  });
});

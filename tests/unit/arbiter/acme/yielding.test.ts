import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Yielding } from '../../../../src/arbiter/acme/yielding.ts';

describe('a process that obtains certificates for the same folder', () => {
  it('is told of once, and left alone for a while each time', () => {
    const yielding = new Yielding(60_000);
    assert.equal(yielding.untilMs, 0);
    assert.equal(yielding.begin(1000), true);
    assert.ok(yielding.untilMs > 1000);
    assert.equal(yielding.begin(5000), false);
    assert.ok(yielding.untilMs > 5000);
    assert.equal(yielding.end(), true);
    assert.equal(yielding.untilMs, 0);
    assert.equal(yielding.end(), false);
    assert.equal(yielding.begin(9000), true);
  });

  it('goes first, but not for ever', () => {
    const yielding = new Yielding(60_000);
    assert.ok(yielding.goesFirst(0));
    yielding.begin(1000);
    yielding.begin(50_000);
    assert.ok(yielding.goesFirst(60_999));
    assert.ok(!yielding.goesFirst(61_000));
    yielding.end();
    assert.ok(yielding.goesFirst(61_000));
  });
});

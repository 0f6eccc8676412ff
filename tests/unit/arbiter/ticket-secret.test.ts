import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TicketSecret } from '../../../src/arbiter/ticket-secret.ts';

const DAY_MS = 24 * 3_600_000;

describe('the secret of session tickets', () => {
  it('is there once somebody needs it, and another every day', () => {
    const secret = new TicketSecret();
    assert.equal(secret.facts, null);
    assert.ok(secret.renew(0));
    const first = secret.value;
    assert.match(first, /^[A-Za-z0-9+/]{43}=$/);
    assert.ok(!secret.renew(DAY_MS - 1));
    assert.equal(secret.value, first);
    assert.ok(secret.renew(DAY_MS));
    assert.notEqual(secret.value, first);
  });

  it('goes on with the next Kirin, and is no younger for that', () => {
    const old = new TicketSecret();
    old.renew(1000);
    const next = new TicketSecret(old.facts);
    assert.ok(!next.renew(DAY_MS));
    assert.equal(next.value, old.value);
    assert.ok(next.renew(1000 + DAY_MS));
    assert.notEqual(next.value, old.value);
  });
});

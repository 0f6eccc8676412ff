import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  afterReloadMs,
  dueAtMs,
  isWantedSooner,
  pauseMs,
  renewalMs,
} from '../../../../src/arbiter/acme/due.ts';
import type { StoredCertificate } from '../../../../src/tls/certificate-store.ts';

const DAY = 86_400_000;
const FROM = Date.UTC(2026, 0, 1);
const NONE = { count: 0, nextMs: 0, notBeforeMs: 0, reason: '' };

function stored(days: number, dice = 0, hosts = ['shop.test']): StoredCertificate {
  return {
    path: '',
    isTemporary: false,
    certificate: '',
    key: '',
    hosts,
    fromMs: FROM,
    untilMs: FROM + days * DAY,
    dice,
  };
}

describe('a certificate', () => {
  it('is due at once where there is none, and where it is for other hosts', () => {
    assert.equal(dueAtMs(null, ['shop.test'], NONE), 0);
    assert.equal(dueAtMs(stored(90), ['shop.test', 'www.shop.test'], NONE), 0);
    assert.equal(dueAtMs(stored(90, 0, ['shop.test', 'www.shop.test']), ['shop.test'], NONE), 0);
  });

  it('is due when a third of its life is left, or up to a tenth of that before', () => {
    assert.equal(dueAtMs(stored(90), ['shop.test'], NONE), FROM + 60 * DAY);
    assert.equal(renewalMs(stored(90, 1)), FROM + 57 * DAY);
    assert.equal(renewalMs(stored(6)), FROM + 4 * DAY);
  });

  it('is due when the authority wants it to be, at any moment of its window, but not while it is young', () => {
    const window = { startMs: FROM + 10 * DAY, endMs: FROM + 12 * DAY };
    assert.equal(dueAtMs(stored(90, 0.5), ['shop.test'], NONE, window), FROM + 11 * DAY);
    const past = { startMs: FROM - DAY, endMs: FROM - 1 };
    assert.equal(renewalMs(stored(90), past), FROM + DAY / 4);
    assert.equal(renewalMs(stored(0.01), past), FROM + 0.005 * DAY);
    const late = { startMs: FROM + 89 * DAY, endMs: FROM + 90 * DAY };
    assert.equal(renewalMs(stored(90), late), FROM + 67.5 * DAY);
    const usual = { startMs: FROM + 59 * DAY, endMs: FROM + 61 * DAY };
    assert.deepEqual(
      [window, past, usual, late].map((each) => isWantedSooner(stored(90), each)),
      [true, true, false, false],
    );
  });

  it('whose hosts stand in another order is the same', () => {
    const both = stored(90, 0, ['shop.test', 'www.shop.test']);
    assert.equal(dueAtMs(both, ['www.shop.test', 'shop.test'], NONE), FROM + 60 * DAY);
  });

  it('that could not be obtained is not due before its pause is over', () => {
    const failed = { count: 1, nextMs: FROM + 70 * DAY, notBeforeMs: 0, reason: 'x' };
    assert.equal(dueAtMs(null, ['shop.test'], failed), failed.nextMs);
    assert.equal(dueAtMs(stored(90), ['shop.test'], failed), failed.nextMs);
  });
});

describe('the pause after failures', () => {
  it('grows from a minute to half a day, so that an hour has no more than four failures', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 9, 100].map((count) => pauseMs(count, 60_000, 0, 0) / 60_000);
    assert.deepEqual(pauses, [1, 10, 30, 60, 120, 240, 480, 720, 720, 720]);
    let failures = 0;
    for (let at = 0; at < 60; at += pauses[failures++] as number);
    assert.equal(failures, 4);
  });

  it('is as long as the authority wants, and never shorter', () => {
    assert.equal(pauseMs(1, 60_000, 3_600_000, 0), 3_600_000);
    assert.equal(pauseMs(4, 60_000, 1000, 0), 3_600_000);
    assert.equal(pauseMs(1, 60_000, 0, 1), 66_000);
  });

  it('is over within a minute after a reload, unless the authority wants more', () => {
    const failed = (nextMs: number, notBeforeMs = 0) => ({ count: 5, nextMs, notBeforeMs, reason: 'x' });
    assert.equal(afterReloadMs(failed(FROM + DAY), FROM, 60_000), FROM + 60_000);
    assert.equal(afterReloadMs(failed(FROM + DAY), FROM, 500), FROM + 500);
    assert.equal(afterReloadMs(failed(FROM + 1000), FROM, 60_000), FROM + 1000);
    assert.equal(afterReloadMs(failed(FROM + 2 * DAY, FROM + DAY), FROM, 60_000), FROM + DAY);
  });
});

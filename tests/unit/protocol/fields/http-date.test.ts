import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseHttpDate } from '../../../../src/protocol/fields/http-date.ts';

const NOW = Date.UTC(2026, 5, 1) / 1000;
const SECONDS = Date.UTC(1994, 10, 6, 8, 49, 37) / 1000;

describe('a date of HTTP', () => {
  for (const text of [
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
  ]) {
    it(`is read in the form of ${text}`, () => assert.equal(parseHttpDate(text, NOW), SECONDS));
  }

  it('of two digits is at most fifty years ahead (RFC 9110 5.6.7)', () => {
    assert.equal(parseHttpDate('Friday, 01-Jan-27 00:00:00 GMT', NOW), Date.UTC(2027, 0, 1) / 1000);
    assert.equal(parseHttpDate('Saturday, 01-Jan-77 00:00:00 GMT', NOW), Date.UTC(1977, 0, 1) / 1000);
  });

  it('may be a leap day or a leap second', () => {
    assert.equal(parseHttpDate('Thu, 29 Feb 2024 00:00:00 GMT', NOW), Date.UTC(2024, 1, 29) / 1000);
    assert.equal(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', NOW), Date.UTC(2017, 0, 1) / 1000);
  });

  for (const text of [
    '',
    'yesterday',
    '0',
    '784111777',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 nov 1994 08:49:37 GMT',
    'Sun, 32 Nov 1994 08:49:37 GMT',
    'Wed, 29 Feb 2023 00:00:00 GMT',
    'Thu, 31 Apr 2025 00:00:00 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    ' Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
  ]) {
    it(`is not ${JSON.stringify(text)}`, () => assert.equal(parseHttpDate(text, NOW), null));
  }
});

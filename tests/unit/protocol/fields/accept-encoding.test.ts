import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAcceptEncoding } from '../../../../src/protocol/fields/accept-encoding.ts';

/** Codings that are acceptable, the best first. */
function accepted(text: string | undefined): string {
  const weightOf = parseAcceptEncoding(text);
  return ['br', 'zstd', 'gzip', 'identity']
    .filter((coding) => weightOf(coding) > 0)
    .toSorted((a, b) => weightOf(b) - weightOf(a))
    .join(' ');
}

describe('Accept-Encoding', () => {
  for (const [text, expected] of [
    // Without the field anything would be allowed; nobody relies on that.
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip', 'gzip identity'],
    ['gzip, deflate, br, zstd', 'br zstd gzip identity'],
    ['GZIP', 'gzip identity'],
    ['x-gzip', 'gzip identity'],
    ['gzip;q=0.5, br;q=0.8', 'br gzip identity'],
    ['gzip ; q=0.5,br ;Q=0.8', 'br gzip identity'],
    ['gzip;q=0', 'identity'],
    ['gzip;q=0.0, br', 'br identity'],
    ['identity;q=0.5, gzip;q=0.2', 'identity gzip'],
    ['identity;q=0, gzip', 'gzip'],
    ['*', 'br zstd gzip identity'],
    ['*;q=0', ''],
    ['gzip, *;q=0', 'gzip'],
    ['gzip;q=0, *', 'br zstd identity'],
    ['identity;q=1, *;q=0', 'identity'],
    // What is not valid counts as absent.
    ['gzip;q=2', 'identity'],
    ['gzip;q=0.1234', 'identity'],
    ['gzip;level=9', 'identity'],
    ['gzip br', 'identity'],
    [';q=1, br', 'br identity'],
  ] as const) {
    it(`${JSON.stringify(text)} takes ${expected || 'nothing'}`, () =>
      assert.equal(accepted(text), expected));
  }
});

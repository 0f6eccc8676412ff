// RFC 9110 13 and 14, clause by clause.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evaluate, readConditions, type Verdict } from '../../../../src/handlers/files/conditions.ts';
import { get } from '../fake-exchange.ts';

const MODIFIED = Date.UTC(2024, 0, 2, 3, 4, 5) / 1000;
const DATE = 'Tue, 02 Jan 2024 03:04:05 GMT';
const BEFORE = 'Tue, 02 Jan 2024 03:04:04 GMT';
const AFTER = 'Tue, 02 Jan 2024 03:04:06 GMT';
const NOW = MODIFIED + 1000;
const FILE = { entityTag: '"tag"', modifiedSeconds: MODIFIED, size: 1000 };

function verdict(
  fields: readonly string[],
  { method = 'GET', file = FILE, now = NOW }: { method?: string; file?: typeof FILE; now?: number } = {},
): Verdict {
  const conditions = readConditions(get('/', ...fields).fields);
  return conditions === null ? 'whole' : evaluate(conditions, file, method, now);
}

const RANGE = 'Range: bytes=0-9';
const FIRST_TEN = [{ offset: 0, length: 10 }];

interface Case {
  readonly fields: readonly string[];
  readonly expected: Verdict;
}

function cases(title: string, rows: readonly (readonly [...fields: string[], expected: Verdict])[]): void {
  describe(title, () => {
    for (const row of rows) {
      const fields = row.slice(0, -1) as string[];
      const expected = row.at(-1) as Case['expected'];
      it(`${fields.join(', ') || 'nothing'}: ${JSON.stringify(expected)}`, () =>
        assert.deepEqual(verdict(fields), expected));
    }
  });
}

cases('If-Match (13.1.1)', [
  ['whole'],
  ['If-Match: "tag"', 'whole'],
  ['If-Match: "other", "tag"', 'whole'],
  ['If-Match: "other"', 'If-Match: "tag"', 'whole'],
  ['If-Match: *', 'whole'],
  ['If-Match: "other"', 'failed'],
  // A weak tag never matches strongly.
  ['If-Match: W/"tag"', 'failed'],
  ['If-Match: tag', 'failed'],
]);

cases('If-None-Match (13.1.2)', [
  ['If-None-Match: "tag"', 'not-modified'],
  ['If-None-Match: W/"tag"', 'not-modified'],
  ['If-None-Match: "a", "tag"', 'not-modified'],
  ['If-None-Match: "a"', 'If-None-Match: "tag"', 'not-modified'],
  ['If-None-Match: *', 'not-modified'],
  ['If-None-Match: "a"', 'whole'],
  ['If-None-Match: tag', 'whole'],
]);

cases('If-Modified-Since (13.1.3)', [
  [`If-Modified-Since: ${DATE}`, 'not-modified'],
  [`If-Modified-Since: ${AFTER}`, 'not-modified'],
  [`If-Modified-Since: ${BEFORE}`, 'whole'],
  ['If-Modified-Since: Tuesday, 02-Jan-24 03:04:05 GMT', 'not-modified'],
  ['If-Modified-Since: Tue Jan  2 03:04:05 2024', 'not-modified'],
  ['If-Modified-Since: soon', 'whole'],
  [`If-Modified-Since: ${DATE}`, `If-Modified-Since: ${DATE}`, 'whole'],
]);

cases('If-Unmodified-Since (13.1.4)', [
  [`If-Unmodified-Since: ${DATE}`, 'whole'],
  [`If-Unmodified-Since: ${AFTER}`, 'whole'],
  [`If-Unmodified-Since: ${BEFORE}`, 'failed'],
  ['If-Unmodified-Since: never', 'whole'],
]);

cases('If-Range (13.1.5)', [
  [RANGE, 'If-Range: "tag"', FIRST_TEN],
  [RANGE, 'If-Range: "other"', 'whole'],
  [RANGE, 'If-Range: W/"tag"', 'whole'],
  [RANGE, `If-Range: ${DATE}`, FIRST_TEN],
  // Exactly this date, unlike with If-Unmodified-Since.
  [RANGE, `If-Range: ${AFTER}`, 'whole'],
  [RANGE, `If-Range: ${BEFORE}`, 'whole'],
  [RANGE, 'If-Range: *', 'whole'],
  ['If-Range: "tag"', 'whole'],
  // When it holds, a range that cannot be satisfied is told; when not, all is sent.
  ['Range: bytes=1000-', 'If-Range: "tag"', 'unsatisfiable'],
  ['Range: bytes=1000-', 'If-Range: "other"', 'whole'],
]);

cases('precedence (13.2.2)', [
  // Step 1 before 2: If-Unmodified-Since is ignored beside If-Match.
  ['If-Match: "tag"', `If-Unmodified-Since: ${BEFORE}`, 'whole'],
  ['If-Match: "other"', `If-Unmodified-Since: ${AFTER}`, 'failed'],
  // Steps 1 and 2 before 3 and 4.
  ['If-Match: "other"', 'If-None-Match: "tag"', 'failed'],
  ['If-Match: "tag"', 'If-None-Match: "tag"', 'not-modified'],
  [`If-Unmodified-Since: ${BEFORE}`, 'If-None-Match: "tag"', 'failed'],
  // Step 3 before 4: If-Modified-Since is ignored beside If-None-Match.
  ['If-None-Match: "a"', `If-Modified-Since: ${DATE}`, 'whole'],
  ['If-None-Match: "tag"', `If-Modified-Since: ${BEFORE}`, 'not-modified'],
  ['If-None-Match: tag', `If-Modified-Since: ${DATE}`, 'whole'],
  // Step 5 last.
  ['If-None-Match: "tag"', RANGE, 'not-modified'],
  ['If-Match: "other"', RANGE, 'failed'],
  ['If-None-Match: "a"', RANGE, 'If-Range: "tag"', FIRST_TEN],
]);

cases('Range (14.2)', [
  [RANGE, FIRST_TEN],
  [
    'Range: bytes=0-9,-1',
    [
      { offset: 0, length: 10 },
      { offset: 999, length: 1 },
    ],
  ],
  ['Range: bytes=1000-', 'unsatisfiable'],
  ['Range: items=0-9', 'whole'],
  ['Range: bytes=9-0', 'whole'],
]);

describe('a condition', () => {
  it('on a range is for GET alone (14.2)', () => {
    assert.equal(verdict([RANGE], { method: 'HEAD' }), 'whole');
    assert.equal(verdict(['Range: bytes=1000-'], { method: 'HEAD' }), 'whole');
  });

  it('on the state is for HEAD as for GET (13.2.1)', () => {
    assert.equal(verdict(['If-None-Match: "tag"'], { method: 'HEAD' }), 'not-modified');
    assert.equal(verdict(['If-Match: "other"'], { method: 'HEAD' }), 'failed');
  });

  it('on a date that is too fresh to be strong does not get a range (13.1.5)', () => {
    assert.equal(verdict([RANGE, `If-Range: ${DATE}`], { now: MODIFIED + 1 }), 'whole');
    assert.deepEqual(verdict([RANGE, `If-Range: ${DATE}`], { now: MODIFIED + 2 }), FIRST_TEN);
  });

  it('on a date says nothing of a file that has none, since its time lies ahead', () => {
    const file = { ...FILE, modifiedSeconds: null } as unknown as typeof FILE;
    assert.equal(verdict([`If-Modified-Since: ${AFTER}`], { file }), 'whole');
    assert.equal(verdict([`If-Unmodified-Since: ${BEFORE}`], { file }), 'whole');
    assert.equal(verdict([RANGE, `If-Range: ${DATE}`], { file }), 'whole');
  });
});

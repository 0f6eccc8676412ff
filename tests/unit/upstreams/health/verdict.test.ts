import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Verdict } from '../../../../src/upstreams/health/verdict.ts';

/** What is said after each finding: `+` good, `-` bad. */
function verdicts(findings: string, { rises = 2, falls = 3, isWell = true } = {}): string {
  const verdict = new Verdict({ rises, falls }, isWell);
  return [...findings]
    .map((finding) => ({ sick: 's', well: 'w', none: '.' })[verdict.take(finding === '+') ?? 'none'])
    .join('');
}

describe('the health of a server', () => {
  const cases: readonly (readonly [findings: string, said: string, why: string])[] = [
    ['++++', '....', 'one that is well is none to speak of'],
    ['-', 's', 'the first finding decides'],
    ['+--+--+', '.......', 'two bad ones do not take it out'],
    ['+---', '...s', 'three in a row do'],
    ['+------', '...s...', 'it is said once'],
    ['---+-+-', 's......', 'one good one does not bring it back'],
    ['-++', 's.w', 'two in a row do'],
    ['-++---', 's.w..s', 'it may change again'],
  ];
  for (const [findings, said, why] of cases) {
    it(`${why}: ${findings}`, () => assert.equal(verdicts(findings), said));
  }

  it('changes with each finding where one is enough', () => {
    assert.equal(verdicts('+-+-', { rises: 1, falls: 1 }), '.sws');
  });

  it('may be bad before the first finding, which decides all the same', () => {
    assert.equal(verdicts('+--', { isWell: false }), 'w..');
    assert.equal(verdicts('-+', { isWell: false }), '..');
    assert.equal(verdicts('-++', { isWell: false }), '..w');
  });
});

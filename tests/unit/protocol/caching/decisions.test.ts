import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freshen } from '../../../../src/protocol/caching/freshen.ts';
import { ageOf, mayHideError, reuse } from '../../../../src/protocol/caching/reuse.ts';
import { type Asked, judge, type StoragePolicy } from '../../../../src/protocol/caching/storability.ts';
import type { StoredFacts } from '../../../../src/protocol/caching/stored-facts.ts';
import { matches, varyNames } from '../../../../src/protocol/caching/vary.ts';
import { NO_DIRECTIVES, parseCacheControl } from '../../../../src/protocol/fields/cache-control.ts';
import { ResponseHead } from '../../../../src/protocol/http1/response-head.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const date = (secondsFromNow: number): string => new Date(NOW + secondsFromNow * 1000).toUTCString();

const POLICY: StoragePolicy = {
  valid: new Map(),
  staleWhileRevalidate: 0,
  staleIfError: 0,
  ignored: new Set(),
};
const ASKED: Asked = {
  directives: NO_DIRECTIVES,
  hasAuthorization: false,
  unspoken: '',
  route: '',
  valueOf: () => '',
  askedMs: NOW - 2000,
  receivedMs: NOW,
};

const headOf = (...lines: readonly string[]) =>
  new ResponseHead(`${['200 OK', ...lines].join('\r\n')}\r\n`, 0);
const judged = (...lines: readonly string[]) => judge(headOf(...lines), ASKED, POLICY);
const judgedWith = (policy: Partial<StoragePolicy>, ...lines: readonly string[]) =>
  judge(headOf(...lines), ASKED, { ...POLICY, ...policy });

function storedWith(...lines: readonly string[]): StoredFacts {
  return judged(...lines) ?? assert.fail(`not stored: ${lines}`);
}

describe('what is stored', () => {
  it('is fresh for s-maxage, else max-age, else until Expires', () => {
    assert.equal(storedWith('Cache-Control: max-age=60, s-maxage=30').lifetime, 30);
    assert.equal(storedWith('Cache-Control: max-age=60', `Expires: ${date(5)}`).lifetime, 60);
    assert.equal(storedWith(`Expires: ${date(90)}`).lifetime, 90);
    assert.equal(storedWith(`Expires: ${date(90)}`, `Date: ${date(-10)}`).lifetime, 100);
    assert.equal(storedWith(`Expires: ${date(90)}`, 'Date: today').lifetime, 90);
    assert.equal(judged('ETag: "a"'), null);
  });

  it('is as old as its Age, the time that it took, or its Date say', () => {
    assert.equal(storedWith('Cache-Control: max-age=60').initialAge, 0);
    assert.equal(storedWith('Cache-Control: max-age=60', 'Age: 10').initialAge, 12);
    assert.equal(storedWith('Cache-Control: max-age=60', 'Age: 10, 20').initialAge, 12);
    assert.equal(storedWith('Cache-Control: max-age=60', `Date: ${date(-30)}`, 'Age: 10').initialAge, 30);
    assert.equal(storedWith('Cache-Control: max-age=60', `Date: ${date(30)}`).initialAge, 0);
  });

  it('is what the configuration says, where the response says nothing', () => {
    const valid = new Map<number | 'any', number>([
      [200, 5],
      ['any', 7],
    ]);
    assert.equal(judgedWith({ valid }, 'ETag: "a"')?.lifetime, 5);
    assert.equal(judge(new ResponseHead('418 No\r\n', 0), ASKED, { ...POLICY, valid })?.lifetime, 7);
    assert.equal(judgedWith({ valid }, 'Cache-Control: no-store'), null);
    assert.equal(
      judgedWith({ valid, ignored: new Set(['cache-control']) }, 'Cache-Control: no-store')?.lifetime,
      5,
    );
    assert.equal(judgedWith({ valid, ignored: new Set(['expires']) }, `Expires: ${date(-9)}`)?.lifetime, 5);
  });

  it('heeds X-Accel-Expires before everything else', () => {
    assert.equal(storedWith('X-Accel-Expires: 9', 'Cache-Control: no-store, private, no-cache').lifetime, 9);
    assert.equal(storedWith(`X-Accel-Expires: @${NOW / 1000 + 30}`).lifetime, 30);
    assert.equal(judged('X-Accel-Expires: 0', 'Cache-Control: max-age=60', 'ETag: "a"'), null);
    assert.equal(judged('X-Accel-Expires: off'), null);
  });

  it('is nothing that could never be used', () => {
    assert.equal(judged('Cache-Control: max-age=0'), null);
    assert.equal(judged('Cache-Control: no-cache'), null);
    assert.equal(judged('Cache-Control: max-age=10', 'Age: 10'), null);
    for (const more of ['ETag: "a"', `Last-Modified: ${date(-99)}`])
      assert.ok(judged('Cache-Control: max-age=0', more), more);
    assert.ok(judged('Cache-Control: max-age=0, stale-while-revalidate=9'));
    assert.equal(judged('Cache-Control: max-age=0, stale-while-revalidate=9, must-revalidate'), null);
  });

  it('is nothing that depends on more than is worth remembering', () => {
    const head = () => new ResponseHead('200 OK\r\nCache-Control: max-age=9\r\nVary: Cookie\r\n', 0);
    const sending = (cookie: string) => judge(head(), { ...ASKED, valueOf: () => cookie }, POLICY);
    assert.ok(sending('a'.repeat(8192)));
    assert.equal(sending('a'.repeat(8193)), null);
    assert.equal(judge(head(), { ...ASKED, unspoken: 'a'.repeat(8193) }, POLICY), null);
  });

  it('has no entity tag that is none', () => {
    assert.equal(storedWith('Cache-Control: max-age=9', 'ETag: bare').entityTag, null);
    assert.equal(storedWith('Cache-Control: max-age=9', 'ETag: W/"a"').entityTag, 'W/"a"');
  });
});

describe('what is stored answers a request', () => {
  const stored = storedWith('Cache-Control: max-age=60', 'ETag: "a"');
  const at = (seconds: number, directives = '', facts = stored) =>
    reuse(facts, directives === '' ? NO_DIRECTIVES : parseCacheControl([directives]), NOW + seconds * 1000);

  it('until it is stale', () => {
    assert.deepEqual([at(0), at(59), at(60), at(600)], ['fresh', 'fresh', 'revalidate', 'revalidate']);
    assert.equal(ageOf(stored, NOW + 5000), 5);
    assert.equal(ageOf(stored, NOW - 5000), 0, 'a clock that was set back');
  });

  it('as far as its directives allow', () => {
    const rows: readonly (readonly [seconds: number, directives: string, what: string])[] = [
      [10, 'no-cache', 'revalidate'],
      [10, 'max-age=10', 'fresh'],
      [11, 'max-age=10', 'revalidate'],
      [0, 'max-age=0', 'revalidate'],
      [10, 'min-fresh=50', 'fresh'],
      [11, 'min-fresh=50', 'revalidate'],
      [65, 'max-stale', 'stale'],
      [65, 'max-stale=5', 'stale'],
      [66, 'max-stale=5', 'revalidate'],
      [65, 'max-stale=x', 'revalidate'],
      [65, 'max-stale, max-age=30', 'revalidate'],
      [10, 'only-if-cached', 'fresh'],
    ];
    for (const [seconds, directives, what] of rows)
      assert.equal(at(seconds, directives), what, `${seconds} ${directives}`);
  });

  it('while it is renewed, as long as it says', () => {
    const renewed = storedWith('Cache-Control: max-age=60, stale-while-revalidate=30');
    assert.deepEqual(
      [at(59, '', renewed), at(60, '', renewed), at(89, '', renewed), at(90, '', renewed)],
      ['fresh', 'stale-while-revalidate', 'stale-while-revalidate', 'revalidate'],
    );
    const configured = judgedWith({ staleWhileRevalidate: 5 }, 'Cache-Control: max-age=60') ?? assert.fail();
    assert.equal(at(64, '', configured), 'stale-while-revalidate');
  });

  it('while there are errors, as long as it, the request or the configuration says', () => {
    const hides = (facts: StoredFacts, seconds: number, directives = '') =>
      mayHideError(facts, parseCacheControl([directives]), NOW + seconds * 1000);
    const said = storedWith('Cache-Control: max-age=60, stale-if-error=30');
    assert.deepEqual(
      [hides(said, 70), hides(said, 91), hides(said, 91, 'stale-if-error=60')],
      [true, false, true],
    );
    const configured = judgedWith({ staleIfError: 30 }, 'Cache-Control: max-age=60') ?? assert.fail();
    assert.ok(hides(configured, 70));
    const strict = storedWith('Cache-Control: max-age=60, stale-if-error=30, must-revalidate');
    assert.ok(!hides(strict, 70));
  });
});

describe('Vary', () => {
  it('names fields, in any case, each once', () => {
    assert.deepEqual(varyNames(['Accept, accept-language', 'ACCEPT ,']), ['accept', 'accept-language']);
    assert.deepEqual(varyNames(['']), []);
    assert.equal(varyNames(['Accept', '*']), '*');
  });

  it('tells requests apart by those fields, by what nobody names, and by who answers', () => {
    const stored = { vary: ['accept'], varyValues: ['a, b'], unspoken: '', route: 'r' };
    const request = (accept: string, unspoken = '', route = 'r') => ({
      unspoken,
      route,
      valueOf: () => accept,
    });
    assert.ok(matches(stored, request('a,b')));
    assert.ok(!matches(stored, request('a')));
    assert.ok(!matches(stored, request('a, b', 'x-forwarded-host: evil\n')));
    assert.ok(!matches(stored, request('a, b', '', 'another')));
  });
});

describe('a 304', () => {
  it('renews fields, but none about the content, and counts the age anew', () => {
    const stored = headOf(
      'Content-Type: text/plain',
      'Content-Length: 5',
      'Age: 99',
      'X-A: 1',
      'X-A: 2',
      'X-B: 3',
    );
    freshen(
      stored,
      new ResponseHead(
        '304 Not Modified\r\nContent-Length: 0\r\nx-a: 4\r\nETag: "b"\r\nSet-Cookie: a=b\r\n',
        0,
      ),
    );
    assert.equal(
      stored.text,
      '200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nX-B: 3\r\nx-a: 4\r\nETag: "b"\r\n',
    );
  });
});

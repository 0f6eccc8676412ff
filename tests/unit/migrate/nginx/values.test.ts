import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { literal, pattern } from '../../../../src/migrate/nginx/regex.ts';
import { bytes, duration, seconds } from '../../../../src/migrate/nginx/values.ts';

describe("nginx's values", () => {
  it('are times', () => {
    assert.deepEqual(['60', '1h30m', '1d', '500ms', '10x', ''].map(seconds), [
      60,
      5400,
      86_400,
      0.5,
      null,
      null,
    ]);
    assert.deepEqual(['60', '90', '1h30m', '30d', '1M', '500ms', '0'].map(duration), [
      '1m',
      '90s',
      '90m',
      '30d',
      '30d',
      '500ms',
      '0s',
    ]);
  });

  it('are sizes', () => {
    assert.deepEqual(['1m', '8k', '1024', '4G', '0', 'x'].map(bytes), [
      1_048_576,
      8192,
      1024,
      4 * 2 ** 30,
      0,
      null,
    ]);
  });

  const patterns: readonly (readonly [pcre: string, source: string])[] = [
    ['^/a/(\\d+)\\.html$', '^/a/(\\d+)\\.html$'],
    ['\\.(js|css)$', '\\.(js|css)$'],
    ['^/a\\-b\\_c', '^/a-b_c'],
    ['^/[a\\-z]', '^/[a\\-z]'],
    ['^/(?P<year>\\d{4})/', '^/(?<year>\\d{4})/'],
    ['^/a{b', '^/a\\{b'],
    ['\\A/a\\z', '^/a$'],
  ];
  for (const [pcre, source] of patterns) {
    it(`are patterns: ${pcre}`, () => assert.equal(pattern(pcre, false)?.source, source));
  }

  it('are patterns without case, with named groups, or none that JavaScript has', () => {
    assert.equal(pattern('(?i)a', false)?.ignoresCase, true);
    assert.deepEqual(pattern('(a)(?<b>c)(?:d)', true)?.groups, ['', 'b']);
    assert.equal(pattern('a++', false), null);
    assert.equal(pattern('(?>a)', false), null);
    assert.equal(literal('/a.b+'), '/a\\.b\\+');
  });
});

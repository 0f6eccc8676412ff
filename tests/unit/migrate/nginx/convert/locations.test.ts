import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inOrder, locationsOf } from '../../../../../src/migrate/nginx/convert/locations.ts';
import { parse } from '../../../../../src/migrate/nginx/parser.ts';
import { Report } from '../../../../../src/migrate/nginx/report.ts';
import { Scope } from '../../../../../src/migrate/nginx/scope.ts';

function orderOf(...locations: readonly string[]): readonly string[] {
  const source = `server { ${locations.map((each) => `location ${each} { }`).join(' ')} }`;
  const [server] = parse(source, 'nginx.conf').directives;
  assert.ok(server);
  return inOrder(locationsOf(new Scope(server, null), new Report())).map(({ match }) => {
    if (match.kind === 'regex')
      return `~ ${match.pattern.source}${match.below === null ? '' : ` below ${match.below}`}`;
    if (match.kind === 'exact') return `= ${match.path}`;
    if (match.kind === 'prefix') return match.path;
    return match.kind === 'named' ? `@${match.name}` : '/';
  });
}

describe("nginx's locations", () => {
  it('are ordered: the exact ones, regular expressions as they stand, the longest prefix first, named ones last', () => {
    assert.deepEqual(orderOf('/', '/a', '@b', '~ \\.php$', '/a/b', '= /a', '~* \\.png$'), [
      '= /a',
      '~ \\.php$',
      '~ \\.png$',
      '/a/b',
      '/a',
      '/',
      '@b',
    ]);
  });

  it('keep regular expressions out by ^~', () => {
    assert.deepEqual(orderOf('/', '^~ /a/', '~ \\.php$'), ['/a/', '~ \\.php$', '/']);
  });

  it('let regular expressions in where a longer prefix without ^~ is the one', () => {
    assert.deepEqual(orderOf('^~ /a/', '/a/b/', '~ \\.php$'), [
      '~ \\.php$ below /a/b/',
      '/a/b/',
      '/a/',
      '~ \\.php$',
    ]);
  });

  it('stand within others', () => {
    const source = 'server { location /a/ { location /a/b/ { } location ~ c { } } location ~ d { } }';
    const [server] = parse(source, 'nginx.conf').directives;
    assert.ok(server);
    const found = inOrder(locationsOf(new Scope(server, null), new Report()));
    assert.deepEqual(
      found.map(({ match }) =>
        match.kind === 'regex'
          ? `${match.pattern.source} ${match.below}`
          : match.kind === 'prefix' && match.path,
      ),
      ['c /a/', 'd null', '/a/b/', '/a/'],
    );
  });
});

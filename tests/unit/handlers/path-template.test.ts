import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compilePath, compileRewrite, compileTarget } from '../../../src/handlers/path-template.ts';
import { FakeExchange, get } from './fake-exchange.ts';

describe('a path with variables', () => {
  const exchange = new FakeExchange(get('/a%20b/%E4?x=1&y=%20', 'X-Odd: a b?c#d%'));
  exchange.groups = ['ü?#%', '1'];
  const paths: readonly (readonly [template: string, path: string])[] = [
    ['/plain', '/plain'],
    ['/ä b?', '/%C3%A4%20b%3F'],
    ['$uri', '/a%20b/%E4'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the templates' own braces
    ['${uri}/x', '/a%20b/%E4/x'],
    ['$uri.html', '/a%20b/%E4.html'],
    ['/$1/$2', '/%C3%BC%3F%23%25/1'],
    ['$2', '/1'],
    ['/$http_x_odd', '/a%20b%3Fc%23d%'],
  ];
  for (const [template, path] of paths) {
    it(`${template} is encoded`, () => assert.equal(compilePath(template)(exchange), path));
  }

  it('that is no rewrite has no query but its own', () => {
    const queryOf = (template: string) => compileTarget(template).query(exchange);
    assert.deepEqual(['/b', '/b?a=$2', '/b?$args'].map(queryOf), ['', 'a=1', 'x=1&y=%20']);
  });

  const targets: readonly (readonly [template: string, path: string, query: string])[] = [
    ['/b', '/b', 'x=1&y=%20'],
    ['/b?', '/b', ''],
    ['/b?z=$2', '/b', 'z=1&x=1&y=%20'],
    ['/b?z=$1?', '/b', 'z=%C3%BC%3F%23%25'],
    ['/b?q=$uri&$args', '/b', 'q=%2Fa%20b%2F%EF%BF%BD&x=1&y=%20&x=1&y=%20'],
    ['/b?q=$http_x_odd?', '/b', 'q=a%20b?c%23d%'],
  ];
  for (const [template, path, query] of targets) {
    it(`${template} has its query, and the request's`, () => {
      const target = compileRewrite(template);
      assert.deepEqual([target.path(exchange), target.query(exchange)], [path, query]);
    });
  }
});

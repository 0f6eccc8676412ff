import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PythonObject } from '../../../src/config/setting.ts';
import { staticMappings } from '../../../src/config/static-kinds.ts';
import { context } from './fake-machine.ts';

const parse = (text: string) => staticMappings.parse(text, context());

describe('a mapping of static files', () => {
  for (const [text, prefix, folder] of [
    ['/static=./static', '/static', './static'],
    ['/static/=static/', '/static', 'static/'],
    [' /static = /srv/my files ', '/static', '/srv/my files'],
    ['/a//b=c', '/a/b', 'c'],
    ['/=public', '', 'public'],
    ['/static=a=b', '/static', 'a=b'],
    ['/favicon.ico=static/favicon.ico', '/favicon.ico', 'static/favicon.ico'],
  ] as const) {
    it(`is read from '${text}'`, () => assert.deepEqual(parse(text), [{ prefix, folder }]));
  }

  for (const [text, complaint] of [
    ['/static', /no prefix with a folder; give one such as \/static=\.\/static/],
    ['static=./static', /'static' does not begin with a slash/],
    ['=./static', /'' does not begin with a slash/],
    ['/static=', /no folder for '\/static'/],
    ['/a/../b=c', /holds '\.' or '\.\.'/],
    ['/my%20files=c', /give it decoded/],
    ['/a?b=c', /without a query/],
  ] as const) {
    it(`is not '${text}'`, () => assert.throws(() => parse(text), complaint));
  }

  it('may be a dict in a configuration file', () => {
    assert.deepEqual(staticMappings.fromFile?.({ '/static/': 'static', '/media': '/srv/media' }), [
      { prefix: '/static', folder: 'static' },
      { prefix: '/media', folder: '/srv/media' },
    ]);
    assert.throws(() => staticMappings.fromFile?.({ '/static': 1 }), /the folder of '\/static' is no str/);
    for (const value of [1, new PythonObject('set', 'set()')])
      assert.equal(staticMappings.fromFile?.(value), undefined);
  });

  it('is shown as it is read', () => {
    for (const text of ['/static=./static', '/=public'])
      assert.deepEqual(staticMappings.show(parse(text)), [text]);
  });
});

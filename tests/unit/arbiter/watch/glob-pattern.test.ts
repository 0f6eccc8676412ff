import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GlobPattern } from '../../../../src/arbiter/watch/glob-pattern.ts';

const matching = (pattern: string, ...paths: string[]): string[] =>
  paths.filter((path) => new GlobPattern(pattern).matches(path));

describe('a pattern of files', () => {
  it('stands for names in one folder by *, ? and […]', () => {
    const paths = ['/a/x.yml', '/a/y.yaml', '/a/b/x.yml', '/a/.yml', '/a/x1.yml'];
    assert.deepEqual(matching('/a/*.yml', ...paths), ['/a/x.yml', '/a/x1.yml']);
    assert.deepEqual(matching('/a/x?.yml', ...paths), ['/a/x1.yml']);
    assert.deepEqual(matching('/a/[xy].y*ml', ...paths), ['/a/x.yml', '/a/y.yaml']);
    assert.deepEqual(matching('/a/[!x].y*ml', ...paths), ['/a/y.yaml']);
    assert.deepEqual(matching('/a/x[0-9].yml', ...paths), ['/a/x1.yml']);
  });

  it('stands for any folders, and for none, by **', () => {
    const paths = ['/a/x.html', '/a/b/x.html', '/a/b/c/x.html', '/a/b/x.txt', '/b/x.html'];
    assert.deepEqual(matching('/a/**/*.html', ...paths), ['/a/x.html', '/a/b/x.html', '/a/b/c/x.html']);
    assert.deepEqual(matching('/a/**/c/*', ...paths), ['/a/b/c/x.html']);
    assert.deepEqual(matching('/a/**', ...paths), paths.slice(0, 4));
    assert.deepEqual(matching('/**/x.txt', ...paths), ['/a/b/x.txt']);
  });

  it('takes other characters of regular expressions for themselves', () => {
    assert.deepEqual(matching('/a/*.(x)+', '/a/b.(x)+', '/a/b.xx', '/a/bx(x)+'), ['/a/b.(x)+']);
    assert.deepEqual(matching('/a/*[', '/a/b[', '/a/b'), ['/a/b[']);
    assert.deepEqual(matching('/a/[]^]*', '/a/]b', '/a/^b', '/a/b'), ['/a/]b', '/a/^b']);
    assert.deepEqual(matching('/a/*.ÿ', '/a/é.ÿ', '/a/😀.ÿ'), ['/a/é.ÿ', '/a/😀.ÿ']);
    assert.deepEqual(matching('/a/?.x', '/a/😀.x'), ['/a/😀.x']);
  });

  it('finds hidden names, caches and packages of Node only when they are named', () => {
    const hidden = ['/a/.env', '/a/.git/x', '/a/__pycache__/x', '/a/b/node_modules/c/x'];
    assert.deepEqual(matching('/a/**', ...hidden), []);
    assert.deepEqual(matching('/a/*/x', ...hidden), []);
    assert.deepEqual(matching('/a/.*', ...hidden), ['/a/.env']);
    assert.deepEqual(matching('/a/.git/*', ...hidden), ['/a/.git/x']);
    assert.deepEqual(matching('/a/**/node_modules/c/*', ...hidden), ['/a/b/node_modules/c/x']);
  });

  it('knows the folder in which everything lies, and which further ones may hold something', () => {
    const pattern = new GlobPattern('/srv/shop/*/templates/**/*.html');
    assert.equal(pattern.base, '/srv/shop');
    const reached = (folder: string) => pattern.reaches(folder);
    for (const folder of ['/srv/shop', '/srv/shop/a', '/srv/shop/a/templates', '/srv/shop/a/templates/b/c']) {
      assert.ok(reached(folder), folder);
    }
    for (const folder of ['/srv', '/srv/shop/a/b', '/srv/shop/.git', '/srv/shop/a/templates/.git', '/etc']) {
      assert.ok(!reached(folder), folder);
    }
    assert.equal(new GlobPattern('/*.yml').base, '/');
    assert.ok(!new GlobPattern('/a/*.yml').reaches('/a/b'));
  });
});

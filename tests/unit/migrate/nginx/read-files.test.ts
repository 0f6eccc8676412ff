import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readDump } from '../../../../src/migrate/nginx/dump.ts';
import { globPattern } from '../../../../src/migrate/nginx/machine-files.ts';
import { readConfiguration } from '../../../../src/migrate/nginx/read-files.ts';
import { shownPlace, words } from '../../../../src/migrate/nginx/syntax.ts';
import { filesOf } from './migrated.ts';

const namesIn = (
  paths: readonly string[],
  texts: Readonly<Record<string, string>>,
  prefix: string | null = null,
) =>
  readConfiguration(paths, filesOf(texts), prefix).directives.map((each) =>
    [each.name, ...words(each)].join(' '),
  );

describe('the files of a configuration', () => {
  it('are included where they are named, in the order of their names', () => {
    const texts = {
      '/etc/nginx/nginx.conf': 'include sites/*.conf; gzip on;',
      '/etc/nginx/sites/b.conf': 'listen 2;',
      '/etc/nginx/sites/a.conf': 'listen 1;',
      '/etc/nginx/sites/c.txt': 'listen 3;',
    };
    assert.deepEqual(namesIn(['/etc/nginx/nginx.conf'], texts), [
      'include sites/*.conf',
      'listen 1',
      'listen 2',
      'gzip on',
    ]);
  });

  it('are looked for in the folder of the file, and then above it', () => {
    const texts = {
      '/etc/nginx/sites-enabled/shop': 'include snippets/a.conf;',
      '/etc/nginx/snippets/a.conf': 'gzip on;',
    };
    assert.deepEqual(namesIn(['/etc/nginx/sites-enabled/shop'], texts).slice(1), ['gzip on']);
  });

  it('are looked for in the prefix alone, where there is one', () => {
    const texts = { '/a/shop': 'include x;', '/a/x': 'gzip on;', '/b/x': 'gzip off;' };
    assert.deepEqual(namesIn(['/a/shop'], texts, '/b').slice(1), ['gzip off']);
  });

  it('are known where they come with Debian or certbot, and not read where they are not needed', () => {
    const read = readConfiguration(
      ['/shop'],
      filesOf({
        '/shop': 'include mime.types; include proxy_params; include absent.conf;',
        '/mime.types': 'wrong {',
      }),
      null,
    );
    assert.deepEqual(read.faults, []);
    assert.deepEqual(
      read.directives
        .map(({ name, place }) => `${name} ${shownPlace(place)}`)
        .filter((each) => each.startsWith('proxy')),
      Array(4).fill('proxy_set_header /shop:1:21'),
    );
    assert.deepEqual(
      [...read.absent.keys()].map((each) => words(each)[0]),
      ['absent.conf'],
    );
  });

  it('are told when they include themselves', () => {
    const { faults } = readConfiguration(['/a'], filesOf({ '/a': 'include /a;' }), null);
    assert.match(faults[0]?.message ?? '', /included within itself/);
  });

  it('tell all that is wrong in any of them', () => {
    const texts = { '/a': 'include /b; gzip on', '/b': 'listen 80' };
    const { faults } = readConfiguration(['/a'], filesOf(texts), null);
    assert.deepEqual(faults.map(({ place }) => place.file).sort(), ['/a', '/b']);
  });

  it('come from the dump of nginx -T', () => {
    const dump = readDump(
      'nginx: the configuration file /x syntax is ok\n# configuration file /etc/nginx/nginx.conf:\ninclude conf.d/*.conf;\n\n# configuration file /etc/nginx/conf.d/a.conf:\nlisten 80;\n',
    );
    assert.ok(dump);
    const { directives } = readConfiguration([dump.main], dump, null);
    assert.deepEqual(
      directives.map((each) => each.place.file),
      ['/etc/nginx/nginx.conf', '/etc/nginx/conf.d/a.conf'],
    );
    assert.equal(readDump('listen 80;'), null);
  });

  it('are found by patterns of the shell', () => {
    for (const [glob, name, matches] of [
      ['*.conf', 'a.conf', true],
      ['*.conf', 'a-conf', false],
      ['a?.conf', 'ab.conf', true],
      ['[!a]*', 'b', true],
      ['[!a]*', 'a', false],
    ] as const) {
      assert.equal(globPattern(glob).test(name), matches, `${glob} ${name}`);
    }
  });
});

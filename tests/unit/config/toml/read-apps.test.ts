import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseWords } from '../../../../src/config/command-line.ts';
import { ConfigError } from '../../../../src/config/config-error.ts';
import { resolveParsed } from '../../../../src/config/resolve.ts';
import { readToml } from '../../../../src/config/toml/toml-document.ts';
import { tomlSettings } from '../../../../src/config/toml/toml-settings.ts';
import { projectRoot } from '../../../support/project.ts';
import { machine } from '../fake-machine.ts';

const FOLDERS = ['/srv', '/srv/shop', '/elsewhere'];

function read(source: string, hasCommandApp = false) {
  const document = readToml(source);
  assert.ok(!('fault' in document), JSON.stringify(document));
  return tomlSettings('kirin.toml', '/srv', document, hasCommandApp);
}

function resolve(source: string, ...argv: readonly string[]) {
  const input = { env: {}, cwd: '/elsewhere', machine: machine({ folders: FOLDERS }) };
  return resolveParsed(parseWords(argv), input, [read(source)]);
}

function complaints(source: string): string[] {
  return read(source).problems.map(({ message }) => message);
}

/** Who answers, of the routes of the first site, the rest last. */
function answering(source: string, hasCommandApp = false): (string | null)[] {
  const file = read(source, hasCommandApp);
  assert.deepEqual(file.problems, []);
  return (file.front.sites[0]?.routes ?? []).map(({ action }) => {
    assert.equal(action.do, 'app');
    return action.do === 'app' ? action.app : null;
  });
}

const TWO = '[apps.shop]\napp = "shop:app"\n[apps.admin]\napp = "admin:app"\n';

describe('applications of a kirin.toml', () => {
  it('have settings of their own, and for what they do not say those at the top', () => {
    const { apps, settings } = resolve(`
workers = 3
timeout = 60
[apps.shop]
app = "shop:app"
workers = "1..2"
[apps.admin]
app = "admin:app"
`);
    assert.deepEqual(
      apps.map(({ name, settings: own }) => [name, own.wsgi_app, own.workers, own.timeout]),
      [
        ['shop', 'shop:app', { min: 1, max: 2 }, 60],
        ['admin', 'admin:app', { min: 3, max: 3 }, 60],
      ],
    );
    assert.equal(settings.wsgi_app, null);
    assert.equal(apps[0]?.sources.workers, 'kirin.toml [apps.shop]');
    assert.equal(apps[1]?.sources.workers, 'kirin.toml');
  });

  it('follow the command line, which is stronger than the file', () => {
    const { apps } = resolve(`[apps.shop]\napp = "shop:app"\nworkers = 2\n`, '-w', '4');
    assert.deepEqual(apps[0]?.settings.workers, { min: 4, max: 4 });
  });

  it('may stand beside the one at the top', () => {
    const { apps, settings } = resolve('app = "main:app"\n[apps.admin]\napp = "admin:app"\n');
    assert.equal(settings.wsgi_app, 'main:app');
    assert.deepEqual(
      apps.map(({ settings: own }) => own.wsgi_app),
      ['admin:app'],
    );
  });

  it('have folders that are relative to the file, from wherever kirin is started', () => {
    const { apps } = resolve(`
[apps.shop]
app = "shop:app"
chdir = "shop"
python = "venvs/shop/bin/python"
[apps.admin]
app = "admin:app"
`);
    const [shop, admin] = apps.map(({ settings }) => settings);
    assert.equal(shop?.chdir, '/srv/shop');
    assert.equal(shop?.python, '/srv/venvs/shop/bin/python');
    assert.equal(admin?.chdir, '/srv');
  });

  it('are held to the rules each for itself, and not what is only at the top', () => {
    const rules = (workers: number) => `
lane_reserve = "/a=1"
[apps.shop]
app = "shop:app"
workers = ${workers}
`;
    assert.equal(resolve(rules(2)).apps.length, 1);
    assert.throws(() => resolve(rules(1)), /lane_reserve \(from kirin\.toml\) keeps 1 lanes free/);
  });

  it('say once what is wrong for all of them', () => {
    try {
      resolve(`workers = "many"\n${TWO}`);
      assert.fail('it is wrong');
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.message.match(/workers = "many"/g)?.length, 1, error.message);
    }
  });

  const wrong: readonly (readonly [source: string, complaint: RegExp])[] = [
    ['apps = 1', /:1:1: apps = 1: not tables; each begins with \[apps\.NAME\]/],
    ['[apps]\nshop = "shop:app"', /:2:1: shop = "shop:app": not a table; write \[apps\.shop\]/],
    [
      '[apps.shop]\nworkers = 2',
      /:1:1: the application shop has no app; give it one, such as app = "shop:app"/,
    ],
    ['[apps."a b"]\napp = "a"', /'a b' is no name of an application/],
    ['[apps.default]\napp = "a"', /'default' is the application that app at the top of the file names/],
    ['[apps.a]\napp = "a"\nwrokers = 2', /:3:1: wrokers is no setting; did you mean workers\?/],
    ['[apps.a]\napp = "a"\nbind = ":80"', /:3:1: bind is set for the whole of Kirin: put it at the top/],
    ['[apps.a]\napp = "a"\nuser = "www"', /user is set for the whole of Kirin/],
    ['[apps.a]\napp = "a"\nwsgi_app = "b"', /app and wsgi_app are the same setting/],
    ['[apps.a]\napp = "a"\nworkers = true', /workers = true: a boolean; give a whole number/],
    [`${TWO}[[sites]]\napp = "shpo"`, /app = "shpo": no application is called so; did you mean shop\?/],
    [`${TWO}[[sites]]\n[[sites.routes]]\napp = "blog"`, /no application is called so; there are shop, admin/],
    [
      '[[sites]]\n[[sites.routes]]\napp = "blog"',
      /no application is called so; describe it as \[apps\.blog\]/,
    ],
    [
      `${TWO}[[sites]]\n[[sites.routes]]\napp = true`,
      /there are several applications, so give the name of one: shop, admin/,
    ],
    [
      `${TWO}[[sites]]\n[[sites.routes]]\npath = "/a"`,
      /say what this route does; if an application answers, which: shop, admin/,
    ],
  ];
  for (const [source, complaint] of wrong) {
    it(`with ${JSON.stringify(source)} are refused`, () => {
      const found = complaints(source);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] as string, complaint);
    });
  }
});

describe('the example of the docs', () => {
  it('is right', () => {
    const page = readFileSync(join(projectRoot, 'docs/operate/several-applications.md'), 'utf8');
    const example = page.match(/(?:^ {4}.*\n|^\n(?= {4}))+/m)?.[0] ?? '';
    const { problems, notices, apps } = read(example.replace(/^ {4}/gm, ''));
    assert.deepEqual([problems, notices], [[], []]);
    assert.deepEqual(
      apps.map(({ name }) => name),
      ['shop', 'admin'],
    );
  });
});

describe('who answers what names no application', () => {
  it('is the one at the top of the file, or of the command line', () => {
    const site = '[[sites]]\n[[sites.routes]]\npath = "/a"\napp = true\n';
    assert.deepEqual(answering(`app = "a"\n${TWO}${site}`), ['default', 'default']);
    assert.deepEqual(answering(`${TWO}${site}`, true), ['default', 'default']);
    assert.deepEqual(answering(site), ['default', 'default']);
  });

  it('is the only one', () => {
    assert.deepEqual(answering('[apps.shop]\napp = "a"\n[[sites]]\n[[sites.routes]]\npath = "/a"\n'), [
      'shop',
      'shop',
    ]);
    assert.equal(read('[apps.shop]\napp = "a"').front.app, 'shop');
  });

  it('is the one that does for the site', () => {
    const site = '[[sites]]\napp = "admin"\n[[sites.routes]]\npath = "/a"\napp = true\n';
    assert.deepEqual(answering(`${TWO}${site}`), ['admin', 'admin']);
  });

  it('is nobody where there are several', () => {
    assert.deepEqual(answering(`${TWO}[[sites]]\n[[sites.routes]]\npath = "/a"\napp = "shop"\n`), [
      'shop',
      null,
    ]);
    assert.equal(read(TWO).front.app, null);
  });
});

describe('an application that no route leads to', () => {
  const told = (source: string) => read(source).notices.map(({ message }) => message);

  it('is told, and where it stands', () => {
    assert.deepEqual(told(`${TWO}[[sites]]\napp = "shop"\n`), [
      'kirin.toml:3:1: no route leads to the application admin',
    ]);
    assert.equal(told(TWO).length, 2);
  });

  it('is also one whose only route stands behind another that takes all', () => {
    const routes = '[[sites]]\napp = "admin"\n[[sites.routes]]\napp = "shop"\n';
    assert.equal(told(`${TWO}${routes}`).length, 1);
  });

  it('is none that takes what is left', () => {
    assert.deepEqual(told('[apps.shop]\napp = "a"\n'), []);
    assert.deepEqual(
      told(`app = "a"\n[apps.shop]\napp = "b"\n[[sites]]\n[[sites.routes]]\npath = "/a"\napp = "shop"\n`),
      [],
    );
  });
});

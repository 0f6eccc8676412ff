import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { Gunicorn, gunicornIsMissing } from '../support/gunicorn.ts';
import { runKirin, withKirin } from '../support/kirin.ts';
import { fixture } from '../support/project.ts';
import { waitFor } from '../support/wait-for.ts';

const cwd = fixture('frameworks', 'paste_site');
const PRODUCTION = 'conf/production.ini';
/** Its own address is in the file. */
const options = (...args: string[]) => ({ cwd, bind: [], args });

async function answers(url: string, paths: readonly string[]): Promise<unknown[]> {
  return Promise.all(
    paths.map(async (path) => {
      const response = await fetch(`${url}${path}`);
      return [path, response.status, response.headers.get('content-type'), await response.text()];
    }),
  );
}

describe('--paste runs what a PasteDeploy file describes', () => {
  const cases = [
    { what: 'a Pyramid application', args: ['--paste', PRODUCTION], paths: ['/', '/settings', '/missing'] },
    { what: 'another section of it', args: ['--paste', `${PRODUCTION}#admin`], paths: ['/'] },
    {
      what: 'a pipeline, with variables',
      args: [
        '--paster',
        `${PRODUCTION}#loud`,
        '--paste-global',
        'environment=a test',
        '--paste-global',
        'b\\=c=d=e',
      ],
      paths: ['/'],
    },
  ];
  for (const { what, args, paths } of cases) {
    it(`as Gunicorn does: ${what}`, { skip: gunicornIsMissing }, async () => {
      const gunicorn = await Gunicorn.start(args, cwd);
      const theirs = await answers(gunicorn.url, paths).finally(() => gunicorn.stop());
      await withKirin(options(...args), async (kirin) => {
        assert.deepEqual(await answers(kirin.url, paths), theirs);
      });
    });
  }

  it('with its loggers', async () => {
    await withKirin(options('--paste', PRODUCTION), async (kirin) => {
      await fetch(kirin.url);
      await kirin.waitForLog(/^INFO of paste_shop: home is asked for$/m);
      assert.doesNotMatch(kirin.log(), /nobody wants to know this/);
    });
  });

  it('with the settings of its [server:main], which everything else is stronger than', async () => {
    const printed = await runKirin(options('--print-config', '-w', '5', '--paste', PRODUCTION));
    assert.equal(printed.code, 0, printed.log);
    for (const line of [
      /^bind +[=] \['127\.0\.0\.1:0'\]$/m,
      /^workers += 5$/m,
      /^threads += 2$/m,
      /^proc_name += production$/m,
      /^paste += conf\/production\.ini$/m,
      /^wsgi_app += None$/m,
    ]) {
      assert.match(printed.stdout, line);
    }
  });

  it('and checks it', async () => {
    const { code, log } = await runKirin(options('--check-config', '--paste', `config:${PRODUCTION}#admin`));
    assert.equal(code, 0, log);
    assert.match(log, /^kirin: \S+\/conf\/production\.ini#admin loads in /m);
  });

  it('also when a configuration file names it', async () => {
    const folder = new AppFolder({
      'gunicorn.conf.py': `paste = ${JSON.stringify(`${cwd}/${PRODUCTION}`)}\nthreads = 4\n`,
    });
    try {
      const args = ['--chdir', cwd];
      await withKirin({ cwd: folder.path, bind: [], args }, async (kirin) => {
        assert.equal(await (await fetch(kirin.url)).text(), 'a shop by Pyramid');
        assert.match(kirin.log(), /Using worker: gthread/);
      });
    } finally {
      folder.remove();
    }
  });
});

describe('a PasteDeploy file', () => {
  const folder = new AppFolder({
    'nothing.ini': '[app:other]\nuse = egg:nothing\n',
    'broken.ini': 'no section\n',
    'waitress.ini':
      '[app:main]\npaste.app_factory = paste_shop:main\n[server:main]\nuse = egg:waitress#main\nlisten = a:1\nworkers = 7\n',
    'odd.ini':
      '[app:main]\npaste.app_factory = paste_shop:main\n[server:main]\nuse = egg:gunicorn\nwrokers = 2\nworkers = many\n',
  });
  after(() => folder.remove());
  const run = (...args: string[]) =>
    runKirin({ cwd: folder.path, bind: [], args: ['--check-config', '--pythonpath', cwd, ...args] });

  it('that is not there, or is none, is named', async () => {
    const missing = await run('--paste', 'missing.ini');
    assert.deepEqual(
      [missing.code, missing.log],
      [1, `kirin: there is no PasteDeploy file ${folder.path}/missing.ini\n`],
    );
    const broken = await run('--paste', 'broken.ini');
    assert.equal(broken.code, 1);
    assert.match(broken.log, /^kirin: broken\.ini cannot be read: File contains no section headers/);
  });

  it('without the application that is asked for is explained', async () => {
    const { code, log } = await run('--paste', 'nothing.ini');
    assert.equal(code, 1);
    assert.match(log, /LookupError: No section 'main' \(prefixed by 'app' .* found in config .*nothing\.ini/);
  });

  it('whose server is another is read for its application alone', async () => {
    const { code, stdout, log } = await run('--print-config', '--paste', 'waitress.ini');
    assert.equal(code, 0, log);
    assert.match(stdout, /^workers += 1$/m);
  });

  it('with a wrong setting is named, like any other source', async () => {
    const { code, log } = await run('--paste', 'odd.ini');
    assert.equal(code, 1);
    assert.match(log, /^kirin: workers = many \(in odd\.ini\): not a whole number/m);
  });

  it('needs PasteDeploy, which is said', async () => {
    const without = new AppFolder({ 'sitecustomize.py': 'import sys\nsys.modules["paste.deploy"] = None\n' });
    const { code, log } = await runKirin({
      cwd: folder.path,
      bind: [],
      args: ['--check-config', '--paste', 'nothing.ini'],
      env: { PYTHONPATH: without.path },
    }).finally(() => without.remove());
    assert.equal(code, 1);
    assert.match(log, /^kirin: --paste needs PasteDeploy: \S+ -m pip install PasteDeploy\n/);
  });

  it('is watched with --reload', async () => {
    const site = new AppFolder({
      'site.ini': '[app:main]\npaste.app_factory = paste_shop:admin\ngreeting = one\n',
    });
    try {
      const args = ['--reload', '--paste', 'site.ini', '--pythonpath', cwd];
      await withKirin({ cwd: site.path, args }, async (kirin) => {
        const text = async () => (await fetch(kirin.url)).text();
        assert.match(await text(), /"greeting": "one"/);
        site.write('site.ini', '[app:main]\npaste.app_factory = paste_shop:admin\ngreeting = two\n');
        await waitFor(async () => (await text()).includes('two'));
        site.write('site.ini', '[app:main]\npaste.app_factory = paste_shop:nothing\n');
        await waitFor(async () => /AttributeError/.test(await text()));
        site.write('site.ini', '[app:main]\npaste.app_factory = paste_shop:admin\ngreeting = three\n');
        await waitFor(async () => (await text()).includes('three'));
      });
    } finally {
      site.remove();
    }
  });
});

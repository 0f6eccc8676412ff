import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { withKirin } from '../support/kirin.ts';
import { waitFor } from '../support/wait-for.ts';

/** Answers what its settings and templates hold, which it has read when it was loaded. */
const READING = `import glob
TEXTS = [open(name).read() for name in ["../settings.yml", *sorted(glob.glob("templates/**/*.html", recursive=True))]]
def app(environ, start_response):
    start_response("200 OK", [])
    return [" ".join(TEXTS).encode()]
`;

const SHOWING = `import os
def app(environ, start_response):
    start_response("200 OK", [])
    return [os.environ["ANSWER"].encode()]
`;

const body = async (url: string) => (await fetch(url)).text();

describe('with --reload', () => {
  it('a saved file is served soon after', async () => {
    const folder = new AppFolder({
      'main.py': 'from helper import app\n',
      'helper.py': answering('one'),
    });
    try {
      await withKirin({ app: 'main:app', cwd: folder.path, args: ['--reload'] }, async (kirin) => {
        folder.write('helper.py', answering('two'));
        await waitFor(async () => (await body(kirin.url)) === 'two');
        assert.match(kirin.log(), /Reloading, since this file has changed: .*\/helper\.py/);
      });
    } finally {
      folder.remove();
    }
  });

  for (const engine of ['inotify', 'poll']) {
    it(`a checkout of 500 files is one reload, by the engine ${engine}`, async () => {
      const folder = new AppFolder({ 'main.py': answering('one') });
      const names = Array.from({ length: 500 }, (_, index) => `module_${index}.py`);
      for (const name of names) folder.write(name, '');
      try {
        const args = ['--reload', '--reload-engine', engine];
        await withKirin({ app: 'main:app', cwd: folder.path, args }, async (kirin) => {
          folder.write('main.py', answering('two'));
          await waitFor(async () => (await body(kirin.url)) === 'two');
          for (const name of names) folder.write(name, 'pass\n');
          folder.write('main.py', answering('three'));
          await waitFor(async () => (await body(kirin.url)) === 'three');
          const reloads = kirin.log().match(/Reloading, since .*/g) ?? [];
          assert.equal(reloads.length, 2, reloads.join('\n'));
          assert.match(reloads[1] ?? '', /since 501 files have changed, among them \//);
          assert.match(reloads[0] ?? '', /since this file has changed: .*\/main\.py$/);
        });
      } finally {
        folder.remove();
      }
    });
  }

  it('files, folders and patterns of others are watched, relative to the folder of the application', async () => {
    const folder = new AppFolder({ 'settings.yml': 'one' });
    folder.writeIn('app', 'main.py', READING);
    folder.writeIn('app/templates', 'a.html', 'a');
    folder.write(
      'gunicorn.conf.py',
      "reload_extra_files = ['../settings.yml', 'templates/**/*.html', 'nothing/*']\n",
    );
    try {
      const args = ['--reload', '--chdir', 'app'];
      await withKirin({ app: 'main:app', cwd: folder.path, args }, async (kirin) => {
        assert.equal(await body(kirin.url), 'one a');
        await kirin.waitForLog(/\[WARNING\] --reload-extra-file \S+\/nothing\/\* matches no file yet/);
        folder.write('settings.yml', 'two');
        await waitFor(async () => (await body(kirin.url)) === 'two a');
        folder.writeIn('app/templates/deep', 'b.html', 'b');
        await waitFor(async () => (await body(kirin.url)) === 'two a b');
      });
    } finally {
      folder.remove();
    }
  });

  it('the configuration file is watched, wherever it is', async () => {
    const folder = new AppFolder({ 'main.py': SHOWING });
    folder.writeIn('conf', 'site.py', 'raw_env = ["ANSWER=one"]\n');
    try {
      const args = ['--reload', '-c', 'conf/site.py'];
      await withKirin({ app: 'main:app', cwd: folder.path, args }, async (kirin) => {
        assert.equal(await body(kirin.url), 'one');
        folder.writeIn('conf', 'site.py', 'raw_env = ["ANSWER=two"]\n');
        await waitFor(async () => (await body(kirin.url)) === 'two');
        folder.writeIn('conf', 'site.py', 'broken(\n');
        await kirin.waitForLog(/Not reloaded, .*conf\/site\.py failed:[\s\S]*SyntaxError/);
        assert.equal(await body(kirin.url), 'two');
        folder.writeIn('conf', 'site.py', 'reload = False\nraw_env = ["ANSWER=three"]\n');
        await waitFor(async () => (await body(kirin.url)) === 'three');
      });
    } finally {
      folder.remove();
    }
  });

  it('a module that is imported late and from elsewhere is watched too', async () => {
    const elsewhere = new AppFolder({ 'late.py': 'ANSWER = b"one"\n' });
    const folder = new AppFolder({
      'main.py': [
        'def app(environ, start_response):',
        '    import late',
        '    start_response("200 OK", [])',
        '    return [late.ANSWER]',
        '',
      ].join('\n'),
    });
    const args = ['--reload', '--pythonpath', elsewhere.path];
    try {
      await withKirin({ app: 'main:app', cwd: folder.path, args }, async (kirin) => {
        assert.equal(await body(kirin.url), 'one');
        // Workers look for new modules every second, so an early save may go unnoticed; a later one may not.
        await waitFor(async () => {
          elsewhere.write('late.py', 'ANSWER = b"two"\n');
          await new Promise((resolve) => setTimeout(resolve, 300));
          return (await body(kirin.url)) === 'two';
        });
      });
    } finally {
      folder.remove();
      elsewhere.remove();
    }
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { KirinProcess, withKirin } from '../support/kirin.ts';
import { waitFor } from '../support/wait-for.ts';

const body = async (url: string) => (await fetch(url)).text();

describe('with --reload', () => {
  it('a saved file is served soon after, a broken one keeps the old code, and the next save heals', async () => {
    const folder = new AppFolder({
      'main.py': 'from helper import app\n',
      'helper.py': answering('one'),
    });
    try {
      await withKirin({ app: 'main:app', cwd: folder.path, args: ['--reload'] }, async (kirin) => {
        folder.write('helper.py', answering('two'));
        await waitFor(async () => (await body(kirin.url)) === 'two');
        folder.write('helper.py', 'def broken(:\n');
        await kirin.waitForLog(/Not reloaded: generation \d+ failed to boot/);
        assert.equal(await body(kirin.url), 'two');
        folder.write('helper.py', answering('three'));
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

  it('an application that is broken from the start is waited for', async () => {
    const folder = new AppFolder({ 'main.py': 'raise RuntimeError("not yet")\n' });
    try {
      const kirin = new KirinProcess({ app: 'main:app', cwd: folder.path, args: ['--reload'] });
      try {
        await kirin.waitForLog(/RuntimeError: not yet[\s\S]*waiting until its files change/);
        folder.write('main.py', answering('there'));
        await kirin.waitUntilReady();
        assert.equal(await body(kirin.url), 'there');
      } finally {
        await kirin.stop();
      }
    } finally {
      folder.remove();
    }
  });
});

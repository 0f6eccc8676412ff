import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { KirinProcess, withKirin } from '../support/kirin.ts';
import { waitFor } from '../support/wait-for.ts';

const HTML = { headers: { accept: 'text/html,application/xhtml+xml' } };
const body = async (url: string) => (await fetch(url)).text();
const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

async function withFolder(
  files: Readonly<Record<string, string>>,
  use: (folder: AppFolder) => Promise<void>,
) {
  const folder = new AppFolder(files);
  try {
    await use(folder);
  } finally {
    folder.remove();
  }
}

/** Kirin over an application that need not load. */
async function withUnready(folder: AppFolder, args: string[], use: (kirin: KirinProcess) => Promise<void>) {
  const kirin = new KirinProcess({ app: 'main:app', cwd: folder.path, args });
  try {
    await kirin.waitForLog(/Listening at/);
    await use(kirin);
    await kirin.stop();
  } catch (error) {
    console.error(kirin.log());
    kirin.discard();
    throw error;
  }
}

describe('with --reload, code that does not load', () => {
  it('shows in the terminal once and to every client, until the next save heals', async () => {
    const files = { 'main.py': 'from helper import app\n', 'helper.py': answering('one') };
    await withFolder(files, async (folder) => {
      const options = { app: 'main:app', cwd: folder.path, args: ['--reload', '--workers', '3'] };
      await withKirin(options, async (kirin) => {
        assert.equal(await body(kirin.url), 'one');
        folder.write('helper.py', 'x = 1\ndef broken(:\n');
        await kirin.waitForLog(/\[ERROR\] Generation 2 failed to boot: waiting until a file changes/);
        const page = await fetch(kirin.url, HTML);
        assert.equal(page.status, 500);
        assert.equal(page.headers.get('cache-control'), 'no-store');
        const html = await page.text();
        assert.match(html, /<h1>SyntaxError: invalid syntax<\/h1>/);
        assert.match(html, /helper\.py<\/code>, line 2/);
        const text = await fetch(`${kirin.url}/any/path`, { method: 'POST', body: 'x'.repeat(100_000) });
        assert.equal(text.status, 500);
        assert.match(await text.text(), /^The application 'main:app' cannot be imported\nTraceback/);
        assert.equal(count(kirin.log(), /SyntaxError/g), 1, 'three workers, one traceback');

        folder.write('helper.py', 'import no_such_module\n');
        await waitFor(async () => (await body(kirin.url)).includes("No module named 'no_such_module'"));
        folder.write('helper.py', answering('three'));
        await waitFor(async () => (await body(kirin.url)) === 'three');
        const healed = await fetch(kirin.url);
        assert.equal(healed.status, 200);
        assert.equal(healed.headers.get('cache-control'), null);
      });
    });
  });

  it('ends a page that waits for that as soon as it is healed', async () => {
    await withFolder({ 'main.py': 'broken(\n' }, (folder) =>
      withUnready(folder, ['--reload'], async (kirin) => {
        const html = await (await fetch(kirin.url, HTML)).text();
        const id = /'kirin-load-failure': '(\w+)'/.exec(html)?.[1] ?? '';
        const waiting = fetch(kirin.url, { headers: { 'kirin-load-failure': id } });
        folder.write('main.py', answering('there'));
        assert.equal((await waiting).status, 204);
        assert.equal(await body(kirin.url), 'there');
      }),
    );
  });

  it('keeps no page waiting when the server stops', async () => {
    await withFolder({ 'main.py': 'broken(\n' }, (folder) =>
      withUnready(folder, ['--reload'], async (kirin) => {
        const html = await (await fetch(kirin.url, HTML)).text();
        const id = /'kirin-load-failure': '(\w+)'/.exec(html)?.[1] ?? '';
        const waiting = fetch(kirin.url, { headers: { 'kirin-load-failure': id } });
        // Its request is there before the next one's answer is.
        const refused = assert.rejects(waiting);
        await body(kirin.url);
        kirin.signal('SIGTERM');
        await refused;
      }),
    );
  });

  const failures = [
    ['raises', 'raise RuntimeError("not yet")\n', /RuntimeError: not yet/],
    [
      'is missing a module',
      'import no_such_module\n',
      /ModuleNotFoundError: No module named 'no_such_module'/,
    ],
    ['holds no such application', 'application = print\n', /Failed to find attribute 'app' in 'main'/],
    ['calls sys.exit()', 'import sys\nsys.exit(0)\n', /called sys\.exit\(\) while it was loaded/],
  ] as const;
  for (const [what, source, message] of failures) {
    for (const preload of [[], ['--preload']]) {
      it(`from the start, since it ${what}, does not end the server ${preload.join('')}`, async () => {
        await withFolder({ 'main.py': source }, (folder) =>
          withUnready(folder, ['--reload', ...preload], async (kirin) => {
            // This request may come before anybody knows.
            const first = await fetch(kirin.url);
            assert.equal(first.status, 500);
            assert.match(await first.text(), message);
            await kirin.waitForLog(/waiting until a file changes/);
            assert.equal(count(kirin.log(), new RegExp(message, 'g')), 1, kirin.log());
            folder.write('main.py', answering('there'));
            await kirin.waitUntilReady();
            assert.equal(await body(kirin.url), 'there');
          }),
        );
      });
    }
  }

  it('heals by a file that was missing', async () => {
    await withFolder({ 'main.py': 'from package.module import app\n' }, (folder) =>
      withUnready(folder, ['--reload'], async (kirin) => {
        assert.match(await body(kirin.url), /No module named 'package'/);
        folder.writeIn('package', '__init__.py', '');
        folder.writeIn('package', 'module.py', answering('there'));
        await waitFor(async () => (await body(kirin.url)) === 'there');
      }),
    );
  });

  it('is shown also when the process that loads it is gone without a word', async () => {
    await withFolder({ 'main.py': answering('one') }, (folder) =>
      withUnready(folder, ['--reload'], async (kirin) => {
        await waitFor(async () => (await body(kirin.url)) === 'one');
        folder.write('main.py', 'import os\nos._exit(7)\n');
        await kirin.waitForLog(/waiting until a file changes/);
        assert.match(await body(kirin.url), /^Worker \(pid:\d+\) exited with code 7, after/);
        folder.write('main.py', answering('two'));
        await waitFor(async () => (await body(kirin.url)) === 'two');
      }),
    );
  });

  it('is still shown when another edge has taken over', async () => {
    await withFolder({ 'main.py': 'broken(\n' }, (folder) =>
      withUnready(folder, ['--reload'], async (kirin) => {
        await kirin.waitForLog(/waiting until a file changes/);
        process.kill(kirin.edgePid(), 'SIGKILL');
        await kirin.waitForLog(/Listening again/);
        assert.match(await body(kirin.url), /SyntaxError/);
      }),
    );
  });

  it('makes the server not ready, and not dead', async () => {
    await withFolder({ 'main.py': 'broken(\n' }, (folder) =>
      withUnready(folder, ['--reload', '--health-path', '/health'], async (kirin) => {
        await kirin.waitForLog(/waiting until a file changes/);
        const ready = await fetch(`${kirin.url}/health/ready`);
        assert.deepEqual([ready.status, await ready.text()], [503, 'the application does not load\n']);
        assert.equal((await fetch(`${kirin.url}/health/live`)).status, 200);
      }),
    );
  });
});

describe('without --reload, code that does not load', () => {
  it('is shown to nobody: the old code goes on serving', async () => {
    await withFolder({ 'main.py': answering('one') }, async (folder) => {
      await withKirin({ app: 'main:app', cwd: folder.path }, async (kirin) => {
        folder.write('main.py', 'raise RuntimeError("secret")\n');
        kirin.signal('SIGHUP');
        await kirin.waitForLog(
          /RuntimeError: secret[\s\S]*Not reloaded: generation 2 failed to boot; generation 1/,
        );
        assert.equal(await body(kirin.url), 'one');
        const forged = await fetch(kirin.url, { headers: { 'kirin-load-failure': '0', ...HTML.headers } });
        assert.equal(await forged.text(), 'one');
      });
    });
  });
});

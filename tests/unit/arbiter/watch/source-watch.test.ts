import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isLocalFilesystem } from '../../../../src/arbiter/watch/local-filesystem.ts';
import { type Engine, SourceWatch } from '../../../../src/arbiter/watch/source-watch.ts';
import { makeTemporaryFolder, removeFolder } from '../../../support/temporary-folder.ts';
import { waitFor } from '../../../support/wait-for.ts';

const FOR_EVER = Number.POSITIVE_INFINITY;

/** A folder of sources, what watches it, and what it has told. */
class Sources {
  readonly root: string;
  readonly told: string[][] = [];
  readonly warnings: string[] = [];
  readonly #engine: Engine;
  #watch: SourceWatch | null = null;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.root = realpathSync(makeTemporaryFolder());
  }

  path(...names: string[]): string {
    return join(this.root, ...names);
  }

  write(name: string, text = `# ${Math.random()}\n`): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  /** Watches from now on, and has seen what is there when this returns. */
  async watch({
    extra = [] as string[],
    loaded = [] as string[],
    root = this.root,
    sinceMs = FOR_EVER,
  } = {}) {
    const watch = new SourceWatch(
      { root, engine: this.#engine, extra: extra.map((name) => this.path(name)), own: [] },
      { changed: (files) => this.told.push([...files]), warn: (message) => this.warnings.push(message) },
    );
    this.#watch = watch;
    for (const name of loaded) await this.load(name, sinceMs);
    await watch.whenSettled();
  }

  /** A process that began at that time says that it has loaded it. */
  async load(name: string, sinceMs: number): Promise<void> {
    this.#watch?.add([this.path(name)], sinceMs);
    await this.#watch?.whenSettled();
  }

  /** The next changes that are told, as paths below the root. */
  async changes(): Promise<string[]> {
    const files = await waitFor(() => this.told.shift(), { what: 'a change to be told' });
    return files.map((file) => relative(this.root, file)).sort();
  }

  /** What comes next is this: nothing else was told before. */
  async nextIs(name: string): Promise<void> {
    this.write(name);
    assert.deepEqual(await this.changes(), [name]);
  }

  remove(): void {
    this.#watch?.close();
    removeFolder(this.root);
  }
}

for (const engine of ['inotify', 'poll'] as const) {
  describe(`the engine ${engine} tells of`, () => {
    let sources: Sources;
    beforeEach(() => {
      sources = new Sources(engine);
    });
    afterEach(() => sources.remove());

    it('a file that is written in place, one that is renamed over it, and one that is deleted', async () => {
      sources.write('main.py');
      await sources.watch({ loaded: ['main.py'] });
      sources.write('main.py');
      assert.deepEqual(await sources.changes(), ['main.py']);
      sources.write('main.py.tmp');
      renameSync(sources.path('main.py.tmp'), sources.path('main.py'));
      assert.deepEqual(await sources.changes(), ['main.py']);
      unlinkSync(sources.path('main.py'));
      assert.deepEqual(await sources.changes(), ['main.py']);
    });

    it('500 files at once as of one change', async () => {
      const names = Array.from({ length: 500 }, (_, index) => `package/module_${index}.py`);
      for (const name of [...names, 'main.py']) sources.write(name);
      await sources.watch({ loaded: names });
      for (const name of names) sources.write(name);
      assert.equal((await sources.changes()).length, 500);
      await sources.nextIs('main.py');
    });

    it('Python files that nobody has loaded yet, also in a new folder', async () => {
      await sources.watch();
      await sources.nextIs('missing.py');
      await sources.nextIs('package/__init__.py');
      await sources.nextIs('package/deep/er/module.py');
    });

    it('no file of other kinds, no cache, and nothing that an editor keeps for itself', async () => {
      sources.write('main.py');
      await sources.watch({ loaded: ['main.py'] });
      for (const name of ['notes.txt', 'db.sqlite3', '__pycache__/main.cpython-311.pyc', '.main.py.swp']) {
        sources.write(name);
      }
      symlinkSync('somebody@machine.1', sources.path('.#main.py'));
      sources.write('.hidden/a.py');
      await sources.nextIs('main.py');
    });

    it('nothing when a file has come and gone, or only its mode has changed', async () => {
      sources.write('main.py');
      await sources.watch({ loaded: ['main.py'] });
      sources.write('flycheck_main.py');
      unlinkSync(sources.path('flycheck_main.py'));
      chmodSync(sources.path('main.py'), 0o600);
      sources.write('other.py');
      assert.deepEqual(await sources.changes(), ['other.py']);
    });

    it('files and patterns that were given, and of files that match only later', async () => {
      sources.write('templates/a.html');
      sources.write('config/site.yml');
      sources.write('.env');
      await sources.watch({ extra: ['templates/**/*.html', 'config/site.yml', '.env'] });
      await sources.nextIs('templates/a.html');
      await sources.nextIs('config/site.yml');
      await sources.nextIs('.env');
      sources.write('config/other.yml');
      sources.write('templates/a.txt');
      await sources.nextIs('templates/new.html');
      await sources.nextIs('templates/deep/er/new.html');
      assert.deepEqual(sources.warnings, []);
    });

    it('a folder that was given, with all that is in it', async () => {
      sources.write('data/a/b.bin');
      await sources.watch({ extra: ['data'] });
      await sources.nextIs('data/a/b.bin');
      await sources.nextIs('data/c/d.bin');
    });

    it('a file that was given and is not there yet', async () => {
      await sources.watch({ extra: ['later.yml', 'gone/later.yml', 'no/*.thing'] });
      assert.deepEqual(
        sources.warnings,
        ['no/*.thing', 'later.yml', 'gone/later.yml'].map(
          (name) => `--reload-extra-file ${sources.path(name)} matches no file yet`,
        ),
      );
      await sources.nextIs('later.yml');
      await sources.nextIs('gone/later.yml');
      await sources.nextIs('no/some.thing');
    });

    it('a folder that is moved away, and one that takes its place', async () => {
      sources.write('package/module.py');
      sources.write('aside/module.py');
      await sources.watch({ loaded: ['package/module.py'] });
      renameSync(sources.path('package'), sources.path('before'));
      const gone = await sources.changes();
      assert.ok(gone.includes('package/module.py'), gone.join());
      renameSync(sources.path('aside'), sources.path('package'));
      const back = await sources.changes();
      assert.ok(back.includes('package/module.py'), back.join());
      sources.told.length = 0;
      await sources.nextIs('package/module.py');
    });

    it('a release that a link leads to, and of another that it leads to later', async () => {
      sources.write('releases/1/main.py');
      sources.write('releases/2/main.py');
      symlinkSync('releases/1', sources.path('current'));
      await sources.watch({ root: sources.path('current'), loaded: ['current/main.py'] });
      sources.write('releases/1/main.py');
      assert.deepEqual(await sources.changes(), ['current/main.py']);
      symlinkSync('releases/2', sources.path('next'));
      renameSync(sources.path('next'), sources.path('current'));
      assert.deepEqual(await sources.changes(), ['current/main.py']);
      sources.write('releases/2/main.py');
      assert.deepEqual(await sources.changes(), ['current/main.py']);
    });

    it('the file that a link leads to', async () => {
      sources.write('elsewhere/shared.py');
      mkdirSync(sources.path('app'));
      symlinkSync('../elsewhere/shared.py', sources.path('app', 'shared.py'));
      await sources.watch({ root: sources.path('app'), loaded: ['app/shared.py'] });
      sources.write('elsewhere/shared.py');
      assert.ok((await sources.changes()).includes('elsewhere/shared.py'));
    });

    it('no end of folders where a link leads back', async () => {
      sources.write('templates/a/b.html');
      symlinkSync('..', sources.path('templates', 'a', 'loop'));
      await sources.watch({ extra: ['templates/**/*.html'] });
      await sources.nextIs('templates/a/b.html');
    });

    it('a file that was saved after it was loaded, and before it was watched', async () => {
      sources.write('elsewhere/late.py');
      await sources.watch({ loaded: ['elsewhere/late.py'], sinceMs: Date.now() - 60_000 });
      assert.deepEqual(await sources.changes(), ['elsewhere/late.py']);
    });

    it('a change once, also when a process that began before it reports the file only then', async () => {
      sources.write('main.py');
      await sources.watch();
      const sinceMs = Date.now() - 60_000;
      await sources.nextIs('main.py');
      await sources.load('main.py', sinceMs);
      await sources.nextIs('other.py');
    });

    it('a file that goes back in time', async () => {
      sources.write('main.py');
      await sources.watch({ loaded: ['main.py'] });
      utimesSync(sources.path('main.py'), 1_000_000_000, 1_000_000_000);
      assert.deepEqual(await sources.changes(), ['main.py']);
    });

    it('a folder that is removed and checked out again', async () => {
      sources.write('package/module.py');
      sources.write('main.py');
      await sources.watch({ loaded: ['main.py', 'package/module.py'] });
      rmSync(sources.path('package'), { recursive: true });
      assert.deepEqual(await sources.changes(), ['package/module.py']);
      await sources.nextIs('package/module.py');
    });
  });
}

describe('the engine auto', () => {
  it('looks for itself where the system does not tell of every change', () => {
    const [ext4, overlay, nfs, cifs, fuse, plan9] = [
      0xef53, 0x794c7630, 0x6969, 0xff534d42, 0x65735546, 0x01021997,
    ];
    assert.deepEqual([ext4, overlay].map(isLocalFilesystem), [true, true]);
    assert.deepEqual([nfs, cifs, fuse, plan9].map(isLocalFilesystem), [false, false, false, false]);
  });

  it('tells of a change once', async () => {
    const sources = new Sources('auto');
    try {
      sources.write('main.py');
      await sources.watch({ loaded: ['main.py'] });
      await sources.nextIs('main.py');
      await sources.nextIs('main.py');
    } finally {
      sources.remove();
    }
  });
});

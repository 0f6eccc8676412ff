import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { gunicornIsMissing } from '../support/gunicorn.ts';
import { runKirin, withKirin } from '../support/kirin.ts';
import { projectRoot, testPython } from '../support/project.ts';

interface Case {
  readonly args: readonly string[];
  /** What both say first; after it each has its own sentence. */
  readonly begins: string;
  readonly code: number;
  /** And what ours has that Gunicorn's does not. */
  readonly ours?: RegExp;
}

const USAGE = 'usage: gunicorn [OPTIONS] [APP_MODULE]\ngunicorn: error: ';
const ERROR = '\nError: ';
const LOADING = '\nError while loading the application:\n\n';

const CASES: readonly Case[] = [
  {
    args: ['--wrokers', '3', 'main:app'],
    begins: `${USAGE}unrecognized arguments: --wrokers`,
    code: 2,
    ours: /did you mean --workers\?/,
  },
  {
    args: ['-w', 'many', 'main:app'],
    begins: `${USAGE}argument -w`,
    code: 2,
    ours: /invalid value: 'many': not a whole number; give one such as 4/,
  },
  { args: ['main:app', '-b'], begins: `${USAGE}argument -b`, code: 2, ours: /: expected one argument\n$/ },
  { args: ['--log', 'main:app'], begins: `${USAGE}ambiguous option: --log could match --`, code: 2 },
  {
    args: ['--reload=1', 'main:app'],
    begins: `${USAGE}argument --reload: ignored explicit argument '1'`,
    code: 2,
  },
  {
    args: [],
    begins: `${ERROR}No application module specified`,
    code: 1,
    ours: /main\.py has 'app'\. To run it:\n\n {4}gunicorn main:app\n/,
  },
  { args: ['-c', 'missing.py', 'main:app'], begins: ERROR, code: 1, ours: /there is no configuration file/ },
  { args: ['--chdir', '/missing', 'main:app'], begins: ERROR, code: 1, ours: /'\/missing' .*no such folder/ },
  { args: ['--user', 'nobody-there', 'main:app'], begins: ERROR, code: 1, ours: /no such user in/ },
  { args: ['-w=-1', 'main:app'], begins: ERROR, code: 1, ours: /must be 1 or more/ },
  { args: ['-k', 'nothing', 'main:app'], begins: ERROR, code: 1, ours: /take no class/ },
  {
    args: ['-c', 'broken.conf.py', 'main:app'],
    begins: 'Failed to read config file: broken.conf.py\nTraceback (most recent call last):\n',
    code: 1,
    ours: /RuntimeError: on purpose/,
  },
  { args: ['--paste', 'missing.ini'], begins: ERROR, code: 1, ours: /there is no PasteDeploy file/ },
  { args: ['--check-config', 'broken:app'], begins: LOADING, code: 1, ours: /SyntaxError/ },
  {
    args: ['--check-config', 'main:nothing'],
    begins: LOADING,
    code: 1,
    ours: /Did you mean 'main:app'\?/,
  },
];

describe('through a link named gunicorn', { skip: gunicornIsMissing }, () => {
  const folder = new AppFolder({
    'main.py': answering('one'),
    'broken.py': 'def f(:\n',
    'broken.conf.py': 'raise RuntimeError("on purpose")\n',
  });
  const program = join(folder.path, 'gunicorn');
  symlinkSync(join(projectRoot, 'bin', 'kirin.js'), program);
  after(() => folder.remove());

  const real = (args: readonly string[]) =>
    spawnSync(testPython, ['-m', 'gunicorn', ...args], {
      cwd: folder.path,
      env: { PATH: process.env.PATH ?? '', PYTHONDONTWRITEBYTECODE: '1' },
      encoding: 'utf8',
      timeout: 60_000,
    });

  for (const { args, begins, code, ours } of CASES) {
    it(`the mistake in 'gunicorn ${args.join(' ')}' has Gunicorn's form`, async () => {
      const theirs = real(args);
      assert.deepEqual(
        [theirs.status, theirs.stdout, theirs.stderr.slice(0, begins.length)],
        [code, '', begins],
      );
      const kirin = await runKirin({ program, bind: [], args, cwd: folder.path });
      assert.deepEqual([kirin.code, kirin.stdout, kirin.log.slice(0, begins.length)], [code, '', begins]);
      if (ours !== undefined) assert.match(kirin.log, ours);
    });
  }

  it('--check-config says nothing when all is well', async () => {
    const args = ['--check-config', '-w', '3', 'main:app'];
    const theirs = real(args);
    const kirin = await runKirin({ program, bind: [], args, cwd: folder.path });
    assert.deepEqual([theirs.status, theirs.stdout, theirs.stderr], [0, '', '']);
    assert.deepEqual([kirin.code, kirin.stdout, kirin.log], [0, '', '']);
  });

  it('--print-config prints to standard output alone, and fails when the application does not load', async () => {
    for (const [app, code] of [
      ['main:app', 0],
      ['broken:app', 1],
    ] as const) {
      const theirs = real(['--print-config', app]);
      const kirin = await runKirin({ program, bind: [], args: ['--print-config', app], cwd: folder.path });
      assert.deepEqual([theirs.status, kirin.code], [code, code]);
      for (const printed of [theirs.stdout, kirin.stdout]) assert.match(printed, /^workers +[=] 1$/m);
      assert.deepEqual([theirs.stderr === '', kirin.log === ''], [code === 0, code === 0]);
    }
  });
});

describe('of settings without a meaning here, Kirin', () => {
  it('says once at the start, at info, that they are without effect', async () => {
    const args = ['--worker-tmp-dir', '/dev/shm', '--reuse-port', '--no-sendfile', '--http-parser', 'fast'];
    const folder = new AppFolder({ 'main.py': answering('one') });
    try {
      await withKirin({ app: 'main:app', cwd: folder.path, args }, async (kirin) => {
        kirin.signal('SIGHUP');
        await kirin.waitForLog(/generation 2/);
        for (const name of ['worker_tmp_dir', 'reuse_port', 'sendfile', 'http_parser']) {
          const said = kirin
            .log()
            .match(new RegExp(`\\[INFO\\] ${name} \\(from the command line\\) has no effect: `, 'g'));
          assert.equal(said?.length, 1, name);
        }
      });
    } finally {
      folder.remove();
    }
  });
});

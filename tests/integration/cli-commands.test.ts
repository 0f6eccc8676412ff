import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runKirin } from '../support/kirin.ts';
import { projectRoot } from '../support/project.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

describe('the commands that only print', () => {
  it('--version names kirin and node', async () => {
    const { code, stdout, log } = await runKirin({ args: ['--version'], bind: [] });
    assert.equal(code, 0);
    assert.match(stdout, /^kirin \d+\.\d+\.\d+ \(node \d+\.\d+\.\d+\)\n$/);
    assert.equal(log, '');
  });

  it('--help prints the common options, --help-all every one', async () => {
    const short = await runKirin({ args: ['--help'], bind: [] });
    const whole = await runKirin({ args: ['--help', '--all'], bind: [] });
    assert.deepEqual([short.code, whole.code], [0, 0]);
    assert.match(short.stdout, /^usage: kirin \[OPTIONS\] \[APP_MODULE\]\n/);
    assert.doesNotMatch(short.stdout, /--backlog/);
    assert.match(whole.stdout, /--backlog INT/);
  });

  it('a link named gunicorn has the version line and the help that are looked for there', async () => {
    const folder = makeTemporaryFolder();
    try {
      const program = join(folder, 'gunicorn');
      symlinkSync(join(projectRoot, 'bin', 'kirin.js'), program);
      const version = await runKirin({ program, args: ['--version'], bind: [] });
      assert.match(version.stdout, /^gunicorn \(version \d+\.\d+\.\d+\) \[kirin \S+, node \S+\]\n$/);
      const help = await runKirin({ program, args: ['-h'], bind: [] });
      assert.match(help.stdout, /^usage: gunicorn \[OPTIONS\] \[APP_MODULE\]\n\noptions:\n/);
    } finally {
      removeFolder(folder);
    }
  });

  it('--print-config prints what every source together says', async () => {
    const { code, stdout } = await runKirin({
      args: ['--print-config', '-t', '2.5'],
      bind: [],
      env: { PORT: '5000', GUNICORN_CMD_ARGS: "-w 3 -n 'My App'" },
    });
    assert.equal(code, 0);
    assert.match(stdout, /^bind += \['0\.0\.0\.0:5000'\]$/m);
    assert.match(stdout, /^workers += 3$/m);
    assert.match(stdout, /^proc_name += My App$/m);
    assert.match(stdout, /^timeout += 2\.5$/m);
    assert.match(stdout, /^keepalive += 75$/m);
  });

  it('a reader that has seen enough, such as head, causes no complaint', async () => {
    const kirin = spawn(process.execPath, [join(projectRoot, 'bin', 'kirin.js'), '--help-all']);
    kirin.stdout.destroy();
    let complaint = '';
    kirin.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    const [code] = await once(kirin, 'close');
    assert.equal(complaint, '');
    assert.equal(code, 0);
  });
});

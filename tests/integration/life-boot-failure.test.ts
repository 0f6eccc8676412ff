import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { runKirin, withKirin } from '../support/kirin.ts';

describe('an application that does not boot', () => {
  const cases = [
    [
      'raises while it is imported',
      'raise RuntimeError("broken on purpose")\n',
      3,
      /RuntimeError: broken on purpose[\s\S]*\[ERROR\] Shutting down: Master\n.*Reason: Worker failed to boot\./,
    ],
    [
      'holds no application of that name',
      'other = 1\n',
      4,
      /Failed to find attribute 'app'[\s\S]*Reason: App failed to load\./,
    ],
    ['calls sys.exit(0)', 'import sys\nsys.exit(0)\n', 3, /sys\.exit/],
  ] as const;

  for (const [what, source, code, message] of cases) {
    for (const preload of [[], ['--preload']]) {
      it(`since it ${what} ends kirin with ${code} ${preload.join('')}`, async () => {
        const folder = new AppFolder({ 'main.py': source });
        try {
          const args = ['--workers', '3', ...preload];
          const ended = await runKirin({ app: 'main:app', cwd: folder.path, args });
          assert.equal(ended.code, code, ended.log);
          assert.match(ended.log, message);
        } finally {
          folder.remove();
        }
      });
    }
  }

  it('any more is tried with growing pauses, while the other workers serve', async () => {
    const folder = new AppFolder({ 'main.py': answering('old') });
    try {
      await withKirin({ app: 'main:app', cwd: folder.path, args: ['--workers', '2'] }, async (kirin) => {
        folder.write('main.py', 'raise RuntimeError("broken on purpose")\n');
        process.kill(kirin.workerPids()[0] as number, 'SIGKILL');
        await kirin.waitForLog(/Another worker is started in 0\.8 s/);
        assert.equal(await (await fetch(kirin.url)).text(), 'old');
        const tries = kirin.log().match(/Booting worker/g)?.length ?? 0;
        assert.ok(tries <= 6, `${tries} tries`);
        folder.write('main.py', answering('new'));
        await kirin.waitForLog(/Another worker is started in 0\.8 s[\s\S]*Booting worker/);
        assert.equal((await fetch(kirin.url)).status, 200);
      });
    } finally {
      folder.remove();
    }
  });

  it('since Python cannot be started ends kirin with an error that names it', async () => {
    const ended = await runKirin({ app: 'dangerous:app', args: ['--python', '/bin/false'] });
    assert.notEqual(ended.code, 0);
    assert.match(ended.log, /zygote of generation 1 exited with code 1/);
  });
});

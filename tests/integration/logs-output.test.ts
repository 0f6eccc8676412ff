import assert from 'node:assert/strict';
import { constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { installCommand } from '../support/commands-folder.ts';
import { KirinProcess, withKirin } from '../support/kirin.ts';
import type { ProcessFacts } from '../support/processes.ts';
import { testPython } from '../support/project.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const commands = makeTemporaryFolder();
const PATH = installCommand(commands);
after(() => removeFolder(commands));

const ESCAPE = '\x1b';

describe('the error log', () => {
  it("has Gunicorn's line format, on standard error", async () => {
    await withKirin({ app: 'dangerous:app' }, async (kirin) => {
      const [line] = await kirin.waitForLog(/^.*Listening at.*$/m);
      assert.match(line, /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] \[INFO\] Listening at: /);
      assert.equal(kirin.stdout(), '');
    });
  });

  it('stays a blocking file for all processes, so that no line is lost when its reader is slow', async () => {
    await withKirin({ app: 'dangerous:app' }, async (kirin) => {
      // Connections have been closed in every process: of a client, of a lane, of a zygote.
      assert.equal((await fetch(`${kirin.url}/exit`)).status, 502);
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/generation 2[\s\S]*Worker exiting/);
      await waitFor(() => kirin.processes().length === 4);
      for (const { pid, command } of kirin.processes()) {
        const [, flags = ''] = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/2`, 'utf8')) ?? [];
        assert.equal(Number.parseInt(flags, 8) & constants.O_NONBLOCK, 0, command);
      }
    });
  });

  it('has no colours where no terminal is', async () => {
    await withKirin({ app: 'wrong:app' }, async (kirin) => {
      await fetch(`${kirin.url}/raises`);
      await kirin.waitForLog(/\[ERROR\][\s\S]*RuntimeError: raised on purpose/);
      assert.ok(!kirin.log().includes(ESCAPE));
    });
  });

  it("has colours on a terminal: the arbiter's lines, the edge's and the workers'", async () => {
    // A terminal of its own: what arrives there is printed to standard output.
    const spawn = 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))';
    const commandLine = `'${testPython}' -c '${spawn}' kirin -b 127.0.0.1:0 wrong:app`;
    const kirin = new KirinProcess({ commandLine, env: { PATH, TERM: 'xterm', NO_COLOR: '' } });
    try {
      const terminal = () => kirin.stdout().replaceAll(ESCAPE, '<escape>');
      const [, port] = await waitFor(() => /:(\d+) \(\d+\)[\s\S]*Ready/.exec(terminal()), {
        details: terminal,
      });
      await fetch(`http://127.0.0.1:${port}/raises`);
      const refused = await RawConnection.open({ port: Number(port) });
      refused.send('nonsense\r\n\r\n');
      await refused.readToEnd();
      process.kill(workerPid(kirin), 'SIGKILL');
      for (const coloured of [
        /<escape>\[31m\[[^\]]*\] \[\d+\] \[ERROR\] .*\/raises/,
        /<escape>\[33m\[[^\]]*\] \[\d+\] \[WARNING\] Invalid request.*<escape>\[0m/,
        /<escape>\[31m\[[^\]]*\] \[\d+\] \[ERROR\] Worker \(pid:\d+\) was ended by SIGKILL.*<escape>\[0m/,
      ]) {
        await waitFor(() => coloured.test(terminal()), { what: String(coloured), details: terminal });
      }
    } finally {
      process.kill(master(kirin).pid, 'SIGTERM');
      await kirin.ended().finally(() => kirin.stop());
    }
  });
});

/** The arbiter, which here is not the process that was started. */
function master(kirin: KirinProcess): ProcessFacts {
  const found = kirin.processes().find(({ command }) => command.startsWith('kirin: master'));
  assert.ok(found, kirin.stdout());
  return found;
}

function workerPid(kirin: KirinProcess): number {
  const children = kirin.processes().filter(({ parentPid }) => parentPid === master(kirin).pid);
  const worker = kirin.processes().find(({ parentPid }) => children.some(({ pid }) => pid === parentPid));
  assert.ok(worker, kirin.stdout());
  return worker.pid;
}

describe('what the application prints', () => {
  let folder: string;
  let log: string;
  beforeEach(() => {
    folder = makeTemporaryFolder();
    log = join(folder, 'error.log');
  });
  afterEach(() => removeFolder(folder));

  /** Each comes by a way of its own: what is printed has come when all of it has. */
  async function printUnder(
    args: readonly string[],
  ): Promise<{ stdout: string; stderr: string; log: string }> {
    const kirin = new KirinProcess({ app: 'dangerous:app', args: ['--error-logfile', log, ...args] });
    try {
      const read = () => (existsSync(log) ? readFileSync(log, 'utf8') : '');
      await waitFor(() => kirin.hasEnded || /Ready/.test(read()), { details: () => kirin.log() });
      const port = /:(\d+) \(/.exec(read())?.[1];
      assert.equal((await fetch(`http://127.0.0.1:${port}/print`)).status, 200);
      const everything = () => read() + kirin.stdout() + kirin.log();
      await waitFor(() => /to stdout\n/.test(everything()) && /to stderr\n/.test(everything()), {
        details: everything,
      });
      return { stdout: kirin.stdout(), stderr: kirin.log(), log: read() };
    } finally {
      await kirin.stop();
    }
  }

  it('goes where it always goes', async () => {
    const { stdout, stderr, log } = await printUnder([]);
    assert.equal(stdout, 'printed to stdout\n');
    assert.equal(stderr, 'printed to stderr\n');
    assert.doesNotMatch(log, /printed/);
  });

  it('goes to the error log with --capture-output', async () => {
    const { stdout, stderr, log } = await printUnder(['--capture-output']);
    assert.equal(stdout + stderr, '');
    assert.match(log, /^printed to stdout\nprinted to stderr$/m);
  });
});

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Browser } from '../support/browser.ts';
import { installCommand } from '../support/commands-folder.ts';
import { findFreePort } from '../support/free-port.ts';
import { describeProcesses, findByEnvironment, isAlive, signalIfAlive } from '../support/processes.ts';
import { fixture, testVenv } from '../support/project.ts';
import { isSocket, listFolder, makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor, within } from '../support/wait-for.ts';

const run = promisify(execFile);
const SUPERVISORD = '/usr/bin/supervisord';
const SUPERVISORCTL = '/usr/bin/supervisorctl';
const RUN_VARIABLE = 'KIRIN_SUPERVISED_RUN';

const skip = !existsSync(SUPERVISORD) && 'supervisor is not installed';

describe('under supervisord', { skip }, () => {
  const folder = makeTemporaryFolder();
  const temporary = makeTemporaryFolder();
  const configuration = join(folder, 'supervisord.conf');
  const runId = `${process.pid}`;
  let port = 0;
  let supervisord: ChildProcess;
  let browser: Browser;

  before(async () => {
    port = await findFreePort();
    writeFileSync(configuration, supervisorConfiguration());
    supervisord = spawn(SUPERVISORD, ['-n', '-c', configuration], { stdio: 'ignore', cwd: folder });
    browser = new Browser(`http://127.0.0.1:${port}`);
    await waitFor(() => isSocket(join(folder, 'supervisor.sock')), { what: 'supervisord', details: logs });
  });

  after(async () => {
    browser.close();
    supervisord.kill('SIGTERM');
    await within(20_000, 'the end of supervisord', once(supervisord, 'exit'), logs);
    const left = runningProcesses();
    for (const { pid } of left) signalIfAlive(pid, 'SIGKILL');
    const files = listFolder(temporary);
    removeFolder(folder);
    removeFolder(temporary);
    assert.equal(describeProcesses(left), '', 'no process is left');
    assert.deepEqual(files, [], 'no file is left');
  });

  function supervisorConfiguration(): string {
    const environment = {
      PATH: installCommand(folder),
      VIRTUAL_ENV: testVenv,
      TMPDIR: temporary,
      PYTHONDONTWRITEBYTECODE: '1',
      [RUN_VARIABLE]: runId,
    };
    return `
[supervisord]
logfile=${folder}/supervisord.log
pidfile=${folder}/supervisord.pid
childlogdir=${folder}
nodaemon=true
${process.getuid?.() === 0 ? 'user=root' : ''}

[unix_http_server]
file=${folder}/supervisor.sock

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://${folder}/supervisor.sock

[program:site]
command=kirin --workers 2 --bind 127.0.0.1:${port} dangerous:app
directory=${fixture('apps')}
environment=${Object.entries(environment)
      .map(([name, value]) => `${name}="${value}"`)
      .join(',')}
autostart=true
autorestart=true
startsecs=1
stopwaitsecs=20
redirect_stderr=true
stdout_logfile=${folder}/site.log
`;
  }

  /** What supervisorctl prints. Its exit code tells of states, too, so that it is no failure here. */
  async function control(...args: string[]): Promise<string> {
    const printed = await run(SUPERVISORCTL, ['-c', configuration, ...args]).catch((error) => error);
    return String(printed.stdout);
  }

  function logs(): string {
    return ['supervisord.log', 'site.log']
      .map((name) => join(folder, name))
      .filter(existsSync)
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
  }

  const runningProcesses = () => findByEnvironment(RUN_VARIABLE, runId);

  /** Waits until the site answers and supervisord calls it running, and gives the arbiter's pid. */
  async function runningPid(): Promise<number> {
    await waitFor(async () => (await browser.get('/').catch(() => null))?.status === 200, {
      what: 'an answer',
      timeoutMs: 20_000,
      details: logs,
    });
    const status = await waitFor(async () => /RUNNING\s+pid (\d+)/.exec(await control('status', 'site')), {
      what: 'the state RUNNING',
      timeoutMs: 20_000,
      details: logs,
    });
    return Number(status[1]);
  }

  it('starts with it', async () => {
    const pid = await runningPid();
    const children = runningProcesses().filter(({ parentPid }) => parentPid === pid);
    assert.ok(children.length >= 2, describeProcesses(runningProcesses()));
  });

  it('is started again after kill -9, on the same port, and the old children are gone', async () => {
    const old = await runningPid();
    const orphans = runningProcesses().filter(({ pid }) => pid !== old);
    signalIfAlive(old, 'SIGKILL');
    await waitFor(() => !isAlive(old));
    const pid = await waitFor(async () => {
      const found = await runningPid();
      return found !== old && found;
    });
    await waitFor(() => orphans.every((orphan) => !isAlive(orphan.pid)), {
      what: 'the end of the old children',
      timeoutMs: 15_000,
      details: () => `${describeProcesses(orphans)}\n${logs()}`,
    });
    assert.equal((await browser.get('/')).status, 200);
    assert.ok(isAlive(pid));
  });

  it('restarts when it is told to', async () => {
    const old = await runningPid();
    assert.match(await control('restart', 'site'), /site: started/);
    assert.notEqual(await runningPid(), old);
  });

  it('stops when it is told to, whole, and finishes what it runs', async () => {
    await runningPid();
    const running = browser.get('/sleep?seconds=1');
    const answered = running.then((page) => page.text);
    await waitFor(async () => (await browser.get('/process')).status === 200);
    assert.match(await control('stop', 'site'), /site: stopped/);
    assert.equal(await answered, 'slept\n');
    assert.match(await control('status', 'site'), /STOPPED/);
    await waitFor(() => runningProcesses().length === 0, {
      what: 'the end of all processes',
      details: () => describeProcesses(runningProcesses()),
    });
    assert.match(logs(), /stopped: site \(exit status 0\)/);
  });
});

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { type KirinOptions, KirinProcess, startKirin } from '../support/kirin.ts';
import { isAlive, signalIfAlive } from '../support/processes.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const getByPath = (socketPath: string) =>
  new Promise<string>((resolve, reject) => {
    request({ socketPath, path: '/' }, (response) => {
      response.setEncoding('utf8').on('data', resolve);
    })
      .on('error', reject)
      .end();
  });

describe('USR2', () => {
  let folder: AppFolder;
  let pids: string;
  let pidFile: string;
  let kirin: KirinProcess;

  beforeEach(() => {
    folder = new AppFolder({ 'main.py': answering('old') });
    pids = makeTemporaryFolder();
    pidFile = join(pids, 'kirin.pid');
  });

  afterEach(() => {
    kirin.discard();
    removeFolder(pids);
    folder.remove();
  });

  async function start(options: Partial<KirinOptions> = {}): Promise<void> {
    const args = ['--pid', pidFile, ...(options.args ?? [])];
    kirin = await startKirin({ app: 'main:app', cwd: folder.path, ...options, args });
  }

  const readPid = (path: string): number => (existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0);

  /** Waits for a line of whichever Kirin. */
  async function logged(pattern: RegExp): Promise<RegExpExecArray> {
    return waitFor(() => pattern.exec(kirin.log()), {
      timeoutMs: 20_000,
      what: `${pattern} in the log`,
      details: () => kirin.log(),
    });
  }

  /** Returns the new one's process id, when it serves. */
  async function upgrade(): Promise<number> {
    kirin.signal('SIGUSR2');
    const [, pid] = await logged(/The new Kirin \(pid:(\d+)\) serves/);
    return Number(pid);
  }

  async function end(pid: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    signalIfAlive(pid, signal);
    await waitFor(() => !isAlive(pid), { what: `the end of ${pid}`, details: () => kirin.log() });
  }

  /** All bodies that a while of steady load brings. */
  async function answers(): Promise<Set<string>> {
    const load = new SteadyLoad({ port: kirin.port });
    await waitFor(() => load.answered > 200, { details: () => kirin.log() });
    const { failures, bodies } = await load.stop();
    assert.deepEqual(failures, []);
    return new Set(bodies);
  }

  it('starts a new Kirin on the same sockets, which takes the place of the old; nothing is lost', async () => {
    await start({ args: ['--workers', '2'] });
    const load = new SteadyLoad({ port: kirin.port });
    await waitFor(() => load.answered > 50);
    folder.write('main.py', answering('new'));
    const successor = await upgrade();
    assert.equal(readPid(pidFile), kirin.pid);
    assert.equal(readPid(`${pidFile}.2`), successor);
    const before = load.answered;
    await waitFor(() => new Set(load.bodies.slice(before)).size === 2, { what: 'answers of both' });

    kirin.signal('SIGWINCH');
    await logged(/All workers stop/);
    await waitFor(() => kirin.workerPids().length === 0, { details: () => kirin.log() });
    // Clients may not have read yet what workers had answered before they ended.
    const lastOfOld = load.answered;
    await waitFor(() => load.answered > lastOfOld + 20);
    const afterwards = load.answered;
    await waitFor(() => load.answered > afterwards + 50);
    assert.deepEqual(new Set(load.bodies.slice(afterwards)), new Set(['new']));

    kirin.signal('SIGTERM');
    assert.deepEqual(await kirin.ended(), { code: 0, signal: null });
    assert.equal(readPid(pidFile), successor, 'before the old one has ended');
    assert.ok(!existsSync(`${pidFile}.2`));
    await logged(/Master has been promoted/);
    const answered = load.answered;
    await waitFor(() => load.answered > answered + 50);
    const { failures } = await load.stop();
    assert.deepEqual(failures, []);

    await end(successor);
    assert.ok(!existsSync(pidFile));
    await kirin.assertNothingLeft();
  });

  it('and TERM at once lose nothing, either', async () => {
    await start();
    const load = new SteadyLoad({ port: kirin.port });
    const successor = await upgrade();
    kirin.signal('SIGTERM');
    await kirin.ended();
    const answered = load.answered;
    await waitFor(() => load.answered > answered + 50);
    assert.deepEqual((await load.stop()).failures, []);
    await end(successor);
    await kirin.assertNothingLeft();
  });

  it('can be taken back: HUP brings the workers of the old one back, and QUIT ends the new one', async () => {
    await start();
    folder.write('main.py', answering('new'));
    const successor = await upgrade();
    const load = new SteadyLoad({ port: kirin.port });
    kirin.signal('SIGWINCH');
    await waitFor(() => kirin.workerPids().length === 0, { details: () => kirin.log() });
    folder.write('main.py', answering('old again'));
    kirin.signal('SIGHUP');
    await logged(/Ready: 1 worker, generation 2/);
    await end(successor, 'SIGQUIT');
    await logged(/The new Kirin \(pid:\d+\) exited with code 0; this one goes on/);
    assert.deepEqual((await load.stop()).failures, []);
    assert.deepEqual(await answers(), new Set(['old again']));
    assert.equal(readPid(pidFile), kirin.pid);
    assert.ok(!existsSync(`${pidFile}.2`));
    await kirin.stop();
  });

  it('is ignored while there is another Kirin, by the old one and by the new one', async () => {
    await start();
    const successor = await upgrade();
    kirin.signal('SIGUSR2');
    await logged(/USR2 is ignored: the new Kirin \(pid:\d+\) is there already/);
    process.kill(successor, 'SIGUSR2');
    await logged(/USR2 is ignored: this is the new Kirin, and the old one \(pid:\d+\) is still there/);
    kirin.signal('SIGTERM');
    await kirin.ended();
    process.kill(successor, 'SIGUSR2');
    const third = Number(
      (await logged(new RegExp(`The new Kirin \\(pid:(?!${successor})(\\d+)\\) serves`)))[1],
    );
    await end(successor);
    await waitFor(() => readPid(pidFile) === third, { details: () => kirin.log() });
    await end(third);
    await kirin.assertNothingLeft();
  });

  it('of a Kirin whose new self cannot start is said, and it goes on', async () => {
    await start();
    folder.write('main.py', 'raise RuntimeError("broken on purpose")\n');
    kirin.signal('SIGUSR2');
    await logged(/The new Kirin \(pid:\d+\) exited with code 3; this one goes on/);
    assert.equal(await (await fetch(kirin.url)).text(), 'old');
    assert.ok(!existsSync(`${pidFile}.2`));
    folder.write('gunicorn.conf.py', 'workers = "many"\n');
    kirin.signal('SIGUSR2');
    await logged(
      /The new Kirin \(pid:\d+\) cannot start: .*workers[\s\S]*exited with code 1; this one goes on/,
    );
    folder.write('gunicorn.conf.py', '');
    folder.write('main.py', answering('mended'));
    const successor = await upgrade();
    await end(kirin.pid);
    assert.deepEqual(await answers(), new Set(['mended']));
    await end(successor);
    await kirin.assertNothingLeft();
  });

  it('keeps unix sockets where they are, until the last one ends', async () => {
    const path = join(pids, 'app.sock');
    await start({ bind: ['127.0.0.1:0', `unix:${path}`] });
    const successor = await upgrade();
    await end(kirin.pid);
    await logged(/Master has been promoted/);
    assert.equal(await getByPath(path), 'old');
    await end(successor);
    assert.ok(!existsSync(path));
    await kirin.assertNothingLeft();
  });

  it('lets a new Kirin that ends leave the sockets to the old one', async () => {
    const path = join(pids, 'app.sock');
    await start({ bind: [`unix:${path}`] });
    await end(await upgrade());
    await logged(/The new Kirin \(pid:\d+\) exited with code 0; this one goes on/);
    assert.equal(await getByPath(path), 'old');
    await kirin.stop();
    assert.ok(!existsSync(path));
  });

  it('binds what is new in the configuration, and lets go what is not in it any more', async () => {
    const [first, second] = [join(pids, 'first.sock'), join(pids, 'second.sock')];
    const bind = (...paths: string[]) =>
      `bind = ${JSON.stringify(['127.0.0.1:0', ...paths.map((path) => `unix:${path}`)])}\n`;
    folder.write('gunicorn.conf.py', bind(first));
    await start({ bind: [] });
    const { port } = kirin;
    folder.write('gunicorn.conf.py', bind(second));
    const successor = await upgrade();
    assert.equal(await getByPath(second), 'old');
    assert.equal(await getByPath(first), 'old');
    await end(kirin.pid);
    await logged(/Master has been promoted/);
    assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'old');
    assert.equal(await getByPath(second), 'old');
    assert.ok(!existsSync(first));
    await end(successor);
    await kirin.assertNothingLeft();
  });

  it('leaves the new one to go on when the old one is killed', async () => {
    await start();
    const successor = await upgrade();
    kirin.signal('SIGKILL');
    await logged(/Master has been promoted/);
    await waitFor(() => readPid(pidFile) === successor);
    assert.deepEqual(await answers(), new Set(['old']));
    await end(successor);
    await kirin.assertNothingLeft();
  });

  it('makes no daemon of a daemon’s new self, and its pid is in the file', async () => {
    const log = join(pids, 'error.log');
    const args = ['--daemon', '--pid', pidFile, '--error-logfile', log];
    const readLog = () => (existsSync(log) ? readFileSync(log, 'utf8') : '');
    kirin = new KirinProcess({ app: 'main:app', cwd: folder.path, args });
    assert.equal((await kirin.ended()).code, 0, kirin.log());
    const old = readPid(pidFile);
    process.kill(old, 'SIGUSR2');
    const found = await waitFor(() => /The new Kirin \(pid:(\d+)\) serves/.exec(readLog()), {
      details: readLog,
    });
    await end(old);
    const successor = await waitFor(() => readPid(pidFile) !== old && readPid(pidFile), { details: readLog });
    assert.equal(successor, Number(found[1]));
    await end(successor);
    await kirin.assertNothingLeft();
  });
});

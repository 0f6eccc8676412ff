import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HoldingServer } from '../support/holding-server.ts';
import { type KirinProcess, runKirin, withKirin } from '../support/kirin.ts';
import { testPython } from '../support/project.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const hasGevent = (() => {
  try {
    execFileSync(testPython, ['-c', 'import gevent'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

interface How {
  readonly pid: number;
  readonly thread: string;
  readonly socketAtLoad: string;
  readonly loadedIn: number;
  readonly multithread: boolean;
}

const how = async (kirin: KirinProcess) => (await (await fetch(kirin.url)).json()) as How;

async function lanes(kirin: KirinProcess): Promise<number> {
  const page = await (await fetch(`${kirin.url}/health/metrics`)).json();
  return (page as { workers: { lanes: unknown[] }[] }).workers.reduce(
    (sum, each) => sum + each.lanes.length,
    0,
  );
}

describe('--worker-class gevent', { skip: hasGevent ? false : 'gevent is not installed' }, () => {
  let other: HoldingServer;
  let folder: string;

  beforeEach(async () => {
    other = await HoldingServer.start();
    folder = makeTemporaryFolder();
  });
  afterEach(() => {
    other.stop();
    removeFolder(folder);
  });

  const withGevent = (args: readonly string[], use: (kirin: KirinProcess) => Promise<void>) =>
    withKirin({ app: 'greenlets:app', args: ['-k', 'gevent', ...args] }, use);
  const askOthers = (kirin: KirinProcess, count: number) =>
    Array.from({ length: count }, () => fetch(`${kirin.url}/fetch?url=${other.url}`));

  it('runs hundreds of requests of one worker at once, while these wait for other servers', async () => {
    await withGevent(['--health-path', '/health'], async (kirin) => {
      const before = await lanes(kirin);
      const answers = askOthers(kirin, 300);
      // None is answered before all have asked.
      await waitFor(() => other.held === 300, { details: () => `${other.held} have asked` });
      assert.equal((await how(kirin)).pid, kirin.workerPids()[0]);
      other.letGo();
      for (const answer of answers) assert.equal(await (await answer).text(), 'told');
      assert.equal(kirin.workerPids().length, 1);
      assert.ok(before < 50, `${before} lanes at the start`);
      assert.ok((await lanes(kirin)) >= 300);
    });
  });

  it('runs no more at once than --worker-connections, and then the others', async () => {
    await withGevent(['--worker-connections', '30', '--health-path', '/health'], async (kirin) => {
      const answers = askOthers(kirin, 40);
      await waitFor(() => other.held === 30);
      await waitFor(async () => (await lanes(kirin)) === 30);
      other.letGo();
      for (const answer of answers) assert.equal(await (await answer).text(), 'told');
      assert.equal(await lanes(kirin), 30);
    });
  });

  it('patches the standard library before the application is loaded, in the worker or with --preload before it', async () => {
    await withGevent([], async (kirin) => {
      const { pid, loadedIn, socketAtLoad, multithread, thread } = await how(kirin);
      assert.match(socketAtLoad, /^gevent\./);
      assert.equal(loadedIn, pid);
      assert.equal(multithread, true);
      assert.match(thread, /^kirin-lane-\d+$/);
    });
    await withGevent(['--preload', '--workers', '2'], async (kirin) => {
      const { pid, loadedIn, socketAtLoad } = await how(kirin);
      // Greenlets and child processes that it used while it was loaded do not hinder those of the worker.
      assert.equal(await (await fetch(`${kirin.url}/command`)).text(), 'echoed\n');
      assert.match(socketAtLoad, /^gevent\./);
      assert.notEqual(loadedIn, pid);
      const answers = askOthers(kirin, 60);
      await waitFor(() => other.held === 60);
      other.letGo();
      for (const answer of answers) assert.equal(await (await answer).text(), 'told');
    });
  });

  it('gives each request that runs thread-locals and log lines of its own', async () => {
    await withGevent([], async (kirin) => {
      const names = Array.from({ length: 60 }, (_, number) => `name-${number}`);
      const answers = names.flatMap((name) => [
        fetch(`${kirin.url}/remember?name=${name}&url=${other.url}`),
        fetch(`${kirin.url}/complain?name=${name}&url=${other.url}`),
      ]);
      await waitFor(() => other.held === answers.length);
      other.letGo();
      for (const [at, answer] of answers.entries()) {
        assert.equal(await (await answer).text(), names[Math.floor(at / 2)]);
      }
      for (const name of names) await kirin.waitForLog(new RegExp(`^${name} begins and ${name} ends$`, 'm'));
    });
  });

  it('does not let a request that blocks its worker hold up others, while another worker is there', async () => {
    await withGevent(['--workers', '2'], async (kirin) => {
      const [one, two] = [0, 1].map(() => join(folder, `go-${Math.random()}`)) as [string, string];
      const blocked = fetch(`${kirin.url}/block?path=${one}`);
      await waitFor(() => existsSync(`${one}.started`));
      const pids = new Set<number>();
      // More than one worker has lanes at first, so that some are given to the one that is blocked.
      const answers = await Promise.all(Array.from({ length: 60 }, () => how(kirin)));
      for (const { pid } of answers) pids.add(pid);
      assert.equal(pids.size, 1);
      writeFileSync(one, '');
      assert.equal(await (await blocked).text(), 'the file is there');
      // It takes part again.
      const again = fetch(`${kirin.url}/block?path=${two}`);
      await waitFor(() => existsSync(`${two}.started`));
      assert.equal((await fetch(kirin.url)).status, 200);
      writeFileSync(two, '');
      assert.equal((await again).status, 200);
    });
  });

  it('answers what waits behind a request that blocks the only worker as soon as that ends', async () => {
    await withGevent([], async (kirin) => {
      const path = join(folder, 'go');
      const blocked = fetch(`${kirin.url}/block?path=${path}`);
      await waitFor(() => existsSync(`${path}.started`));
      const answers = Array.from({ length: 60 }, () => fetch(kirin.url));
      writeFileSync(path, '');
      for (const answer of answers) assert.equal((await answer).status, 200);
      assert.equal((await blocked).status, 200);
    });
  });

  it('interrupts a request past its deadline alone: neighbours are answered in time', async () => {
    await withGevent(['--timeout', '4'], async (kirin) => {
      const late = fetch(`${kirin.url}/fetch?url=${other.url}`);
      await waitFor(() => other.held === 1);
      const [pid] = kirin.workerPids();
      const since = performance.now();
      // Begun later, it is over before its own deadline, and after the other's.
      await waitFor(() => performance.now() - since > 2500);
      const neighbour = fetch(`${kirin.url}/fetch?url=${other.url}`);
      await waitFor(() => other.held === 2);
      assert.equal((await late).status, 504);
      await kirin.waitForLog(
        /is past its deadline; it is here:\nTraceback[\s\S]*in fetch\n[\s\S]*was interrupted: it was past/,
      );
      other.letGo();
      assert.equal(await (await neighbour).text(), 'told');
      await waitFor(() => kirin.workerPids().length === 1 && kirin.workerPids()[0] !== pid);
      assert.doesNotMatch(kirin.log(), /Killing|SIGKILL|kirin_worker|The thread/);
    });
  });

  it('says which request holds up one that is past its deadline', async () => {
    await withGevent(['--timeout', '4'], async (kirin) => {
      const waiting = fetch(`${kirin.url}/fetch?url=${other.url}`);
      await waitFor(() => other.held === 1);
      const since = performance.now();
      await waitFor(() => performance.now() - since > 2500);
      const path = join(folder, 'go');
      const blocked = fetch(`${kirin.url}/block?path=${path}`);
      assert.equal((await waiting).status, 504);
      await kirin.waitForLog(
        /Request GET \/fetch\S+ .* is past its deadline; it is here:\n[\s\S]*in fetch\n[\s\S]*Its worker runs GET \/block\S+ .*, which does not yield; that is here:\n[\s\S]*in block\n/,
      );
      writeFileSync(path, '');
      assert.equal((await blocked).status, 200);
    });
  });

  it('loses nothing when it is reloaded, recycled and stopped under load', async () => {
    const args = ['--workers', '2', '--max-requests', '200', '--max-requests-jitter', '50'];
    await withGevent(args, async (kirin) => {
      other.letGo();
      const load = new SteadyLoad({ port: kirin.port, path: `/fetch?url=${other.url}` });
      await kirin.waitForLog(/is to be replaced: it has had \d+ requests/);
      const from = kirin.log().length;
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Ready: 2 workers/, { from });
      await kirin.waitForLog(/is to be replaced: it has had \d+ requests/, { from });
      assert.deepEqual((await load.stop()).failures, []);
      // What runs when it is told to stop is finished.
      other.hold();
      const last = askOthers(kirin, 40);
      await waitFor(() => other.held === 40);
      kirin.signal('SIGTERM');
      await kirin.waitForLog(/Handling signal: term/);
      other.letGo();
      for (const answer of last) assert.equal(await (await answer).text(), 'told');
    });
  });
});

describe('--worker-class gevent without gevent', () => {
  let folder: string;

  beforeEach(() => {
    folder = makeTemporaryFolder();
    execFileSync(testPython, ['-m', 'venv', '--without-pip', folder]);
  });
  afterEach(() => removeFolder(folder));

  for (const [title, args] of [
    ['fails at the start, and says how to install it', []],
    ['fails in --check-config, and says how to install it', ['--check-config']],
    ['fails with --preload, and says how to install it', ['--preload']],
  ] as const) {
    it(title, async () => {
      const options = { app: 'dangerous:app', args: ['-k', 'gevent', '--python', folder, ...args] };
      const { code, log } = await runKirin(options);
      assert.equal(code, args[0] === '--check-config' ? 1 : 3);
      const python = join(folder, 'bin', 'python');
      assert.ok(
        log.includes(
          `The worker class gevent needs gevent, which ${python} does not have; install it with: ${python} -m pip install 'gevent>=24.10.1'`,
        ),
        log,
      );
    });
  }
});

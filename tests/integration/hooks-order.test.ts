import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findFreePort } from '../support/free-port.ts';
import { type Entry, HookDiary } from '../support/hook-diary.ts';
import { KirinProcess } from '../support/kirin.ts';
import { testPython, testVenv } from '../support/project.ts';
import { waitFor, within } from '../support/wait-for.ts';

// One story, told by the server hooks of one configuration file, under the real Gunicorn and under Kirin.

const skip = existsSync(join(testVenv, 'bin', 'gunicorn'))
  ? false
  : 'Gunicorn is not in the virtual environment of the tests';

interface Server {
  readonly url: string;
  signal(name: NodeJS.Signals): void;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
  log(): string;
}

interface Phase {
  readonly name: string;
  readonly entries: readonly Entry[];
}

/** Start, a request, a reload, one worker more, the death of one, the end. */
async function tell(diary: HookDiary, server: Server, end: NodeJS.Signals): Promise<Phase[]> {
  const phases: Phase[] = [];
  let told = 0;
  const turnPage = (name: string) => {
    const entries = diary.entries();
    phases.push({ name, entries: entries.slice(told) });
    told = entries.length;
  };
  await diary.waitFor('post_worker_init', 2, server.log);
  turnPage('start');

  const answer = await waitFor(() => fetch(`${server.url}/page?q=1`).catch(() => null));
  assert.equal(await answer.text(), 'one');
  await diary.waitFor('post_request', 1, server.log);
  turnPage('request');

  server.signal('SIGHUP');
  await diary.waitFor('post_worker_init', 4, server.log);
  await diary.waitFor('child_exit', 2, server.log);
  turnPage('reload');

  server.signal('SIGTTIN');
  const fifth = await diary.waitFor('post_worker_init', 5, server.log);
  turnPage('one more');

  process.kill(fifth.pid, 'SIGKILL');
  await diary.waitFor('post_worker_init', 6, server.log);
  turnPage('death');

  server.signal(end);
  assert.equal(await within(20_000, 'the end', server.ended, server.log), 0);
  turnPage('end');
  return phases;
}

/** What happens at once in several processes is in no order; within each it is. */
function inOrder({ name, entries }: Phase) {
  const isInWorker = ({ hook }: Entry) => /^(post_|pre_request|worker_)/.test(hook);
  const server = entries.filter((entry) => !isInWorker(entry));
  const inWorkers = entries.filter(isInWorker);
  const workers = [...new Set(inWorkers.map(({ pid }) => pid))].map((worker) =>
    inWorkers.filter(({ pid }) => pid === worker),
  );
  return {
    name,
    server: server.map(({ hook, age, note }) => {
      // Which worker ends first is chance, and pids are.
      if (hook === 'child_exit') return name === 'death' ? `${hook} ${age}` : hook;
      return `${hook} ${age} ${note}`;
    }),
    workers: workers.map((own) => own.map(({ hook, note }) => `${hook} ${note}`).join(', ')).sort(),
  };
}

const ARGS = ['--workers', '2', '--graceful-timeout', '10'];

async function underKirin(diary: HookDiary, end: NodeJS.Signals): Promise<Phase[]> {
  const kirin = new KirinProcess({ app: 'main:app', cwd: diary.folder.path, args: ARGS });
  try {
    await kirin.waitUntilReady();
    const server: Server = {
      url: kirin.url,
      signal: (name) => kirin.signal(name),
      ended: kirin.ended(60_000).then(({ code }) => code),
      log: () => kirin.log(),
    };
    const phases = await tell(diary, server, end);
    await kirin.assertNothingLeft();
    return phases;
  } finally {
    kirin.discard();
  }
}

async function underGunicorn(diary: HookDiary, end: NodeJS.Signals): Promise<Phase[]> {
  const port = await findFreePort();
  const args = ['-m', 'gunicorn', ...ARGS, '--bind', `127.0.0.1:${port}`, '--no-control-socket', 'main:app'];
  const child: ChildProcess = spawn(testPython, args, {
    cwd: diary.folder.path,
    env: { PATH: process.env.PATH ?? '', PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  try {
    return await tell(
      diary,
      {
        url: `http://127.0.0.1:${port}`,
        signal: (name) => child.kill(name),
        ended: once(child, 'exit').then(([code]) => code as number | null),
        log: () => log,
      },
      end,
    );
  } finally {
    child.kill('SIGKILL');
  }
}

describe('server hooks are called as often and in the order as by Gunicorn', { skip }, () => {
  for (const end of ['SIGTERM', 'SIGINT'] as const) {
    it(`from the start to ${end}`, async () => {
      const [theirs, ours] = [new HookDiary(), new HookDiary()];
      try {
        const expected = await underGunicorn(theirs, end);
        const found = await underKirin(ours, end);
        assert.deepEqual(found.map(inOrder), expected.map(inOrder));
        // The story is what it was meant to be.
        const names = new Set(theirs.hooks());
        assert.ok(names.has('worker_int') === (end === 'SIGINT'));
        assert.equal(names.size, end === 'SIGINT' ? 13 : 12, [...names].join());
      } finally {
        theirs.remove();
        ours.remove();
      }
    });
  }
});

// Command lines as tutorials and deployment guides have them, with the program's name replaced. The shell splits them.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Browser } from '../support/browser.ts';
import { installCommand } from '../support/commands-folder.ts';
import { preferPort } from '../support/free-port.ts';
import { type KirinOptions, KirinProcess, runKirin, withKirin } from '../support/kirin.ts';
import { isAlive, userIdOf } from '../support/processes.ts';
import { fixture, projectRoot, testPython } from '../support/project.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const commands = makeTemporaryFolder();
const PATH = installCommand(commands);
after(() => removeFolder(commands));

const folder = (name: string) => fixture('command-lines', name);

interface FreeLine {
  readonly commandLine: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
}

/** The command line with another port, when the one that it would bind is taken. */
async function withFreePort(commandLine: string, port: number): Promise<FreeLine> {
  const free = await preferPort(port);
  const env = { PATH };
  if (free === port) return { commandLine, port, env };
  if (commandLine.includes(`:${port}`)) {
    return { commandLine: commandLine.replace(`:${port}`, `:${free}`), port: free, env };
  }
  // The line leaves the port to the default.
  if (commandLine.includes('-b 0.0.0.0 ')) {
    return { commandLine: commandLine.replace('-b 0.0.0.0 ', `-b 0.0.0.0:${free} `), port: free, env };
  }
  return { commandLine, port: free, env: { ...env, GUNICORN_CMD_ARGS: `--bind=127.0.0.1:${free}` } };
}

/** Runs the line in the folder, and gives what `use` gives. */
async function runLine<T>(
  {
    commandLine,
    cwd,
    port,
    env = {},
  }: { commandLine: string; cwd: string; port: number; env?: Record<string, string> },
  use: (kirin: KirinProcess, browser: Browser) => Promise<T>,
): Promise<T> {
  const line = await withFreePort(commandLine, port);
  const options: KirinOptions = { commandLine: line.commandLine, cwd, env: { ...line.env, ...env } };
  return withKirin(options, async (kirin) => {
    const browser = new Browser(`http://127.0.0.1:${line.port}`);
    try {
      return await use(kirin, browser);
    } finally {
      browser.close();
    }
  });
}

describe('a command line of a tutorial', () => {
  it('names a module that is no identifier: kirin --bind 0.0.0.0:5000 web_flask.0-hello_route:app', async () => {
    await runLine(
      {
        commandLine: 'kirin --bind 0.0.0.0:5000 web_flask.0-hello_route:app',
        cwd: folder('alx'),
        port: 5000,
      },
      async (kirin, browser) => {
        assert.equal((await browser.get('/')).text, 'Hello HBNB!');
        assert.match(kirin.log(), /Listening at: http:\/\/0\.0\.0\.0:\d+/);
      },
    );
  });

  it('names only a module, whose application is then called application: kirin -b 0.0.0.0:8080 wsgi', async () => {
    await runLine(
      { commandLine: 'kirin -b 0.0.0.0:8080 wsgi', cwd: folder('plain'), port: 8080 },
      async (_, browser) => {
        assert.equal((await browser.get('/')).text, 'Hello from wsgi.py\n');
      },
    );
  });

  it("calls a factory: kirin -w 4 'hello:create_app()'", async () => {
    await runLine(
      { commandLine: "kirin -w 4 'hello:create_app()'", cwd: folder('factory'), port: 8000 },
      async (kirin, browser) => {
        assert.equal((await browser.get('/')).text, '<p>Hello, World!</p>');
        assert.equal(kirin.workerPids().length, 4);
      },
    );
  });

  it("binds all addresses at the default port: kirin -w 4 -b 0.0.0.0 'hello:create_app()'", async () => {
    await runLine(
      { commandLine: "kirin -w 4 -b 0.0.0.0 'hello:create_app()'", cwd: folder('factory'), port: 8000 },
      async (kirin, browser) => {
        assert.equal((await browser.get('/')).text, '<p>Hello, World!</p>');
        assert.match(kirin.log(), /Listening at: http:\/\/0\.0\.0\.0:\d+/);
      },
    );
  });

  it('trusts a proxy: kirin -w 2 --forwarded-allow-ips="127.0.0.1" app:app', async () => {
    await runLine(
      {
        commandLine: 'kirin -w 2 --forwarded-allow-ips="127.0.0.1" app:app',
        cwd: folder('flask_app'),
        port: 8000,
      },
      async (_, browser) => {
        const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' };
        assert.equal((await browser.get('/', forwarded)).text, 'https 203.0.113.7');
      },
    );
  });

  it('has it all: kirin main:app -b 127.0.0.1:8000 --name="MyApp" --workers=3 --reload --user=SOMEONE', async (t) => {
    const someone = findSomeone();
    if ('why' in someone) return t.skip(someone.why);
    const home = makeTemporaryFolder();
    try {
      cpSync(folder('plain'), home, { recursive: true });
      await runLine(
        {
          commandLine: `kirin main:app -b 127.0.0.1:8000 --name="MyApp" --workers=3 --reload --user=${someone.name}`,
          cwd: home,
          port: 8000,
          env: someone.env,
        },
        async (kirin, browser) => {
          assert.equal((await browser.get('/')).text, `Hello from main.py as user ${someone.uid}\n`);
          const workers = kirin.workerPids();
          assert.equal(workers.length, 3);
          assert.deepEqual(
            workers.map(userIdOf),
            workers.map(() => someone.uid),
          );
          assert.ok(
            kirin.processes().some(({ command }) => command.includes('MyApp')),
            'ps shows the name',
          );

          const source = readFileSync(join(home, 'main.py'), 'utf8');
          writeFileSync(join(home, 'main.py'), source.replace('Hello from', 'Hello again from'));
          await waitFor(async () => (await browser.get('/')).text.startsWith('Hello again'), {
            what: 'the new code',
            timeoutMs: 20_000,
            details: () => kirin.log(),
          });
        },
      );
    } finally {
      removeFolder(home);
    }
  });

  it('runs in the background, and ends on a signal to the pid in the file: kirin -D -p FILE wsgi', async () => {
    const home = makeTemporaryFolder();
    const pidFile = join(home, 'kirin.pid');
    const log = join(home, 'error.log');
    const line = await withFreePort(
      `kirin -D -p ${pidFile} --error-logfile ${log} -b 127.0.0.1:8000 wsgi`,
      8000,
    );
    const launcher = new KirinProcess({ commandLine: line.commandLine, cwd: folder('plain'), env: line.env });
    const details = () => `${launcher.log()}\n${existsSync(log) ? readFileSync(log, 'utf8') : 'no log file'}`;
    try {
      assert.equal((await launcher.ended()).code, 0, details());
      const browser = new Browser(`http://127.0.0.1:${line.port}`);
      const page = await waitFor(() => browser.get('/').catch(() => null), { what: 'an answer', details });
      assert.equal(page.text, 'Hello from wsgi.py\n');
      browser.close();

      const pid = Number(readFileSync(pidFile, 'utf8'));
      assert.ok(
        launcher.processes().some((running) => running.pid === pid),
        'the pid is that of this run',
      );
      process.kill(pid, 'SIGTERM');
      await waitFor(() => !isAlive(pid), { what: 'the end of the daemon', timeoutMs: 15_000, details });
      await launcher.assertNothingLeft();
      assert.equal(existsSync(pidFile), false, 'the pid file is removed');
      assert.match(readFileSync(log, 'utf8'), /Shutting down/);
    } finally {
      launcher.discard();
      removeFolder(home);
    }
  });

  it('that names an application that is not there ends with code 3 or 4 and says so: kirin -w 4 nowhere:app', async () => {
    const missing = await runKirin({ args: ['-w', '4'], app: 'nowhere:app', cwd: folder('plain') });
    assert.equal(missing.code, 3);
    assert.match(missing.log, /ModuleNotFoundError.*nowhere/);
    const unnamed = await runKirin({ app: 'wsgi:nothing', cwd: folder('plain') });
    assert.equal(unnamed.code, 4);
    assert.match(unnamed.log, /nothing/);
  });
});

type Someone = { readonly name: string; readonly uid: number; readonly env: Record<string, string> };

/** A user to run as: another one where that is possible, and an interpreter that this user may run. */
function findSomeone(): Someone | { readonly why: string } {
  if (process.getuid?.() !== 0) return { name: userInfo().username, uid: userInfo().uid, env: {} };
  const uid = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
  const probe = join(projectRoot, 'python', 'kirin_worker', 'frames.py');
  for (const python of [testPython, '/usr/bin/python3']) {
    const tried = spawnSync(python, ['-c', `open(${JSON.stringify(probe)})`], { uid, gid: uid, cwd: '/' });
    const env = python === testPython ? {} : { VIRTUAL_ENV: '', PATH: `${commands}:/usr/bin:/bin` };
    if (tried.status === 0) return { name: 'nobody', uid, env };
  }
  return { why: `the user nobody may read no Python here, or not ${probe}` };
}

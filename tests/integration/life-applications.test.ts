import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { KirinProcess, runKirin, withKirin } from '../support/kirin.ts';
import { testPython, testVenv } from '../support/project.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { SteadyLoad } from '../support/steady-load.ts';
import { waitFor } from '../support/wait-for.ts';

const FLASK = `
import os, sys
from flask import Flask, request
app = Flask(__name__)

@app.route("/")
@app.route("/<path:path>")
def page(path=""):
    return f"{os.path.basename(os.getcwd())} {sys.prefix} {os.environ.get('GREETING')} {request.environ['wsgi.multithread']}"
`;

const PLAIN = `
import os, sys
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    words = os.path.basename(os.getcwd()), sys.prefix, os.environ.get("GREETING"), environ["wsgi.multithread"]
    return [" ".join(map(str, words)).encode()]
`;

/** With a table for each application, and the sites behind them. */
const toml = (apps: Readonly<Record<string, string>>, sites: string): string =>
  ['bind = "127.0.0.1:0"', 'health_path = "/-/health"', ...Object.entries(apps).map(table), sites].join('\n');

const table = ([name, lines]: readonly [name: string, lines: string]): string =>
  `[apps.${name}]\napp = "main:app"\nchdir = "${name}"\n${lines}`;

const SITES = `
[[sites]]
app = "shop"
[[sites.routes]]
path = "/admin"
app = "admin"
[[sites]]
hosts = "admin.example"
app = "admin"
`;

describe('several applications', () => {
  let folder: AppFolder;

  beforeEach(() => {
    folder = new AppFolder({});
    folder.writeIn('shop', 'main.py', answering('shop'));
    folder.writeIn('admin', 'main.py', answering('admin'));
    folder.write('kirin.toml', toml({ shop: '', admin: '' }, SITES));
  });
  afterEach(() => folder.remove());

  const serve = (use: (kirin: KirinProcess) => Promise<void>) =>
    withKirin({ cwd: folder.path, bind: [] }, async (kirin) => {
      await bothReady(kirin);
      await use(kirin);
    });

  async function bothReady(kirin: KirinProcess, from = 0): Promise<void> {
    for (const name of ['shop', 'admin']) await kirin.waitForLog(new RegExp(`${name}: Ready`), { from });
  }

  const body = async (kirin: KirinProcess, path = '/') => (await fetch(`${kirin.url}${path}`)).text();

  async function hostBody(kirin: KirinProcess, host: string): Promise<string> {
    const connection = await RawConnection.open({ port: kirin.port });
    connection.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const { body: answer } = await connection.readResponse();
    connection.destroy();
    return answer.toString();
  }

  const metrics = async (kirin: KirinProcess) =>
    (await (await fetch(`${kirin.url}/-/health/metrics`)).json()) as {
      apps: { name: string; service: { count: number } }[];
      workers: { pid: number; generation: number }[];
    };

  /** Of the application whose first generation had this number. */
  const workersOf = async (kirin: KirinProcess, generation: number) =>
    (await metrics(kirin)).workers.filter((worker) => worker.generation === generation).map(({ pid }) => pid);

  it('have folders, interpreters and settings of their own, and get what is routed to them', async () => {
    const venv = join(folder.path, 'own');
    execFileSync(testPython, ['-m', 'venv', '--without-pip', venv]);
    folder.write('shop/main.py', FLASK);
    folder.write('admin/main.py', PLAIN);
    const own = 'python = "own/bin/python"\nthreads = 2\nraw_env = ["GREETING=hello"]';
    folder.write('kirin.toml', toml({ shop: 'workers = 2', admin: own }, SITES));
    await serve(async (kirin) => {
      const shop = `shop ${testVenv} None False`;
      const admin = `admin ${venv} hello True`;
      assert.equal(await body(kirin), shop);
      assert.equal(await body(kirin, '/admin/x'), admin);
      assert.equal(await hostBody(kirin, 'other.example'), shop);
      assert.equal(await hostBody(kirin, 'admin.example'), admin);
      assert.equal((await fetch(`${kirin.url}/-/health/ready`)).status, 200);
      const { apps, workers } = await metrics(kirin);
      assert.deepEqual(
        apps.map(({ name, service }) => [name, service.count]),
        [
          ['shop', 2],
          ['admin', 2],
        ],
      );
      assert.equal(workers.length, 3);
    });
  });

  it('have workers of their own: a death in one is no concern of the other', async () => {
    await serve(async (kirin) => {
      const [shop] = await workersOf(kirin, 1);
      const [admin] = await workersOf(kirin, 2);
      const load = new SteadyLoad({ port: kirin.port, path: '/admin' });
      await waitFor(() => load.answered > 10);
      process.kill(shop as number, 'SIGKILL');
      await kirin.waitForLog(/shop: Worker \(pid:\d+\) was ended by SIGKILL/);
      await waitFor(async () => (await workersOf(kirin, 1)).some((pid) => pid !== shop));
      assert.equal(await body(kirin), 'shop');
      const { failures } = await load.stop();
      assert.deepEqual(failures, []);
      assert.deepEqual(await workersOf(kirin, 2), [admin]);
    });
  });

  it('have zygotes of their own: one that dies is no concern of the other', async () => {
    await serve(async (kirin) => {
      const load = new SteadyLoad({ port: kirin.port, path: '/admin' });
      const [shop] = await workersOf(kirin, 1);
      const [admin] = await workersOf(kirin, 2);
      const zygote = kirin.processes().find(({ pid }) => pid === shop)?.parentPid as number;
      process.kill(zygote, 'SIGKILL');
      await kirin.waitForLog(/shop: Ready: 1 worker, generation 3/);
      assert.equal(await body(kirin), 'shop');
      const { failures } = await load.stop();
      assert.deepEqual(failures, []);
      assert.deepEqual(await workersOf(kirin, 2), [admin]);
      assert.doesNotMatch(kirin.log(), /admin: Booting[\s\S]*admin: Booting/);
    });
  });

  it('outlive the edge together', async () => {
    await serve(async (kirin) => {
      process.kill(kirin.edgePid(), 'SIGKILL');
      await kirin.waitForLog(/Listening again/);
      await waitFor(async () => (await body(kirin).catch(() => '')) === 'shop');
      assert.equal(await body(kirin, '/admin'), 'admin');
    });
  });

  it('are all told to have more workers, and fewer, by a signal', async () => {
    await serve(async (kirin) => {
      kirin.signal('SIGTTIN');
      for (const name of ['shop', 'admin']) await kirin.waitForLog(new RegExp(`${name}: Workers wanted: 2`));
      await waitFor(async () => (await metrics(kirin)).workers.length === 4);
      kirin.signal('SIGTTOU');
      await waitFor(() => kirin.workerPids().length === 2);
    });
  });

  it('are reloaded each on its own: code that does not load keeps nobody else from moving on', async () => {
    await serve(async (kirin) => {
      const load = new SteadyLoad({ port: kirin.port });
      await waitFor(() => load.answered > 10);
      folder.write('shop/main.py', 'raise RuntimeError("not today")\n');
      folder.write('admin/main.py', answering('admin two'));
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/admin: Ready: 1 worker, generation 4/);
      await kirin.waitForLog(/shop: Not reloaded: generation 3 failed to boot; generation 1 goes on serving/);
      assert.equal(await body(kirin, '/admin'), 'admin two');
      assert.equal(await body(kirin), 'shop');
      const { failures } = await load.stop();
      assert.deepEqual(failures, []);
      folder.write('shop/main.py', answering('shop two'));
      kirin.signal('SIGHUP');
      await waitFor(async () => (await body(kirin)) === 'shop two');
    });
  });

  it('come and go by a reload, and no request is lost', async () => {
    folder.writeIn('blog', 'main.py', `import time\ntime.sleep(0.3)\n${answering('blog')}`);
    await serve(async (kirin) => {
      const paths = ['/', '/admin', '/-/health/ready'];
      const loads = paths.map((path) => new SteadyLoad({ port: kirin.port, path, clients: 2 }));
      await waitFor(() => loads.every(({ answered }) => answered > 10));
      const routes = SITES.replace('path = "/admin"\napp = "admin"', 'path = "/admin"\napp = "blog"');
      folder.write('kirin.toml', toml({ shop: '', blog: '' }, routes.replaceAll('"admin"', '"blog"')));
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/admin: The application is gone/);
      const before = loads.map(({ answered }) => answered);
      await waitFor(() => loads.every(({ answered }, index) => answered > (before[index] as number) + 5));
      assert.equal(await body(kirin, '/admin'), 'blog');
      const [shop, moved, ready] = await Promise.all(loads.map((load) => load.stop()));
      assert.deepEqual([shop?.failures, moved?.failures, ready?.failures], [[], [], []]);
      assert.deepEqual([...new Set(shop?.bodies)], ['shop']);
      assert.deepEqual([...new Set(moved?.bodies)], ['admin', 'blog']);
      const { apps } = await metrics(kirin);
      assert.deepEqual(
        apps.map(({ name }) => name),
        ['shop', 'blog'],
      );
      await waitFor(() => kirin.workerPids().length === 2);
    });
  });

  it('answer what was being sent to them when a reload takes them away', async () => {
    folder.write(
      'admin/main.py',
      `def app(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]
`,
    );
    await serve(async (kirin) => {
      const upload = await RawConnection.open({ port: kirin.port });
      await upload.sendAll(
        'POST /admin HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nConnection: close\r\n\r\nbef',
      );
      // It has been routed once another request has been answered.
      await body(kirin);
      folder.write('kirin.toml', toml({ shop: '' }, '[[sites]]\napp = "shop"\n'));
      kirin.signal('SIGHUP');
      await waitFor(async () => (await body(kirin, '/admin')) === 'shop');
      await upload.sendAll('ore');
      const { status, body: echoed } = await upload.readResponse();
      assert.deepEqual([status, echoed.toString()], [200, 'before']);
      upload.destroy();
      await kirin.waitForLog(/admin: The application is gone/);
    });
  });

  it('that a reload adds and that do not load leave everything as it was', async () => {
    folder.writeIn('blog', 'main.py', 'raise RuntimeError("not yet")\n');
    await serve(async (kirin) => {
      const routes = SITES.replaceAll('"admin"', '"blog"');
      folder.write('kirin.toml', toml({ shop: '', blog: '' }, routes));
      kirin.signal('SIGHUP');
      await kirin.waitForLog(
        /Sites and limits stay as they were, since the application 'blog' does not load/,
      );
      assert.equal(await body(kirin, '/admin'), 'admin');
      await kirin.waitForLog(/blog: The application is gone/);
      assert.equal(await body(kirin), 'shop');
      folder.write('blog/main.py', answering('blog'));
      kirin.signal('SIGHUP');
      await waitFor(async () => (await body(kirin, '/admin')) === 'blog');
      await kirin.waitForLog(/admin: The application is gone/);
    });
  });

  it('do not keep sites waiting: what these say holds while an application boots', async () => {
    await serve(async (kirin) => {
      folder.write('shop/main.py', `import time\ntime.sleep(3600)\n${answering('shop two')}`);
      const page = `${SITES}[[sites.routes]]\npath = "/page"\nrespond = "new"\n`.replace(
        '[[sites.routes]]\npath = "/admin"',
        '[[sites.routes]]\nexact = "/page"\nrespond = "new"\n[[sites.routes]]\npath = "/admin"',
      );
      folder.write('kirin.toml', toml({ shop: '', admin: '' }, page));
      kirin.signal('SIGHUP');
      await waitFor(async () => (await body(kirin, '/page')) === 'new');
      assert.equal(await body(kirin), 'shop');
    });
  });

  it('change nothing when the file has an error', async () => {
    await serve(async (kirin) => {
      folder.write('kirin.toml', toml({ shop: 'wrokers = 2' }, '[[sites]]\napp = "shop"\n'));
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Not reloaded.*kirin\.toml:6:1: wrokers is no setting; did you mean workers\?/);
      assert.equal(await body(kirin, '/admin'), 'admin');
      assert.doesNotMatch(kirin.log(), /generation 3/);
    });
  });

  it('are reloaded one at a time when their files change, with --reload', async () => {
    folder.write('kirin.toml', `reload = true\n${toml({ shop: '', admin: '' }, SITES)}`);
    await serve(async (kirin) => {
      folder.write('admin/main.py', answering('admin two'));
      await waitFor(async () => (await body(kirin, '/admin')) === 'admin two');
      assert.match(kirin.log(), /admin: Reloading, since this file has changed/);
      assert.doesNotMatch(kirin.log(), /shop: Reloading/);
      assert.equal(await body(kirin), 'shop');
      assert.equal((await workersOf(kirin, 1)).length, 1);
    });
  });

  it('one of which does not load do not start', async () => {
    folder.write('admin/main.py', 'raise RuntimeError("not today")\n');
    const { code, log } = await runKirin({ cwd: folder.path, bind: [] });
    assert.equal(code, 3);
    assert.match(log, /RuntimeError: not today/);
    assert.match(log, /Worker failed to boot\./);
  });

  it('are not needed by sites that do without', async () => {
    const sites = 'bind = "127.0.0.1:0"\n[[sites]]\n[[sites.routes]]\nexact = "/"\nrespond = "hello"\n';
    folder.write('kirin.toml', sites);
    const kirin = new KirinProcess({ cwd: folder.path, bind: [] });
    try {
      await kirin.waitForLog(/Listening at/);
      assert.equal(await body(kirin), 'hello');
      assert.equal((await fetch(`${kirin.url}/other`)).status, 404);
      folder.write('kirin.toml', toml({ shop: '' }, '[[sites]]\napp = "shop"\n'));
      kirin.signal('SIGHUP');
      await waitFor(async () => (await body(kirin)) === 'shop');
      folder.write('kirin.toml', sites);
      kirin.signal('SIGHUP');
      await waitFor(async () => (await body(kirin)) === 'hello');
      await waitFor(() => kirin.workerPids().length === 0);
    } catch (error) {
      console.error(kirin.log());
      kirin.discard();
      throw error;
    }
    await kirin.stop();
  });

  it('are checked all of them by --check-config', async () => {
    const good = await runKirin({ cwd: folder.path, bind: [], args: ['--check-config'] });
    assert.equal(good.code, 0, good.log);
    assert.match(good.log, /kirin: shop: main:app loads in .*\nkirin: admin: main:app loads in /);
    assert.match(good.log, /kirin: shop: chdir = \S+\/shop, from kirin\.toml \[apps\.shop\]/);
    folder.write('admin/main.py', 'raise RuntimeError("not today")\n');
    const bad = await runKirin({ cwd: folder.path, bind: [], args: ['--check-config'] });
    assert.equal(bad.code, 1);
    assert.match(bad.log, /RuntimeError: not today/);
  });
});

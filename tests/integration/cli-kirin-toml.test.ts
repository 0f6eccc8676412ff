import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { runKirin, withKirin } from '../support/kirin.ts';
import { projectRoot } from '../support/project.ts';

describe('kirin.toml', () => {
  let folder: AppFolder;

  beforeEach(() => {
    folder = new AppFolder({ 'main.py': answering('one') });
    folder.writeIn('sub', 'main.py', answering('two'));
  });

  afterEach(() => {
    folder.remove();
  });

  const run = (args: readonly string[] = [], cwd = folder.path) => runKirin({ bind: [], cwd, args });

  async function resolved(args: readonly string[] = [], cwd = folder.path) {
    const { code, stdout, log } = await run(['--print-config', '--json', ...args], cwd);
    assert.equal(code, 0, log);
    return JSON.parse(stdout);
  }

  it('is run by kirin alone', async () => {
    folder.write('kirin.toml', 'app = "main:app"\nbind = "127.0.0.1:0"\nworkers = 2\n');
    await withKirin({ bind: [], cwd: folder.path }, async (kirin) => {
      assert.equal(await (await fetch(kirin.url)).text(), 'one');
      assert.match(kirin.log(), /Ready: 2 workers/);
    });
  });

  it('is left alone where the command line names an application or another file', async () => {
    folder.write('kirin.toml', 'app = "main:app"\nworkers = 2\n');
    folder.write('other.toml', 'workers = 3\n');
    folder.write('gunicorn.conf.py', 'workers = 4\n');
    assert.deepEqual((await resolved()).workers, { value: 2, source: 'kirin.toml' });
    assert.deepEqual((await resolved(['main:app'])).workers, { value: 4, source: 'gunicorn.conf.py' });
    assert.deepEqual((await resolved(['-c', 'other.toml'])).workers, { value: 3, source: 'other.toml' });
  });

  it('is weaker than the command line', async () => {
    folder.write('kirin.toml', 'app = "main:app"\nworkers = 2\nthreads = 3\n');
    const { workers, threads } = await resolved(['-w', '5']);
    assert.deepEqual([workers.value, threads.value], [5, 3]);
  });

  it('sets every kind of value', async () => {
    folder.write(
      'kirin.toml',
      `
wsgi_app = "main:app"
bind = ["127.0.0.1:8001", ":8002"]
workers = "2..3"
timeout = 12.5
reload = true
max_worker_memory = "300M"
limit_request_body = 4096
forwarded_allow_ips = ["10.0.0.0/8", "::1"]
umask = 0o022
raw_env = ["A=1", "B=2"]

[secure_scheme_headers]
X-Forwarded-Proto = "https"
`,
    );
    const settings = await resolved();
    const given = (name: string) => settings[name].value;
    assert.deepEqual(given('bind'), ['127.0.0.1:8001', ':8002']);
    assert.equal(given('workers'), '2..3');
    assert.equal(given('timeout'), 12.5);
    assert.equal(given('reload'), true);
    assert.equal(given('max_worker_memory'), 300 * 2 ** 20);
    assert.equal(given('limit_request_body'), 4096);
    assert.deepEqual(given('forwarded_allow_ips'), ['10.0.0.0/8', '::1']);
    assert.equal(given('umask'), '0o22');
    assert.deepEqual(given('raw_env'), ['A=1', 'B=2']);
    assert.equal(given('secure_scheme_headers'), '{"X-FORWARDED-PROTO":"https"}');
  });

  it('runs in its own folder, wherever kirin is started', async () => {
    const file = join(folder.path, 'kirin.toml');
    folder.write('kirin.toml', 'app = "main:app"\n');
    const elsewhere = join(folder.path, 'sub');
    assert.equal((await resolved(['-c', file], elsewhere)).chdir.value, folder.path);
    assert.equal((await run(['-c', '../kirin.toml', '--check-config'], elsewhere)).code, 0);
    folder.write('kirin.toml', 'app = "main:app"\nchdir = "sub"\n');
    assert.equal((await resolved(['-c', file], '/')).chdir.value, elsewhere);
    assert.equal((await resolved(['-c', file, '--chdir', '..'], elsewhere)).chdir.value, folder.path);
  });

  it('is told where it is wrong, all at once', async () => {
    folder.write(
      'kirin.toml',
      `app = "main:app"
wrokers = 2
workers = true
bind = 8000
keep_alive = 3
print_config = true
when_ready = "x"
timeout = 2026-01-01
reload = 1
`,
    );
    const { code, log } = await run();
    assert.equal(code, 1);
    for (const line of [
      'kirin.toml:2:1: wrokers is no setting; did you mean workers?',
      'kirin.toml:3:1: workers = true: a boolean; give a whole number',
      'kirin.toml:4:1: bind = 8000: a number; give a string, or an array of them',
      'kirin.toml:5:1: keep_alive is no setting; did you mean keepalive?',
      'kirin.toml:6:1: print_config belongs on the command line',
      'kirin.toml:7:1: when_ready is a server hook, which only a Python file can have; use gunicorn.conf.py',
      'kirin.toml:8:1: timeout = 2026-01-01: a date; no setting takes one',
      'kirin.toml:9:1: reload = 1: not true or false',
    ]) {
      assert.ok(log.includes(`kirin: ${line}\n`), `${line}\n---\n${log}`);
    }
  });

  it('that is no TOML is shown with a mark below the place, and what is meant where that is clear', async () => {
    folder.write('kirin.toml', 'app = "main:app"\nbind = 0.0.0.0:80\n');
    const { code, log } = await run();
    assert.equal(code, 1);
    assert.match(log, /^kirin: kirin\.toml:2:11: /);
    assert.ok(log.includes('\n    bind = 0.0.0.0:80\n              ^\n'), log);
    assert.ok(log.includes('Texts stand in quotes: bind = "0.0.0.0:80"'), log);
    folder.write('kirin.toml', 'app = "main:app"\nreload = on\n');
    const truth = await run();
    assert.ok(truth.log.includes('It is either true or false: reload = true\n'), truth.log);
  });

  it('that is not UTF-8, is a folder, or is not there is told', async () => {
    writeFileSync(join(folder.path, 'kirin.toml'), Buffer.from('app = "\xff"\n', 'latin1'));
    assert.match((await run()).log, /kirin\.toml cannot be read: it is not UTF-8/);
    mkdirSync(join(folder.path, 'folder.toml'));
    assert.match((await run(['-c', 'folder.toml'])).log, /folder\.toml cannot be read: .*EISDIR/);
    assert.match((await run(['-c', 'missing.toml'])).log, /there is no configuration file .*missing\.toml/);
  });

  it('is read again on HUP; one with an error changes nothing', async () => {
    folder.write('kirin.toml', 'app = "main:app"\nbind = "127.0.0.1:0"\n');
    await withKirin({ bind: [], cwd: folder.path }, async (kirin) => {
      folder.write('kirin.toml', 'app = "main:app"\nbind = "127.0.0.1:0"\nworkers = many\n');
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Not reloaded, .*kirin\.toml:3:11/);
      assert.equal((await fetch(kirin.url)).status, 200);
      folder.write('kirin.toml', 'app = "main:app"\nbind = "127.0.0.1:0"\nworkers = 2\n');
      kirin.signal('SIGHUP');
      await kirin.waitForLog(/Ready: 2 workers/);
    });
  });

  it('is what the documentation shows', async () => {
    const page = readFileSync(join(projectRoot, 'docs/operate/configuration.md'), 'utf8');
    const [example = ''] = page.match(/^ {4}app = (?:.*\n|\n(?= {4}))+?(?=\n\S)/m) ?? [];
    folder.write('hello.py', answering('hello'));
    folder.write('kirin.toml', example.replace(/^ {4}/gm, ''));
    const settings = await resolved();
    assert.equal(settings.wsgi_app.value, 'hello:app');
    assert.equal(settings.secure_scheme_headers.source, 'kirin.toml');
  });

  it('has a JSON Schema, which --schema prints', async () => {
    const { code, stdout } = await run(['--schema']);
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).properties.app.type, 'string');
  });
});

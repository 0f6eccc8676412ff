import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AppFolder, answering } from '../support/app-folder.ts';
import { checkDocumented } from '../support/documented.ts';
import { type KirinProcess, runKirin, startKirin, withKirin } from '../support/kirin.ts';
import { exchange } from '../support/raw-connection.ts';
import { waitFor } from '../support/wait-for.ts';

const LOGS = `
app = "main:app"
bind = "127.0.0.1:0"
accesslog = "server.log"
access_log_format = "server %(r)s"

[[sites]]
hosts = "one.example"
access_log = "one.log"
[[sites.routes]]
path = "/json"
access_log = { file = "one.json", format = "json" }
[[sites.routes]]
path = "/quiet"
access_log = false

[[sites]]
`;

describe('access logs of sites', () => {
  let folder: AppFolder;
  let kirin: KirinProcess;

  before(async () => {
    folder = new AppFolder({ 'main.py': answering('hello'), 'kirin.toml': LOGS });
    kirin = await startKirin({ bind: [], cwd: folder.path });
  });

  after(async () => {
    await kirin.stop();
    folder.remove();
  });

  const ask = (host: string, target: string) =>
    exchange({ port: kirin.port }, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);

  const linesOf = (name: string): readonly string[] => {
    const path = join(folder.path, name);
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  };

  it('have the lines of their requests, which the server’s does not', async () => {
    for (const target of ['/a', '/json', '/quiet', '/b']) await ask('one.example', target);
    await ask('two.example', '/other');
    await waitFor(() => linesOf('one.log').length === 2 && linesOf('server.log').length === 1, {
      what: 'the lines',
    });
    assert.match(linesOf('one.log')[0] ?? '', /^127\.0\.0\.1 - - \[.*\] "GET \/a HTTP\/1\.1" 200 5 "-" "-"$/);
    assert.deepEqual(linesOf('server.log'), ['server GET /other HTTP/1.1']);
    await waitFor(() => linesOf('one.json').length === 1, { what: 'the line of JSON' });
    const { uri, status, host } = JSON.parse(linesOf('one.json')[0] ?? '');
    assert.deepEqual([uri, status, host], ['/json', 200, 'one.example']);
  });

  it('have the lines of paths that can be read in more than one way, too', async () => {
    const count = linesOf('one.log').length;
    await ask('one.example', '/json/..%2f');
    await waitFor(() => linesOf('one.log').length === count + 1, { what: 'its line' });
    assert.match(linesOf('one.log').at(-1) ?? '', /"GET \/json\/\.\.%2f HTTP\/1\.1" 400 /);
  });

  it('go on in a new file after USR1, and in the same after HUP', async () => {
    const count = linesOf('one.log').length;
    renameSync(join(folder.path, 'one.log'), join(folder.path, 'one.log.1'));
    kirin.signal('SIGUSR1');
    await waitFor(() => existsSync(join(folder.path, 'one.log')), { what: 'the new file' });
    await ask('one.example', '/later');
    await waitFor(() => linesOf('one.log').length === 1, { what: 'its line' });
    assert.equal(linesOf('one.log.1').length, count);
    const from = kirin.log().length;
    kirin.signal('SIGHUP');
    await kirin.waitForLog(/Ready: \d+ worker/, { from });
    await ask('one.example', '/last');
    await waitFor(() => linesOf('one.log').length === 2, { what: 'the line after the reload' });
  });

  it('are checked with the file', async () => {
    const wrong = new AppFolder({
      'main.py': answering('hello'),
      'kirin.toml': 'app = "main:app"\n[[sites]]\naccess_log = { file = "a", format = "$statsu" }\n',
    });
    try {
      const { code, log } = await runKirin({ bind: [], cwd: wrong.path, args: ['--check-config'] });
      assert.notEqual(code, 0);
      assert.match(
        log,
        /kirin\.toml:3:\d+: format = "\$statsu": a log has no \$statsu; did you mean \$status\?/,
      );
    } finally {
      wrong.remove();
    }
  });

  it('that cannot be written are told once, and at --check-config; their lines are in the server’s', async () => {
    const kirinToml =
      'app = "main:app"\naccesslog = "server.log"\n[[sites]]\naccess_log = "none/a.log"\nroutes = [{ path = "/a" }, { path = "/b" }]\n';
    const other = new AppFolder({ 'main.py': answering('hello'), 'kirin.toml': kirinToml });
    try {
      const { code, log } = await runKirin({ bind: [], cwd: other.path, args: ['--check-config'] });
      assert.equal(code, 0);
      assert.match(log, /access_log: there is no .*none yet; its lines go to the server's log/);
      await withKirin({ cwd: other.path }, async (there) => {
        await exchange({ port: there.port }, 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n');
        const path = join(other.path, 'server.log');
        await waitFor(() => existsSync(path) && readFileSync(path, 'utf8').includes('GET /a'), {
          what: 'the line',
        });
        assert.equal(there.log().match(/Cannot open the access log/g)?.length, 1);
      });
    } finally {
      other.remove();
    }
  });

  it('are as the documentation shows them', () => checkDocumented('docs/operate/logs.md'));
});

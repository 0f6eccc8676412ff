import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { ANY_VERSION, askSite, EACH_VERSION } from '../support/ask-site.ts';
import { runKirin } from '../support/kirin.ts';
import { projectRoot } from '../support/project.ts';
import { useKirin } from '../support/shared-kirin.ts';

const APP = `
def app(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    parts = [environ[name] for name in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "RAW_URI")]
    return [(" ".join(parts) + " " + body.decode()).strip().encode("latin-1")]
`;

const SITES = `
app = "main:app"
${ANY_VERSION}

[[sites]]
hosts = ["shop.example"]
add_headers = { X-Site = "$request_uri" }

[[sites.routes]]
path = "/try"
files = { root = "www", try = ["$uri", "$uri/", "$uri.html"], missing = "@app" }

[[sites.routes]]
path = "/alias"
files = { folder = "www/try", try = ["$uri", "/page.html"], listing = true, missing = 404 }

[[sites.routes]]
path = "/single"
files = { root = "www", try = ["$uri", "/nothing"], missing = "/index.html?from=$uri" }

[[sites.routes]]
path = "/by-host"
files = { root = "www", try = "/hosts/$arg_of.txt", missing = 410 }

[[sites.routes]]
path = "/circle"
files = { folder = "www", missing = "/circle/again" }

[[sites.routes]]
pattern = "^/old/(.*)$"
ignore_case = true
rewrite = "/new/$1?was=$1"

[[sites.routes]]
path = "/old"
respond = "never"

[[sites.routes]]
path = "/round"
rewrite = "/round"
again = true

[[sites.routes]]
path = "/back"
rewrite = "/try/page.html?"
again = true

[[sites.routes]]
path = "/secret"
internal = true
files = "www/secret"

[[sites.routes]]
path = "/open-secret"
rewrite = "/secret/plans.txt"
again = true

[[sites.routes]]
path = "/fields"
match_headers = { Upgrade = "websocket" }
respond = "upgraded"

[[sites.routes]]
path = "/fields"
match_headers = { X-Token = { pattern = "^[0-9]+$" }, X-None = false }
respond = "token"

[[sites.routes]]
path = "/next"
files = { folder = "www", missing = "next" }
rate_limit = { rate = "1/h", burst = 2, delay = false, zone = "next" }
connection_limit = { limit = 1, zone = "next" }

[[sites.routes]]
path = "/next"
rate_limit = { rate = "1/h", burst = 2, delay = false, zone = "next" }
connection_limit = { limit = 1, zone = "next" }

[[sites.routes]]
name = "app"
internal = true
add_headers = { X-Named = "app" }

[[sites.routes]]
exact = "/index.html"
files = { root = "www" }
`;

describe('routes', () => {
  const folder = new AppFolder({ 'main.py': APP, 'kirin.toml': SITES });
  folder.writeIn('www', 'index.html', 'the index');
  folder.writeIn('www/try', 'page.html', 'a page');
  folder.writeIn('www/try', 'ä b.txt', 'odd');
  folder.writeIn('www/try/folder', 'index.html', 'of the folder');
  folder.writeIn('www/try/empty', 'other.txt', 'x');
  folder.writeIn('www/hosts', 'one.txt', 'first');
  folder.writeIn('www/hosts', 'two.txt', 'second');
  folder.writeIn('www/secret', 'plans.txt', 'the plans');
  const kirin = useKirin({ bind: [], cwd: folder.path });
  after(() => folder.remove());

  for (const [version, ask] of EACH_VERSION) {
    const textOf = async (target: string) => (await ask(kirin().port, target)).text;

    it(`try paths in turn, with ${version}`, async () => {
      for (let round = 0; round < 3; round += 1) {
        assert.equal(await textOf('/try/page.html'), 'a page');
        assert.equal(await textOf('/try/page'), 'a page');
        assert.equal(await textOf('/try/%C3%A4%20b.txt?x'), 'odd');
        assert.equal(await textOf('/try/folder/'), 'of the folder');
        assert.equal(await textOf('/try/none?a=b'), 'GET /try/none a=b /try/none?a=b');
        assert.equal(await textOf('/alias/page.html'), 'a page');
        assert.equal(await textOf('/alias/none'), 'a page');
        assert.equal(await textOf('/by-host?of=one'), 'first');
        assert.equal(await textOf('/by-host?of=two'), 'second');
        assert.equal((await ask(kirin().port, '/by-host?of=three')).status, 410);
        assert.equal((await ask(kirin().port, '/by-host?of=../index')).status, 410);
      }
    });

    it(`let nobody change files that are tried, whoever answers for what is not there, with ${version}`, async () => {
      for (const target of ['/try/page.html', '/try/folder/', '/try/page']) {
        const { status, headers } = await ask(kirin().port, target, { method: 'POST', body: 'x' });
        assert.deepEqual([status, headers.get('allow')], [405, 'GET, HEAD'], target);
      }
      assert.equal((await ask(kirin().port, '/by-host?of=four', { method: 'DELETE' })).status, 410);
    });

    it(`redirect to folders that are tried, and never list what is not to be listed, with ${version}`, async () => {
      const { status, headers } = await ask(kirin().port, '/try/folder?x=1');
      assert.deepEqual([status, headers.get('location')], [301, '/try/folder/?x=1']);
      assert.equal((await ask(kirin().port, '/try/empty/')).status, 403);
      assert.equal((await ask(kirin().port, '/alias/empty/')).text, 'a page');
    });

    it(`send what is missing to a route by its name, with its body, and without the headers of the one before, with ${version}`, async () => {
      const { text, headers } = await ask(kirin().port, '/try/form', { method: 'POST', body: 'a=1' });
      assert.equal(text, 'POST /try/form  /try/form a=1');
      assert.equal(headers.get('x-named'), 'app');
      assert.equal(headers.has('x-site'), false);
    });

    it(`send what is missing to another path, with ${version}`, async () => {
      const { text, headers } = await ask(kirin().port, '/single/page?x=1');
      assert.equal(text, 'the index');
      assert.equal(headers.get('x-site'), '/single/page?x=1');
    });

    it(`end circles, with ${version}`, async () => {
      assert.equal((await ask(kirin().port, '/circle/x')).status, 500);
      assert.equal((await ask(kirin().port, '/round')).status, 500);
      await kirin().waitForLog(/GET \/circle\/x goes in a circle: it was sent to \/circle\/again at last/);
    });

    it(`rewrite paths for the routes behind them, or for all, with ${version}`, async () => {
      assert.equal(
        await textOf('/old/a%20b/c?x=1'),
        'GET /new/a b/c was=a%20b%2Fc&x=1 /new/a%20b/c?was=a%20b%2Fc&x=1',
      );
      assert.equal(await textOf('/OLD/a'), 'GET /new/a was=a /new/a?was=a');
      assert.equal(await textOf('/back?x=1'), 'a page');
      const { headers } = await ask(kirin().port, '/old/a?x=1');
      assert.equal(headers.get('x-site'), '/old/a?x=1');
      const posted = await ask(kirin().port, '/old/a', { method: 'POST', body: 'kept' });
      assert.equal(posted.text, 'POST /new/a was=a /new/a?was=a kept');
    });

    it(`that are internal are reached from inside alone, with ${version}`, async () => {
      assert.equal((await ask(kirin().port, '/secret/plans.txt')).status, 404);
      assert.equal((await ask(kirin().port, '/%73ecret//plans.txt')).status, 404);
      assert.equal(await textOf('/open-secret'), 'the plans');
    });
  }

  it('are chosen by fields of the request', async () => {
    const ask = async (fields: Readonly<Record<string, string>>) =>
      (await askSite(kirin().port, '/fields', { fields })).text;
    assert.equal(await ask({ Upgrade: 'WebSocket' }), 'upgraded');
    assert.equal(await ask({ 'X-Token': '12' }), 'token');
    assert.equal(await ask({ 'X-Token': '1x' }), 'GET /fields  /fields');
    assert.equal(await ask({ 'X-Token': '12', 'X-None': '' }), 'GET /fields  /fields');
  });

  it('are as the documentation shows them', async () => {
    const page = readFileSync(join(projectRoot, 'docs/operate/inside.md'), 'utf8');
    const [example = ''] = page.match(/^ {4}app = (?:.*\n|\n(?= {4}))+?(?=\n\S)/m) ?? [];
    const documented = new AppFolder({ 'shop.py': APP, 'kirin.toml': example.replace(/^ {4}/gm, '') });
    try {
      const { code, log } = await runKirin({ bind: [], cwd: documented.path, args: ['--check-config'] });
      assert.equal(code, 0, log);
    } finally {
      documented.remove();
    }
  });

  it('count a request once under the same limit, whichever routes it goes through', async () => {
    for (const _ of [1, 2, 3])
      assert.equal((await askSite(kirin().port, '/next/a')).text, 'GET /next/a  /next/a');
    assert.equal((await askSite(kirin().port, '/next/a')).status, 429);
  });
});

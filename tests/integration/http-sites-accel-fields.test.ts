import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { ANY_VERSION, askSite, askSiteByHttp2, EACH_VERSION } from '../support/ask-site.ts';
import { HttpUpstream } from '../support/fake-upstream.ts';
import { type KirinProcess, startKirin } from '../support/kirin.ts';

const FIELDS = {
  'X-Accel-Buffering': 'no',
  'x-accel-charset': 'utf-8',
  'X-Accel-Expires': '600',
  'X-ACCEL-Limit-Rate': '100000',
  'X-Accel-Redirect': '/secret/report.pdf',
};
const OTHERS = { 'X-Accelerated': 'yes', 'X-Sendfile': '/srv/a' };

const PYTHON = `
FIELDS = ${JSON.stringify(Object.entries({ ...FIELDS, ...OTHERS }))}
def app(environ, start_response):
    start_response("200 OK", [(name, value) for name, value in FIELDS])
    if environ["PATH_INFO"].endswith("/pieces"):
        return iter([b"a", b"b"])
    return [environ["REQUEST_METHOD"].encode()]
`;

const site = (port: number) => `
app = "main:app"
${ANY_VERSION}

[caches.pages]

[[sites]]
hosts = "shop.example"

[[sites.routes]]
path = "/plain"
proxy = "http://127.0.0.1:${port}"

[[sites.routes]]
path = "/cached"
proxy = "http://127.0.0.1:${port}"
cache = { in = "pages", bypass = "$arg_fresh" }

[[sites.routes]]
path = "/app"

[[sites]]
hosts = "inside.example"

[[sites.routes]]
path = "/secret"
internal = true
respond = 200

[[sites.routes]]
path = "/"
proxy = "http://127.0.0.1:${port}"
`;

const told = (headers: ReadonlyMap<string, string>) =>
  [...headers.keys()].filter((name) => name.startsWith('x-accel-')).sort();
const ALL = Object.keys(FIELDS)
  .map((name) => name.toLowerCase())
  .sort();

describe('X-Accel fields of responses', () => {
  const upstream = new HttpUpstream();
  let folder: AppFolder;
  let kirin: KirinProcess;

  before(async () => {
    await upstream.start();
    folder = new AppFolder({ 'main.py': PYTHON, 'kirin.toml': site(upstream.port) });
    kirin = await startKirin({ bind: [], cwd: folder.path });
  });

  after(async () => {
    await kirin.stop();
    await upstream.stop();
    folder.remove();
  });

  for (const [version, ask] of EACH_VERSION) {
    it(`that a proxied server sends are for the proxy, and no client gets them, by ${version}`, async () => {
      upstream.answer = (_request, response) => response.writeHead(200, { ...FIELDS, ...OTHERS }).end('made');
      for (const target of ['/plain', '/cached/a', '/cached/a', '/cached/a?fresh=1']) {
        const { headers, text } = await ask(kirin.port, target);
        assert.deepEqual([told(headers), text], [[], 'made'], target);
        for (const name of Object.keys(OTHERS)) assert.ok(headers.has(name.toLowerCase()), target);
      }
      const posted = await ask(kirin.port, '/cached/a', { method: 'POST', body: 'a' });
      assert.deepEqual(told(posted.headers), []);
    });

    it(`are gone from what no cache may keep, from errors, and from pieces, by ${version}`, async () => {
      upstream.answer = (_request, response) => {
        response.writeHead(500, {
          'Cache-Control': 'private',
          'X-Accel-Expires': '0',
          'X-Accel-Charset': 'a',
        });
        response.write('one');
        setImmediate(() => response.end('two'));
      };
      for (const target of ['/plain', '/cached/none']) {
        const { status, headers, text } = await ask(kirin.port, target);
        assert.deepEqual([status, told(headers), text], [500, [], 'onetwo'], target);
      }
    });

    it(`are gone where others of them are heeded, by ${version}`, async () => {
      upstream.answer = (_request, response) =>
        response.writeHead(200, { 'X-Accel-Charset': 'utf-8', 'X-Accel-Limit-Rate': '1' }).end('made');
      const { headers, text } = await ask(kirin.port, '/', { host: 'inside.example' });
      assert.deepEqual([told(headers), text], [[], 'made']);
    });
  }

  it('that an application sends go to a proxy that is trusted, which they may be for, and to nobody else', async () => {
    for (const target of ['/app', '/app/pieces']) {
      assert.deepEqual(told((await askSiteByHttp2(kirin.port, target)).headers), ALL);
      const { headers } = await askSite(kirin.port, target);
      assert.deepEqual([told(headers), headers.has('x-sendfile')], [[], true]);
    }
  });

  it('that an application sends go to whoever asks where Kirin has no sites, as with Gunicorn', async () => {
    const aside = new AppFolder({ 'main.py': PYTHON });
    const alone = await startKirin({
      args: ['--forwarded-allow-ips', '10.0.0.1', 'main:app'],
      cwd: aside.path,
    });
    try {
      assert.deepEqual(told((await askSite(alone.port, '/')).headers), ALL);
    } finally {
      await alone.stop();
      aside.remove();
    }
  });
});

describe('TRACE', () => {
  it('is not passed on by a proxy, which answers 405, and is an application’s to answer', async () => {
    const upstream = await new HttpUpstream().start();
    const folder = new AppFolder({ 'main.py': PYTHON, 'kirin.toml': site(upstream.port) });
    const kirin = await startKirin({ bind: [], cwd: folder.path });
    try {
      for (const [version, ask] of EACH_VERSION) {
        for (const target of ['/plain', '/cached/a']) {
          const { status, text } = await ask(kirin.port, target, {
            method: 'TRACE',
            fields: { Cookie: 'secret' },
          });
          assert.deepEqual([status, text.includes('secret')], [405, false], version);
        }
        const { status, text } = await ask(kirin.port, '/app', { method: 'TRACE' });
        assert.deepEqual([status, text], [200, 'TRACE'], version);
      }
      assert.equal(upstream.requests.length, 0);
    } finally {
      await kirin.stop();
      await upstream.stop();
      folder.remove();
    }
  });
});

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { ScriptedOrigin } from '../support/cache/scripted-origin.ts';
import { checkDocumented } from '../support/documented.ts';
import { type KirinProcess, runKirin, startKirin } from '../support/kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { waitFor } from '../support/wait-for.ts';

const APP = `
count = 0
def app(environ, start_response):
    global count
    count += 1
    path = environ["PATH_INFO"]
    fields = [("Content-Type", "text/plain")]
    if not path.endswith("/plain"):
        fields.append(("Cache-Control", "max-age=600"))
    if path.endswith("/tagged"):
        fields[1:] = [("Cache-Control", "max-age=%d" % (600 if "HTTP_IF_NONE_MATCH" in environ else 0)), ("ETag", '"a"')]
        if "HTTP_IF_NONE_MATCH" in environ:
            start_response("304 Not Modified", fields)
            return []
    if path.endswith("/cookie"):
        fields.append(("Set-Cookie", "a=b"))
    if path.endswith("/accel"):
        fields.append(("X-Accel-Expires", "600"))
    start_response("404 Not Found" if "missing" in path else "200 OK", fields)
    if path.endswith("/large"):
        return (b"%d" % count + b"x" * 100000 for _ in range(5))
    if path.endswith("/file"):
        return environ["wsgi.file_wrapper"](open("a.txt", "rb"))
    return [b"%d" % count]
`;

const site = (originPort: number) => `
app = "main:app"
bind = "127.0.0.1:0"
accesslog = "-"

[caches.pages]
[caches.small]
size = "200k"

[[sites]]
access_log = { file = "access.log", format = "$request_uri $status $cache_status" }
add_headers = { X-Cache = "$upstream_cache_status" }

[[sites.routes]]
path = "/origin"
proxy = "http://127.0.0.1:${originPort}"
cache = { in = "pages", lock_timeout = "30s", purge = "127.0.0.1" }

[[sites.routes]]
path = "/impatient"
proxy = "http://127.0.0.1:${originPort}"
cache = { in = "pages", lock_timeout = "10ms" }

[[sites.routes]]
path = "/valid"
cache = { in = "pages", valid = { 200 = "10m", "404,410" = "1m" } }

[[sites.routes]]
path = "/ignoring"
cache = { in = "pages", ignore = "Set-Cookie", client_directives = false, cache_status = false }

[[sites.routes]]
path = "/bypass"
cache = { in = "pages", bypass = "$arg_fresh", no_store = ["$cookie_session", "$http_x_private"] }

[[sites.routes]]
path = "/twice"
cache = { in = "pages", min_uses = 2 }

[[sites.routes]]
path = "/key"
cache = { in = "pages", key = "$host$uri" }

[[sites.routes]]
path = "/small"
cache = { in = "small", max_entry = "300k" }

[[sites.routes]]
path = "/static"
cache = "pages"
files = { folder = "static", cache_control = "max-age=600", missing = "next" }

[[sites.routes]]
path = "/static"

[[sites.routes]]
path = "/not-purged"
cache = { in = "pages", purge = "192.0.2.1" }

[[sites.routes]]
path = "/"
cache = "pages"
`;

describe('the cache of a route', () => {
  let folder: AppFolder;
  let origin: ScriptedOrigin;
  let kirin: KirinProcess;

  before(async () => {
    origin = await ScriptedOrigin.start();
    folder = new AppFolder({ 'main.py': APP, 'kirin.toml': site(origin.port), 'a.txt': 'a file' });
    folder.writeIn('static', 'a.txt', 'static');
    kirin = await startKirin({ bind: [], cwd: folder.path });
  });

  after(async () => {
    await kirin.stop();
    await origin.stop();
    folder.remove();
  });

  async function ask(target: string, { method = 'GET', fields = [] as readonly string[] } = {}) {
    const connection = await RawConnection.open({ port: kirin.port });
    try {
      connection.send(`${[`${method} ${target} HTTP/1.1`, 'Host: a', ...fields].join('\r\n')}\r\n\r\n`);
      const response = await connection.readResponse({ method });
      const headers = new Map(response.fields.map(([name, value]) => [name.toLowerCase(), value]));
      const body = response.body.toString('latin1');
      return { status: response.status, headers, body, cache: headers.get('x-cache') };
    } finally {
      connection.destroy();
    }
  }

  /** What the origin gives when the test says so. */
  function gate() {
    let open: () => void = () => {};
    const isOpen = new Promise<void>((resolve) => {
      open = resolve;
    });
    return { open, until: () => isOpen };
  }

  it('keeps what applications, files and file wrappers answer', async () => {
    for (const target of ['/app', '/file', '/large', '/static/a.txt']) {
      const first = await ask(target);
      const second = await ask(target);
      assert.deepEqual([first.cache, second.cache], ['MISS', 'HIT'], target);
      assert.equal(second.body, first.body);
      assert.equal(second.headers.get('content-length'), String(first.body.length));
    }
    assert.equal((await ask('/large')).body.length > 500_000, true);
    assert.equal((await ask('/file')).body, 'a file');
  });

  it('asks an application whether what it has is still right, which then is as young as that answer', async () => {
    const { body } = await ask('/tagged');
    const second = await ask('/tagged');
    assert.deepEqual([second.cache, second.body], ['REVALIDATED', body]);
    const third = await ask('/tagged');
    assert.deepEqual([third.cache, third.body], ['HIT', body]);
  });

  it('does not keep for one route what another answers', async () => {
    const first = await ask('/static/other');
    const second = await ask('/static/other');
    assert.notEqual(first.body, second.body);
  });

  it('tells logs and variables what has become of a request', async () => {
    await ask('/logged');
    await ask('/logged');
    const log = join(folder.path, 'access.log');
    const { readFileSync } = await import('node:fs');
    await waitFor(() => existsSync(log) && readFileSync(log, 'utf8').includes('/logged 200 HIT'), {
      what: 'the line',
    });
    assert.match(readFileSync(log, 'utf8'), /^\/logged 200 MISS$/m);
  });

  it('has the origin asked once for many who wait, also when the first of them leaves', async () => {
    const { open, until } = gate();
    origin.script('/origin/once', [{ fields: ['Cache-Control: max-age=600'], until }]);
    const first = await RawConnection.open({ port: kirin.port });
    first.send('GET /origin/once HTTP/1.1\r\nHost: a\r\n\r\n');
    await waitFor(() => origin.seen('/origin/once').length === 1, { what: 'the first' });
    const leaving = await RawConnection.open({ port: kirin.port });
    leaving.send('GET /origin/once HTTP/1.1\r\nHost: a\r\n\r\n');
    const others = Array.from({ length: 20 }, () => ask('/origin/once'));
    // Once one behind them has been answered, they are waiting.
    await ask('/app');
    await ask('/app');
    first.reset();
    leaving.reset();
    await ask('/app');
    open();
    for (const { status, body } of await Promise.all(others)) assert.deepEqual([status, body], [200, '1']);
    assert.equal(origin.seen('/origin/once').length, 1);
  });

  it('gives up a fetch that nobody waits for any more', async () => {
    const { open, until } = gate();
    origin.script('/origin/left', [{ fields: ['Cache-Control: max-age=600'], until }, { fields: [] }]);
    const first = await RawConnection.open({ port: kirin.port });
    first.send('GET /origin/left HTTP/1.1\r\nHost: a\r\n\r\n');
    await waitFor(() => origin.seen('/origin/left').length === 1, { what: 'the first' });
    first.reset();
    await waitFor(async () => (await ask('/origin/left')).body === '2', { what: 'another fetch' });
    open();
  });

  it('lets those who wait ask for themselves after a while, or when nothing is stored', async () => {
    const { open, until } = gate();
    origin.script('/impatient/a', [{ fields: ['Cache-Control: max-age=600'], until }, { fields: [] }]);
    const first = ask('/impatient/a');
    await waitFor(() => origin.seen('/impatient/a').length === 1, { what: 'the first' });
    assert.equal((await ask('/impatient/a')).body, '2');
    open();
    assert.equal((await first).body, '1');

    const second = gate();
    origin.script('/origin/private', [
      { fields: ['Cache-Control: private'], until: second.until },
      { fields: [] },
    ]);
    const both = [ask('/origin/private')];
    await waitFor(() => origin.seen('/origin/private').length === 1, { what: 'the first' });
    both.push(ask('/origin/private'));
    await ask('/app');
    second.open();
    const bodies = await Promise.all(both.map(async (each) => (await each).body));
    assert.deepEqual(bodies, ['1', '2']);
  });

  it('gives all who wait the error of the one fetch', async () => {
    const { open, until } = gate();
    origin.script('/origin/broken', [{ breaksOffAfter: 0, body: 'x', until }]);
    const all = [ask('/origin/broken')];
    await waitFor(() => origin.seen('/origin/broken').length === 1, { what: 'the first' });
    for (let index = 0; index < 5; index += 1) all.push(ask('/origin/broken'));
    await ask('/app');
    open();
    for (const { status } of await Promise.all(all)) assert.equal(status, 502);
  });

  it('stores nothing that was asked for before it was changed', async () => {
    const { open, until } = gate();
    const fresh = ['Cache-Control: max-age=600'];
    origin.script('/origin/changed', [{ fields: fresh, until }, { fields: fresh }]);
    const old = ask('/origin/changed');
    await waitFor(() => origin.seen('/origin/changed').length === 1, { what: 'the first' });
    const waiting = ask('/origin/changed');
    const partial = ask('/origin/changed', { fields: ['Range: bytes=0-0'] });
    await ask('/app');
    assert.equal((await ask('/origin/changed', { method: 'POST', fields: ['Content-Length: 0'] })).body, '2');
    open();
    assert.equal((await old).body, '1');
    assert.deepEqual(
      [(await waiting).status, (await partial).status, Number((await waiting).body) > 2],
      [200, 200, true],
    );
    assert.ok(Number((await ask('/origin/changed')).body) > 2);
  });

  it('forgets what a Location of the same origin names', async () => {
    const fresh = ['Cache-Control: max-age=600'];
    origin.script('/origin/list', [{ fields: fresh }]);
    origin.script('/origin/new', [
      { status: 303, fields: ['Location: /origin/list', 'Content-Location: http://b/origin/list'] },
    ]);
    assert.equal((await ask('/origin/list')).body, '1');
    await ask('/origin/new', { method: 'POST', fields: ['Content-Length: 0'] });
    assert.equal((await ask('/origin/list')).body, '2');
  });

  it('answers with what is stale, and renews it behind that', async () => {
    const stale = ['Cache-Control: max-age=60, stale-while-revalidate=600', 'Age: 100'];
    origin.script('/origin/swr', [{ fields: stale }, { fields: ['Cache-Control: max-age=600'] }]);
    assert.equal((await ask('/origin/swr')).body, '1');
    const second = await ask('/origin/swr');
    assert.deepEqual([second.body, second.cache], ['1', 'UPDATING']);
    await waitFor(async () => (await ask('/origin/swr')).body === '2', { what: 'the new one' });
    assert.equal(origin.seen('/origin/swr').length, 2);
  });

  it('keeps what does not say for how long, if it is told to', async () => {
    assert.equal((await ask('/valid/plain')).body, (await ask('/valid/plain')).body);
    assert.equal((await ask('/valid/missing/plain')).body, (await ask('/valid/missing/plain')).body);
    assert.notEqual((await ask('/plain')).body, (await ask('/plain')).body);
  });

  it('ignores fields, if it is told to, and then gives nobody a cookie that was another’s', async () => {
    const first = await ask('/ignoring/cookie');
    const second = await ask('/ignoring/cookie', { fields: ['Cache-Control: no-cache'] });
    assert.deepEqual([first.headers.get('set-cookie'), second.headers.get('set-cookie')], ['a=b', undefined]);
    assert.equal(second.body, first.body);
    assert.equal(second.headers.has('cache-status'), false);
  });

  it('takes X-Accel-Expires for what nginx does, and keeps it to itself', async () => {
    const first = await ask('/valid/plain/accel');
    assert.equal(first.headers.has('x-accel-expires'), false);
    assert.equal((await ask('/valid/plain/accel')).cache, 'HIT');
  });

  it('is not asked, or keeps nothing, where variables say so', async () => {
    const first = await ask('/bypass/a');
    const refreshed = await ask('/bypass/a?fresh=1');
    assert.equal(refreshed.cache, 'BYPASS');
    assert.equal((await ask('/bypass/a')).body, first.body);
    assert.equal((await ask('/bypass/a?fresh=0')).cache, 'MISS');
    const alone = await ask('/bypass/b', { fields: ['Cookie: session=1'] });
    assert.notEqual((await ask('/bypass/b')).body, alone.body);
  });

  it('keeps what was asked for as often as it is told', async () => {
    const caches = [];
    for (let time = 0; time < 4; time += 1) caches.push((await ask('/twice/a')).cache);
    assert.deepEqual(caches, ['MISS', 'MISS', 'HIT', 'HIT']);
  });

  it('tells responses apart by its key', async () => {
    assert.equal((await ask('/key/a?x=1')).body, (await ask('/key/a?x=2')).body);
    assert.notEqual((await ask('/app?x=1')).body, (await ask('/app?x=2')).body);
    assert.notEqual((await ask('/app?')).body, (await ask('/app')).body);
  });

  it('keeps within its size, and nothing that is too large', async () => {
    const sizes = [await ask('/small/large'), await ask('/small/large')];
    assert.deepEqual(
      sizes.map(({ cache }) => cache),
      ['MISS', 'MISS'],
    );
    assert.deepEqual(
      sizes.map(({ body }) => body.length > 500_000),
      [true, true],
    );
    for (let index = 0; index < 300; index += 1) await ask(`/small/${index}`);
    assert.equal((await ask('/small/299')).cache, 'HIT');
    assert.equal((await ask('/small/0')).cache, 'MISS');
  });

  it('forgets one URI, or all that begin alike, on PURGE by who may', async () => {
    const fresh = ['Cache-Control: max-age=600'];
    for (const name of ['a', 'b/c', 'b/d']) {
      origin.script(`/origin/purge/${name}`, [{ fields: fresh }]);
      await ask(`/origin/purge/${name}`);
    }
    const one = await ask('/origin/purge/a', { method: 'PURGE' });
    assert.deepEqual([one.status, one.body], [200, '{"purged":1}\n']);
    assert.equal((await ask('/origin/purge/a')).body, '2');
    assert.equal((await ask('/origin/purge/b/c')).body, '1');
    assert.equal((await ask('/origin/purge/b/*', { method: 'PURGE' })).body, '{"purged":2}\n');
    assert.equal((await ask('/origin/purge/b/c')).body, '2');
    assert.equal((await ask('/origin/purge/none', { method: 'PURGE' })).status, 404);
    assert.equal((await ask('/not-purged/a', { method: 'PURGE' })).status, 403);
  });

  it('keeps what it has through a reload that leaves it as it is', async () => {
    const { body } = await ask('/app/kept');
    const from = kirin.log().length;
    kirin.signal('SIGHUP');
    await kirin.waitForLog(/Ready: \d+ worker/, { from });
    assert.equal((await ask('/app/kept')).body, body);
  });

  it('is checked with the file', async () => {
    const wrong: readonly (readonly [line: string, message: RegExp])[] = [
      ['cache = "page"', /there is no \[caches\.page\]; did you mean pages\?/],
      ['cache = { in = "pages", valid = { 200 = "soon" } }', /not a number of seconds/],
      ['cache = { in = "pages", ignore = "Age" }', /'Age' is none of Cache-Control/],
      ['cache = { key = "$uri" }', /it needs the name of a cache/],
    ];
    for (const [line, message] of wrong) {
      const mistaken = new AppFolder({
        'main.py': APP,
        'kirin.toml': `app = "main:app"\n[caches.pages]\n[[sites]]\n[[sites.routes]]\n${line}\n`,
      });
      try {
        const { code, log } = await runKirin({ bind: [], cwd: mistaken.path, args: ['--check-config'] });
        assert.notEqual(code, 0, line);
        assert.match(log, message);
        assert.match(log, /kirin\.toml:5:\d+: /);
      } finally {
        mistaken.remove();
      }
    }
  });

  it('is as the documentation shows it', () => checkDocumented('docs/operate/caching.md'));
});

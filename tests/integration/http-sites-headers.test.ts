import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { ANY_VERSION, askSite, askSiteByHttp2, EACH_VERSION } from '../support/ask-site.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { waitFor } from '../support/wait-for.ts';

/** Answers with the status that the path names, and with what it was told. */
const APP = `
def app(environ, start_response):
    status = environ["PATH_INFO"].rpartition("/")[2]
    start_response((status if status.isdigit() else "200") + " As asked", [
        ("Content-Type", "text/plain"),
        ("X-Powered-By", "snakes"),
        ("x-powered-by", "more snakes"),
        ("Cache-Control", "private"),
        ("ETag", '"1"'),
    ])
    if environ["PATH_INFO"].startswith("/pieces"):
        return iter([b"one ", b"two"])
    return [environ.get("HTTP_X_REQUEST_ID", "none").encode("latin-1")]
`;

const sites = (upstreamPort: number) => `
app = "main:app"
${ANY_VERSION}
accesslog = "access.log"
access_log_format = "%(U)s %({x-request-id}o)s"

[[sites]]
hosts = ["shop.example"]
add_headers = { X-Frame-Options = "DENY", X-Path = "$path", X-None = "$http_none", Cache-Control = "no-transform", ETag = '"2"' }
remove_headers = "X-Powered-By"

[[sites.routes]]
path = "/always"
add_headers = { X-Always = { value = "yes", errors = true }, X-Usual = "yes", X-Many = ["1", { value = "2" }] }
remove_headers = ["Server", "Date"]

[[sites.routes]]
path = "/refused"
add_headers = { X-Always = { value = "yes", errors = true }, X-Usual = "yes" }
respond = 403

[[sites.routes]]
path = "/static"
files = "static"

[[sites]]
hosts = "ids.example"
request_id = true
[[sites.routes]]
path = "/refused"
respond = 403
[[sites.routes]]
path = "/answered"
respond = "told"
add_headers = { X-Told = "$request_id" }

[[sites]]
hosts = "proxied.example"
request_id = true
routes = [{ proxy = "http://127.0.0.1:${upstreamPort}" }]

[[sites]]
hosts = "names.example"
add_headers = { X-Id = "$request_id", X-Same = "$request_id" }
`;

describe('added and removed headers', () => {
  const folder = new AppFolder({ 'main.py': APP });
  const upstream = createServer((request, response) => response.end(request.headers['x-request-id']));
  before(async () => {
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    folder.write('kirin.toml', sites((upstream.address() as AddressInfo).port));
  });
  folder.writeIn('static', 'a.txt', 'a file');
  const kirin = useKirin(() => ({ bind: [], cwd: folder.path }));
  after(() => {
    upstream.closeAllConnections();
    upstream.close();
    folder.remove();
  });

  for (const [version, ask] of EACH_VERSION) {
    it(`stand beside what the application says, or in its place, with ${version}`, async () => {
      for (const target of ['/a', '/pieces']) {
        const { status, headers, text } = await ask(kirin().port, target);
        assert.deepEqual([status, text], [200, target === '/a' ? 'none' : 'one two']);
        assert.equal(headers.get('x-frame-options'), 'DENY');
        assert.equal(headers.get('x-path'), target);
        assert.equal(headers.has('x-none'), false);
        assert.equal(headers.get('cache-control'), 'private, no-transform');
        assert.equal(headers.get('etag'), '"2"');
        assert.equal(headers.has('x-powered-by'), false);
      }
    });

    it(`belong to files, with ${version}`, async () => {
      const { headers, text } = await ask(kirin().port, '/static/a.txt');
      assert.deepEqual([text, headers.get('x-frame-options')], ['a file', 'DENY']);
    });

    it(`belong to errors only if asked, with ${version}`, async () => {
      for (const target of ['/always/404', '/always/500', '/refused']) {
        const { headers } = await ask(kirin().port, target);
        assert.deepEqual([headers.get('x-always'), headers.get('x-usual')], ['yes', undefined], target);
      }
      for (const status of [201, 206, 302, 308]) {
        const { headers } = await ask(kirin().port, `/always/${status}`);
        assert.deepEqual([headers.get('x-always'), headers.get('x-usual')], ['yes', 'yes']);
        assert.equal(headers.get('x-many'), '1, 2');
      }
    });

    it(`of a route take the place of the site's, and even Server and Date can go, with ${version}`, async () => {
      const { headers } = await ask(kirin().port, '/always/200');
      for (const name of ['x-frame-options', 'server', 'date']) assert.equal(headers.has(name), false, name);
      assert.equal(headers.get('x-powered-by'), 'snakes, more snakes');
      assert.equal((await ask(kirin().port, '/a')).headers.get('server'), 'kirin');
    });

    it(`tell the same request id to an upstream and to the client, with ${version}`, async () => {
      const fields = { 'X-Request-ID': 'a b' };
      const { text, headers } = await ask(kirin().port, '/a', { host: 'proxied.example', fields });
      assert.match(text, /^[0-9a-f]{32}$/);
      assert.equal(headers.get('x-request-id'), text);
    });

    it(`tell the same request id to the application and to the client, with ${version}`, async () => {
      const first = await ask(kirin().port, '/a', { host: 'ids.example' });
      assert.match(first.text, /^[0-9a-f]{32}$/);
      assert.equal(first.headers.get('x-request-id'), first.text);
      const second = await ask(kirin().port, '/a', { host: 'ids.example' });
      assert.notEqual(second.text, first.text);
    });
  }

  it('have the id that a trusted proxy gave, if it is one', async () => {
    const given = (id: string) =>
      askSiteByHttp2(kirin().port, '/a', { host: 'ids.example', fields: { 'X-Request-ID': id } });
    const taken = await given('abc-1');
    assert.deepEqual([taken.text, taken.headers.get('x-request-id')], ['abc-1', 'abc-1']);
    const untrusted = await askSite(kirin().port, '/a', {
      host: 'ids.example',
      fields: { 'X-Request-ID': 'abc-1' },
    });
    assert.match(untrusted.text, /^[0-9a-f]{32}$/);
    for (const id of ['', 'a b', 'x'.repeat(129)]) {
      assert.match((await given(id)).text, /^[0-9a-f]{32}$/, id);
    }
  });

  it('have an id with refusals and with variables', async () => {
    const ambiguous = await askSite(kirin().port, '/a/..%2f', { host: 'ids.example' });
    assert.equal(ambiguous.status, 400);
    assert.match(ambiguous.headers.get('x-request-id') ?? '', /^[0-9a-f]{32}$/);
    const refused = await askSite(kirin().port, '/refused', { host: 'ids.example' });
    assert.equal(refused.status, 403);
    assert.match(refused.headers.get('x-request-id') ?? '', /^[0-9a-f]{32}$/);
    const answered = await askSite(kirin().port, '/answered', { host: 'ids.example' });
    assert.equal(answered.headers.get('x-told'), answered.headers.get('x-request-id'));
    await waitFor(
      () =>
        readFileSync(join(folder.path, 'access.log'), 'utf8').includes(
          `/refused ${refused.headers.get('x-request-id')}`,
        ),
      { what: 'the id in the access log' },
    );
    const named = await askSite(kirin().port, '/', { host: 'names.example' });
    assert.match(named.headers.get('x-id') ?? '', /^[0-9a-f]{32}$/);
    assert.equal(named.headers.get('x-same'), named.headers.get('x-id'));
  });
});

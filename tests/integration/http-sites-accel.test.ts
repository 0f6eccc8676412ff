import assert from 'node:assert/strict';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { AppFolder } from '../support/app-folder.ts';
import { ANY_VERSION, EACH_VERSION } from '../support/ask-site.ts';
import { useKirin } from '../support/shared-kirin.ts';

/** Answers with the headers that its query names. */
const APP = `
from urllib.parse import parse_qsl, unquote_to_bytes

def app(environ, start_response):
    if environ["PATH_INFO"] == "/echo":
        start_response("200 OK", [("Content-Type", "text/plain")])
        parts = (environ["REQUEST_METHOD"], environ["QUERY_STRING"], environ["wsgi.input"].read().decode())
        return [" ".join(parts).encode()]
    pairs = [pair.partition("=") for pair in environ["QUERY_STRING"].split("&") if pair]
    headers = [(name, unquote_to_bytes(value).decode("latin-1")) for name, _, value in pairs]
    start_response("200 OK", headers)
    return iter([b"never", b" seen"]) if environ["PATH_INFO"] == "/pieces" else [b"never seen"]
`;

const sites = (upstreamPort: number) => `
app = "main:app"
${ANY_VERSION}

[[sites]]
hosts = ["shop.example"]
compress = true
sendfile_from = ["media", "more"]
error_pages = { 404 = "/lost" }

[[sites.routes]]
path = "/protected"
internal = true
files = { folder = "files", cache_control = "public" }
add_headers = { X-Inside = "$path" }

[[sites.routes]]
path = "/proxied"
proxy = "http://127.0.0.1:${upstreamPort}"

[[sites.routes]]
path = "/streamed"
proxy = { to = "http://127.0.0.1:${upstreamPort}", request_buffering = false }
error_pages = { intercept = true, 502 = "@echo" }

[[sites.routes]]
name = "echo"
internal = true
rewrite = "/echo"
again = true

[[sites.routes]]
exact = "/lost"
respond = "lost"

[[sites]]
hosts = "plain.example"
`;

describe('responses that send a request on', () => {
  const folder = new AppFolder({ 'main.py': APP, 'secret.txt': 'secret' });
  folder.writeIn('files', 'a b.txt', 'a file, '.repeat(20));
  folder.writeIn('files', 'large.txt', 'large '.repeat(1000));
  folder.writeIn('media', 'one.bin', 'by sendfile');
  folder.writeIn('media', '.hidden ü', 'hidden');
  folder.writeIn('more', 'two.txt', 'of the second folder');
  symlinkSync(join(folder.path, 'secret.txt'), join(folder.path, 'media', 'link.txt'));
  let upstream: Server;
  before(async () => {
    upstream = createServer((request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://a');
      for (const [name, value] of searchParams) if (name !== 'status') response.setHeader(name, value);
      response.statusCode = Number(searchParams.get('status') ?? 200);
      response.end('never seen');
    }).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    folder.write('kirin.toml', sites((upstream.address() as AddressInfo).port));
  });
  const kirin = useKirin(() => ({ bind: [], cwd: folder.path }));
  after(() => {
    upstream.closeAllConnections();
    upstream.close();
    folder.remove();
  });

  for (const [version, ask] of EACH_VERSION) {
    const given = (fields: Readonly<Record<string, string>>) =>
      Object.entries(fields)
        .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
        .join('&');
    const asking =
      (path: string) =>
      (fields: Readonly<Record<string, string>>, question: object = {}) =>
        ask(kirin().port, `${path}?${given(fields)}`, question);

    for (const path of ['/app', '/pieces', '/proxied']) {
      const answered = asking(path);

      it(`to an internal route, of ${path} with ${version}`, async () => {
        for (const target of ['/protected/a b.txt', '/protected/a%20b.txt', '/protected//a%20b.txt?x=1']) {
          const { status, headers, text } = await answered({ 'X-Accel-Redirect': target });
          assert.deepEqual([status, text], [200, 'a file, '.repeat(20)], target);
          assert.match(headers.get('content-type') ?? '', /^text\/plain/);
          assert.equal(headers.get('cache-control'), 'public');
          assert.match(headers.get('x-inside') ?? '', /^\/protected\//);
          assert.equal(headers.has('x-accel-redirect'), false);
          assert.equal(headers.get('accept-ranges'), 'bytes');
        }
      });

      it(`to a file, of ${path} with ${version}`, async () => {
        const { status, headers, text } = await answered({
          'X-Sendfile': join(folder.path, 'media/one.bin'),
        });
        assert.deepEqual([status, text], [200, 'by sendfile']);
        assert.equal(headers.has('x-sendfile'), false);
        assert.equal(
          (await answered({ 'X-Sendfile': join(folder.path, 'more/two.txt') })).text,
          'of the second folder',
        );
        const odd = Buffer.from(join(folder.path, 'media/.hidden ü'), 'utf8').toString('latin1');
        if (path !== '/proxied') {
          const bytes = [...odd]
            .map((byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
            .join('');
          assert.equal((await ask(kirin().port, `${path}?X-Sendfile=${bytes}`)).text, 'hidden');
        }
      });
    }

    const answered = asking('/app');

    it(`keep what was said of the content, and cookies, with ${version}`, async () => {
      const said = {
        'Content-Type': 'text/csv',
        'X-Accel-Charset': 'utf-8',
        'Content-Disposition': 'attachment; filename=a.csv',
        'Cache-Control': 'private',
        Expires: 'Thu, 01 Jan 1970 00:00:00 GMT',
        'Set-Cookie': 'a=1',
        ETag: '"app"',
        'X-Other': 'gone',
      };
      for (const how of [
        { 'X-Accel-Redirect': '/protected/a%20b.txt' },
        { 'X-Sendfile': join(folder.path, 'media/one.bin') },
      ]) {
        const { headers } = await answered({ ...said, ...how });
        assert.equal(headers.get('content-type'), 'text/csv; charset=utf-8');
        assert.equal(headers.get('content-disposition'), 'attachment; filename=a.csv');
        assert.equal(headers.get('cache-control'), 'private');
        assert.equal(headers.get('expires'), 'Thu, 01 Jan 1970 00:00:00 GMT');
        assert.equal(headers.get('set-cookie'), 'a=1');
        assert.notEqual(headers.get('etag'), '"app"');
        assert.equal(headers.has('x-other'), false);
      }
    });

    it(`let conditions and ranges be about the file, with ${version}`, async () => {
      for (const how of [
        { 'X-Accel-Redirect': '/protected/a%20b.txt' },
        { 'X-Sendfile': join(folder.path, 'media/one.bin') },
      ]) {
        const first = await answered(how);
        const tag = first.headers.get('etag') ?? '';
        assert.equal((await answered(how, { fields: { 'If-None-Match': tag } })).status, 304);
        const part = await answered(how, { fields: { Range: 'bytes=2-4' } });
        assert.deepEqual([part.status, part.text], [206, first.text.slice(2, 5)]);
        const parts = await answered(
          { ...how, 'Content-Type': 'text/csv' },
          { fields: { Range: 'bytes=0-0,2-3' } },
        );
        assert.match(parts.headers.get('content-type') ?? '', /^multipart\/byteranges/);
      }
    });

    it(`send a POST on as GET to a path, and as it is to a route, with ${version}`, async () => {
      const post = { method: 'POST', body: 'the body' };
      assert.equal((await answered({ 'X-Accel-Redirect': '/echo?b=c' }, post)).text, 'GET b=c ');
      const named = await answered({ 'X-Accel-Redirect': '@echo' }, post);
      assert.equal(named.text, `POST ${given({ 'X-Accel-Redirect': '@echo' })} the body`);
      const head = await answered({ 'X-Accel-Redirect': '/protected/a%20b.txt' }, { method: 'HEAD' });
      assert.deepEqual([head.status, head.text, head.headers.get('content-length')], [200, '', '160']);
    });

    it(`need the body that was sent, with ${version}`, async () => {
      const streamed = asking('/streamed');
      // More than could wait for the upstream.
      const post = { method: 'POST', body: 'x'.repeat(500_000) };
      assert.equal((await streamed({ status: '502' })).text, 'GET status=502 ');
      const failed = await streamed({ status: '502' }, post);
      assert.deepEqual([failed.status, failed.text], [502, 'never seen']);
      assert.equal((await streamed({ 'X-Accel-Redirect': '@echo' }, post)).status, 500);
      assert.equal((await streamed({ 'X-Accel-Redirect': '/echo' }, post)).text, 'GET  ');
    });

    it(`are compressed as what they send, with ${version}`, async () => {
      const fields = { 'Accept-Encoding': 'gzip' };
      const { headers, body } = await answered({ 'X-Accel-Redirect': '/protected/large.txt' }, { fields });
      assert.equal(headers.get('content-encoding'), 'gzip');
      assert.equal(gunzipSync(body).toString(), 'large '.repeat(1000));
    });

    it(`reach nothing that they may not, with ${version}`, async () => {
      const isLost = async (fields: Readonly<Record<string, string>>) => {
        const { status, text } = await answered(fields);
        assert.deepEqual([status, text], [404, 'lost'], JSON.stringify(fields));
      };
      for (const target of [
        '/protected/../secret.txt',
        '/protected/%2e%2e/secret.txt',
        'protected/a',
        '/protected/none',
      ]) {
        await isLost({ 'X-Accel-Redirect': target });
      }
      for (const file of ['secret.txt', 'media/../secret.txt', 'mediax', 'media/none']) {
        await isLost({ 'X-Sendfile': `${folder.path}/${file}` });
      }
      await isLost({ 'X-Sendfile': 'media/one.bin' });
      assert.equal((await answered({ 'X-Sendfile': `${folder.path}/media/` })).status, 404);
      assert.equal((await answered({ 'X-Sendfile': join(folder.path, 'media/link.txt') })).status, 403);
    });

    it(`may send it on once more, with ${version}`, async () => {
      const target = `/app?${given({ 'X-Accel-Redirect': '/app' })}`;
      assert.deepEqual((await answered({ 'X-Accel-Redirect': target })).text, 'never seen');
    });

    it(`are responses like all others where nothing is internal, with ${version}`, async () => {
      const { text, headers } = await answered(
        { 'X-Accel-Redirect': '/a', 'X-Sendfile': '/b' },
        { host: 'plain.example' },
      );
      assert.deepEqual([text, headers.get('x-sendfile')], ['never seen', '/b']);
    });
  }
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { ANY_VERSION, EACH_VERSION } from '../support/ask-site.ts';
import { HttpUpstream } from '../support/fake-upstream.ts';
import { ProxyingKirin } from '../support/proxying-kirin.ts';
import { waitFor } from '../support/wait-for.ts';

/** More than a connection holds, so that the rest is still on its way when the head is read. */
const LARGE = 8 << 20;

describe('what stands around a proxy', () => {
  const upstream = new HttpUpstream();
  let kirin: ProxyingKirin;

  before(async () => {
    await upstream.start();
    const to = `http://127.0.0.1:${upstream.port}`;
    kirin = await ProxyingKirin.start(
      `
[[sites.routes]]
path = "/compressed"
compress = true
proxy = "${to}"

[[sites.routes]]
path = "/pages"
proxy = "${to}"
error_pages = { intercept = true, "500,502" = "@sorry" }

[[sites.routes]]
path = "/cached"
proxy = "${to}"
cache = "memory"

[[sites.routes]]
path = "/headers"
proxy = "${to}"
add_headers = { X-Added = "$upstream_status" }
remove_headers = ["X-Powered-By"]
request_id = true

[[sites.routes]]
path = "/small"
max_body = "1k"
proxy = { to = "${to}", request_buffering = false }

[[sites.routes]]
path = "/send"
proxy = "${to}"

[[sites.routes]]
path = "/inside"
internal = true
respond = "from inside"

[[sites.routes]]
path = "/logged"
proxy = "${to}"
access_log = { file = "access.log", format = "$status $upstream_addr $upstream_status $upstream_response_time $proxy_host" }

[[sites.routes]]
name = "sorry"
internal = true
respond = { status = 200, body = "sorry" }

[[sites.routes]]
path = "/rewritten"
rewrite = "/new$uri"

[[sites.routes]]
path = "/new"
proxy = "${to}"
`,
      `${ANY_VERSION}\n[caches.memory]\nsize = "10m"`,
    );
  });

  after(async () => {
    await kirin.stop();
    await upstream.stop();
  });

  beforeEach(() => {
    upstream.answer = (request, response) => response.end(`${request.method} ${request.target}`);
  });

  for (const [version, ask] of EACH_VERSION) {
    it(`compresses what it gets, by ${version}`, async () => {
      for (const size of [5000, LARGE]) {
        const body = Buffer.alloc(size, 'text ');
        upstream.answer = (_request, response) => {
          response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': size }).end(body);
        };
        const answer = await ask(kirin.port, '/compressed', { fields: { 'accept-encoding': 'gzip' } });
        assert.equal(answer.headers.get('content-encoding'), 'gzip');
        assert.ok(gunzipSync(answer.body).equals(body), `${size} bytes`);
      }
    });

    it(`has a page in the place of errors, short and long, by ${version}`, async () => {
      for (const size of [5, LARGE]) {
        upstream.answer = (_request, response) => response.writeHead(500).end(Buffer.alloc(size));
        const answer = await ask(kirin.port, '/pages/x');
        assert.deepEqual([answer.status, answer.text], [200, 'sorry']);
      }
      upstream.answer = (_request, response) => response.socket?.destroy();
      const broken = await ask(kirin.port, '/pages/x');
      assert.deepEqual([broken.status, broken.text], [200, 'sorry']);
    });

    it(`keeps what may be kept, by ${version}`, async () => {
      let count = 0;
      upstream.answer = (_request, response) => {
        count += 1;
        response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(`answer ${count}`);
      };
      const target = `/cached/${version.replace('/', '')}`;
      for (let i = 0; i < 3; i += 1) assert.equal((await ask(kirin.port, target)).text, 'answer 1');
      assert.equal(count, 1);
    });

    it(`adds and removes fields, by ${version}`, async () => {
      upstream.answer = (_request, response) => response.writeHead(201, { 'X-Powered-By': 'x' }).end('x');
      const { headers } = await ask(kirin.port, '/headers');
      assert.equal(headers.get('x-added'), '201');
      assert.equal(headers.get('x-powered-by'), undefined);
      const id = headers.get('x-request-id');
      assert.ok(
        upstream.last.fields.some(([name, value]) => name.toLowerCase() === 'x-request-id' && value === id),
      );
    });

    it(`takes no body beyond the limit, by ${version}`, async () => {
      const small = await ask(kirin.port, '/small', { method: 'POST', body: 'a'.repeat(1024) });
      assert.equal(small.status, 200);
      const large = await ask(kirin.port, '/small', { method: 'POST', body: 'a'.repeat(1025) });
      assert.equal(large.status, 413);
    });

    it(`goes on where the upstream sends it, by ${version}`, async () => {
      upstream.answer = (_request, response) =>
        response.writeHead(200, { 'X-Accel-Redirect': '/inside/x' }).end();
      assert.equal((await ask(kirin.port, '/send/x')).text, 'from inside');
    });

    it(`passes on a path that was rewritten, by ${version}`, async () => {
      assert.equal((await ask(kirin.port, '/rewritten/a?b')).text, 'GET /new/rewritten/a?b');
    });
  }

  it('writes down who was asked', async () => {
    const [[, ask]] = EACH_VERSION as [(typeof EACH_VERSION)[number]];
    await ask(kirin.port, '/logged/x');
    const log = join(kirin.folder.path, 'access.log');
    const line = await waitFor(() => readFileSync(log, 'utf8') || null, { what: 'a line in the log' });
    const server = `127.0.0.1:${upstream.port}`;
    assert.match(line, new RegExp(`^200 ${server} 200 \\d+\\.\\d{3} ${server}\n$`));
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { AppFolder } from '../support/app-folder.ts';
import { ANY_VERSION, EACH_VERSION, type SiteAnswer } from '../support/ask-site.ts';
import { HttpUpstream } from '../support/fake-upstream.ts';
import { type KirinProcess, startKirin } from '../support/kirin.ts';

const LETTERS = 'The quick brown fox jumps over the lazy dog. ';
const SIZES: Readonly<Record<string, string>> = {
  small: LETTERS.repeat(50),
  large: LETTERS.repeat(8000),
};

const APP = `
import os
CONTENTS = {name: open(os.path.join("files", name + ".txt"), "rb").read() for name in ("small", "large")}

def app(environ, start_response):
    how, _, name = environ["PATH_INFO"].rpartition("/")
    content = CONTENTS[name]
    fields = [("Content-Type", "text/plain"), ("ETag", '"%s"' % name), ("Cache-Control", "max-age=600")]
    if how.endswith("/accel"):
        start_response("200 OK", [("X-Accel-Redirect", "/inside/%s.txt" % name), ("Cache-Control", "max-age=600")])
        return [b"not seen"]
    if how.endswith("/wrapped"):
        start_response("200 OK", fields)
        return environ["wsgi.file_wrapper"](open(os.path.join("files", name + ".txt"), "rb"))
    if how.endswith("/pieces"):
        start_response("200 OK", fields)
        return (content[at:at + 10000] for at in range(0, len(content), 10000))
    start_response("200 OK", fields + [("Content-Length", str(len(content)))])
    return [content]
`;

const routes = (port: number) => `
[[sites.routes]]
path = "/files"
files = { folder = "files", cache_control = "max-age=600" }

[[sites.routes]]
path = "/inside"
internal = true
files = "files"

[[sites.routes]]
path = "/proxy"
proxy = "http://127.0.0.1:${port}"

[[sites.routes]]
path = "/streamed"
proxy = { to = "http://127.0.0.1:${port}", buffering = false }
`;

const toml = (port: number) => `
app = "main:app"
${ANY_VERSION}

[caches.memory]

[caches.disk]
folder = "cache"

[[sites]]
hosts = "plain.example"
${routes(port)}

[[sites]]
hosts = "compressed.example"
compress = true
${routes(port)}

[[sites]]
hosts = "cached.example"
cache = "memory"
${routes(port)}

[[sites]]
hosts = "all.example"
compress = true
cache = "disk"
add_headers = { X-Cache = "$cache_status" }
error_pages = { 404 = "/inside/small.txt" }
${routes(port)}
`;

const SOURCES = [
  (size: string) => `/files/${size}.txt`,
  (size: string) => `/app/${size}`,
  (size: string) => `/pieces/${size}`,
  (size: string) => `/wrapped/${size}`,
  (size: string) => `/accel/${size}`,
  (size: string) => `/proxy/known/${size}`,
  (size: string) => `/proxy/chunked/${size}`,
  (size: string) => `/streamed/chunked/${size}`,
];

const HOSTS = ['plain.example', 'compressed.example', 'cached.example', 'all.example'];

function decoded({ headers, body }: SiteAnswer): string {
  const coding = headers.get('content-encoding');
  if (coding === undefined) return body.toString('utf8');
  if (coding === 'gzip') return gunzipSync(body).toString('utf8');
  assert.equal(coding, 'br');
  return brotliDecompressSync(body).toString('utf8');
}

/** What holds for every response, whoever made it. */
function checkHead({ status, headers, body }: SiteAnswer, method: string): void {
  const length = headers.get('content-length');
  if (method !== 'HEAD' && status !== 304 && length !== undefined) assert.equal(Number(length), body.length);
  if (method === 'HEAD' || status === 304) assert.equal(body.length, 0);
  if (status === 304) assert.equal(headers.has('content-encoding'), false);
  for (const name of [
    'content-length',
    'etag',
    'content-type',
    'vary',
    'content-encoding',
    'content-range',
    'date',
  ])
    assert.ok(
      !(headers.get(name) ?? '').includes(', W') && !/^([^,]+), \1$/.test(headers.get(name) ?? ''),
      name,
    );
  if (headers.has('content-encoding')) {
    assert.match(headers.get('vary') ?? '', /accept-encoding/i);
    assert.ok((headers.get('etag') ?? 'W/').startsWith('W/'), 'its tag is weak');
    assert.notEqual(status, 206);
    assert.equal(headers.has('accept-ranges'), false);
  }
}

describe('files, applications and proxies, compressed, cached, in part, or all of that', () => {
  const upstream = new HttpUpstream((request, response) => {
    const size = request.target.split('/').at(-1) ?? '';
    const content = SIZES[size];
    if (content === undefined) {
      response.writeHead(404).end('none');
      return;
    }
    response.setHeader('Content-Type', 'text/plain');
    response.setHeader('Cache-Control', 'max-age=600');
    response.setHeader('ETag', `"${size}"`);
    if (request.target.includes('/chunked/')) response.write(content.slice(0, 100));
    else response.setHeader('Content-Length', content.length);
    response.end(request.target.includes('/chunked/') ? content.slice(100) : content);
  });
  const folder = new AppFolder({ 'main.py': APP });
  let kirin: KirinProcess;

  before(async () => {
    for (const [name, content] of Object.entries(SIZES)) folder.writeIn('files', `${name}.txt`, content);
    await upstream.start();
    folder.write('kirin.toml', toml(upstream.port));
    kirin = await startKirin({ bind: [], cwd: folder.path });
  });

  after(async () => {
    await kirin.stop();
    await upstream.stop();
    folder.remove();
  });

  for (const [version, ask] of EACH_VERSION) {
    for (const host of HOSTS) {
      it(`are what they are, of ${host} by ${version}`, async () => {
        for (const [size, content] of Object.entries(SIZES)) {
          for (const source of SOURCES) {
            const target = source(size);
            // In both orders, so that what is kept was made by each of them in turn.
            for (const coding of ['gzip', 'identity', 'br', 'gzip']) {
              const fields = { 'Accept-Encoding': coding };
              const where = `${target} ${coding}`;
              const whole = await ask(kirin.port, target, { host, fields });
              checkHead(whole, 'GET');
              assert.equal(whole.status, 200, where);
              assert.ok(decoded(whole) === content, where);
              const isCompressed = whole.headers.has('content-encoding');
              const wantsIt = coding !== 'identity' && ['compressed.example', 'all.example'].includes(host);
              assert.equal(isCompressed, wantsIt, where);
              const head = await ask(kirin.port, target, { host, fields, method: 'HEAD' });
              checkHead(head, 'HEAD');
              // Of what comes in pieces HEAD cannot tell whether there is enough to compress.
              const isKnown = host !== 'compressed.example' || !/pieces|chunked|wrapped/.test(target);
              if (isKnown)
                for (const name of ['etag', 'vary', 'content-encoding', 'content-type'])
                  assert.equal(head.headers.get(name), whole.headers.get(name), `${where}: HEAD ${name}`);
              const tag = whole.headers.get('etag');
              if (tag !== undefined) {
                const known = await ask(kirin.port, target, {
                  host,
                  fields: { ...fields, 'If-None-Match': tag },
                });
                checkHead(known, 'GET');
                const mayBe =
                  target.includes('/app/') || target.includes('/pieces/') || target.includes('/wrapped/')
                    ? [200, 304]
                    : [304];
                const isOwn = !target.startsWith('/proxy') && !target.startsWith('/streamed');
                if (isOwn || host === 'cached.example' || host === 'all.example')
                  assert.ok(mayBe.includes(known.status), `${where}: ${known.status}`);
                if (known.status === 304) assert.equal(known.headers.get('etag'), tag, `${where}: 304`);
              }
              for (const range of ['bytes=5-14', 'bytes=-10', 'bytes=0-0,20-29']) {
                const part = await ask(kirin.port, target, { host, fields: { ...fields, Range: range } });
                checkHead(part, 'GET');
                if (part.status === 200) assert.ok(decoded(part) === content, `${where} ${range}`);
                else {
                  assert.equal(part.status, 206, where);
                  if (range === 'bytes=5-14') assert.equal(part.text, content.slice(5, 15), where);
                  if (range === 'bytes=-10') assert.equal(part.text, content.slice(-10), where);
                }
                if (
                  target.startsWith('/files') ||
                  (host === 'cached.example' && !target.startsWith('/accel'))
                )
                  assert.equal(part.status, 206, `${where} ${range}`);
              }
              const beyond = await ask(kirin.port, target, {
                host,
                fields: { ...fields, Range: 'bytes=9999999-' },
              });
              checkHead(beyond, 'GET');
              assert.ok([200, 416].includes(beyond.status), where);
            }
          }
        }
      });
    }
  }
});

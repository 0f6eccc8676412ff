import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import * as zlib from 'node:zlib';
import { AppFolder } from '../support/app-folder.ts';
import { ANY_VERSION, askSite, EACH_VERSION } from '../support/ask-site.ts';
import { pssBytes } from '../support/processes.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { waitFor } from '../support/wait-for.ts';

const LINE = 'a line of text that comes again and again, number ';
const LARGE_BYTES = 3_000_000;

const APP = `
import hashlib, os, threading
LINE = b"${LINE}"
gate = threading.Event()

def text(size):
    lines = []
    total = 0
    while total < size:
        lines.append(LINE + str(len(lines)).encode() + b"\\n")
        total += len(lines[-1])
    return b"".join(lines)[:size]

def slowly():
    yield b"first piece\\n" * 10
    gate.wait(20)
    yield b"second piece\\n" * 10

def flood():
    for _ in range(1000):
        yield os.urandom(65536)
    open("flooded", "w").close()

def app(environ, start_response):
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    options = dict(pair.split("=") for pair in query.split("&") if pair)
    size = int(options.get("size", "5000"))
    headers = [("Content-Type", options.get("type", "text/plain"))]
    for name in ("Cache-Control", "ETag", "Content-Encoding", "Vary", "Accept-Ranges"):
        if name.lower() in options:
            headers.append((name, options[name.lower()].replace("'", '"')))
    status = options.get("status", "200") + " As asked"
    if path == "/flood":
        start_response(status, headers)
        return flood()
    if path == "/open":
        gate.set()
        start_response("200 OK", headers)
        return [b"opened"]
    if path == "/slow":
        gate.clear()
        start_response(status, headers)
        return slowly()
    if path == "/pieces":
        start_response(status, headers)
        whole = text(size)
        return (whole[start:start + 7000] for start in range(0, size, 7000))
    if path == "/echo":
        body = environ["wsgi.input"].read()
        start_response("200 OK", headers)
        return [environ.get("HTTP_CONTENT_ENCODING", "-").encode() + b" " + hashlib.sha1(body).hexdigest().encode()]
    if path == "/file":
        start_response(status, headers)
        return environ["wsgi.file_wrapper"](open("static/large.txt", "rb"))
    if "length" in options:
        headers.append(("Content-Length", str(size)))
    start_response(status, headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [text(size)]
`;

const SITES = `
app = "main:app"
threads = 4
${ANY_VERSION}

[[sites]]
hosts = ["shop.example"]
compress = true
[[sites.routes]]
path = "/static"
files = "static"
[[sites.routes]]
path = "/plain"
compress = false

[[sites]]
hosts = "gzip.example"
compress = { encodings = "gzip", types = ["text/html", "text/event-stream"], min_size = 20, level = 9 }

[[sites]]
hosts = "plain.example"
`;

function text(size: number): string {
  let whole = '';
  for (let number = 0; whole.length < size; number += 1) whole += `${LINE}${number}\n`;
  return whole.slice(0, size);
}

const zstdDecompressSync = (zlib as unknown as { zstdDecompressSync?: (content: Buffer) => Buffer })
  .zstdDecompressSync;

const DECODERS: Readonly<Record<string, (content: Buffer) => Buffer>> = {
  gzip: zlib.gunzipSync,
  br: zlib.brotliDecompressSync,
  ...(zstdDecompressSync === undefined ? {} : { zstd: zstdDecompressSync }),
};

describe('compression', () => {
  const folder = new AppFolder({ 'main.py': APP, 'kirin.toml': SITES });
  folder.writeIn('static', 'small.txt', 'small');
  folder.writeIn('static', 'page.txt', text(5000));
  folder.writeIn('static', 'middle.txt', text(200_000));
  folder.writeIn('static', 'large.txt', text(LARGE_BYTES));
  folder.writeIn('static', 'image.png', text(5000));
  const kirin = useKirin({ bind: [], cwd: folder.path });
  after(() => folder.remove());

  for (const [version, ask] of EACH_VERSION) {
    for (const [coding, decode] of Object.entries(DECODERS)) {
      const sizes: readonly (readonly [target: string, size: number])[] = [
        ['/?size=5000', 5000],
        ['/?size=200000', 200_000],
        [`/?size=${LARGE_BYTES}`, LARGE_BYTES],
        ['/pieces?size=100000', 100_000],
        ['/file', LARGE_BYTES],
        ['/static/page.txt', 5000],
        ['/static/middle.txt', 200_000],
        ['/static/large.txt', LARGE_BYTES],
      ];
      for (const [target, size] of sizes) {
        it(`gives ${target} by ${coding} with ${version}`, async () => {
          const { status, headers, body } = await ask(kirin().port, target, {
            fields: { 'Accept-Encoding': coding },
          });
          assert.equal(status, 200);
          assert.equal(headers.get('content-encoding'), coding);
          assert.equal(headers.get('vary'), 'Accept-Encoding');
          assert.equal(headers.has('accept-ranges'), false);
          assert.ok(body.length < size / 2);
          const length = headers.get('content-length');
          assert.ok(length === undefined || Number(length) === body.length);
          assert.ok(decode(body).toString('latin1') === text(size), 'it is the same');
        });
      }
    }

    it(`tells with HEAD what it would with GET, with ${version}`, async () => {
      for (const target of ['/?size=5000&length=1', '/static/page.txt', '/static/large.txt']) {
        const fields = { 'Accept-Encoding': 'gzip' };
        const head = await ask(kirin().port, target, { method: 'HEAD', fields });
        assert.equal(head.body.length, 0);
        assert.equal(head.headers.get('content-encoding'), 'gzip', target);
        assert.equal(head.headers.has('content-length'), false, target);
        const get = await ask(kirin().port, target, { fields });
        assert.equal(head.headers.get('etag'), get.headers.get('etag'));
      }
    });

    it(`leaves out what is not to be compressed, with ${version}`, async () => {
      const targets: readonly (readonly [target: string, vary: string | undefined])[] = [
        ['/?size=1023', undefined],
        ['/?type=image/png', undefined],
        ['/?content-encoding=br', undefined],
        ['/?cache-control=public,no-transform', undefined],
        ['/?status=206', 'Accept-Encoding'],
        ['/pieces?type=text/event-stream', undefined],
        ['/static/small.txt', undefined],
        ['/static/image.png', undefined],
        ['/plain', undefined],
      ];
      for (const [target, vary] of targets) {
        const { headers, body } = await ask(kirin().port, target, { fields: { 'Accept-Encoding': 'gzip' } });
        assert.notEqual(headers.get('content-encoding'), 'gzip', target);
        assert.equal(headers.get('vary'), vary, target);
        assert.ok(!body.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b])));
      }
    });
  }

  it('chooses by the weights of Accept-Encoding, and says so in Vary to those who take none', async () => {
    const codingFor = async (accept: string | null) => {
      const fields: Record<string, string> = accept === null ? {} : { 'Accept-Encoding': accept };
      const { headers } = await askSite(kirin().port, '/', { fields });
      assert.equal(headers.get('vary'), 'Accept-Encoding');
      return headers.get('content-encoding') ?? 'none';
    };
    assert.equal(await codingFor(null), 'none');
    assert.equal(await codingFor('identity'), 'none');
    assert.equal(await codingFor('deflate'), 'none');
    assert.equal(await codingFor('gzip;q=0, br;q=0'), 'none');
    assert.equal(await codingFor('gzip, br'), 'br');
    assert.equal(await codingFor('gzip, br;q=0.9'), 'gzip');
    assert.equal(await codingFor('gzip;q=0.5, identity'), 'none');
    assert.equal(await codingFor('x-gzip'), 'gzip');
    assert.equal(await codingFor('*'), zstdDecompressSync === undefined ? 'br' : 'zstd');
  });

  it('makes strong tags weak, and knows them again', async () => {
    const fields = { 'Accept-Encoding': 'gzip' };
    const app = await askSite(kirin().port, "/?etag='1'&accept-ranges=bytes&vary=Cookie", { fields });
    assert.equal(app.headers.get('etag'), 'W/"1"');
    assert.equal(app.headers.get('vary'), 'Cookie, Accept-Encoding');
    const file = await askSite(kirin().port, '/static/page.txt', { fields });
    const tag = file.headers.get('etag') ?? '';
    assert.match(tag, /^W\/"/);
    const again = await askSite(kirin().port, '/static/page.txt', {
      fields: { ...fields, 'If-None-Match': tag },
    });
    assert.deepEqual([again.status, again.headers.get('etag')], [304, tag]);
    assert.equal(again.headers.get('vary'), 'Accept-Encoding');
    const uncompressed = tag.slice(2);
    const same = await askSite(kirin().port, '/static/page.txt', {
      fields: { ...fields, 'If-None-Match': uncompressed },
    });
    assert.deepEqual([same.status, same.headers.get('etag')], [304, uncompressed]);
    const part = await askSite(kirin().port, '/static/page.txt', {
      fields: { ...fields, Range: 'bytes=0-9' },
    });
    assert.deepEqual([part.status, part.text], [206, text(5000).slice(0, 10)]);
    assert.equal(part.headers.has('content-encoding'), false);
    assert.equal(part.headers.get('vary'), 'Accept-Encoding');
    // A part of what was compressed would be a part of something else.
    const resumed = await askSite(kirin().port, '/static/page.txt', {
      fields: { ...fields, Range: 'bytes=0-9', 'If-Range': tag },
    });
    assert.equal(resumed.status, 200);
  });

  it('does what a site says otherwise', async () => {
    const ask = (host: string, target: string) =>
      askSite(kirin().port, target, { host, fields: { 'Accept-Encoding': 'gzip, br, zstd' } });
    assert.equal((await ask('plain.example', '/')).headers.get('content-encoding'), undefined);
    assert.equal(
      (await ask('gzip.example', '/?type=text/html&size=30')).headers.get('content-encoding'),
      undefined,
    );
    assert.equal(
      (await ask('gzip.example', '/?type=text/html;charset=utf-8&size=200')).headers.get('content-encoding'),
      'gzip',
    );
    assert.equal(
      (await ask('gzip.example', '/?type=text/css&size=200')).headers.get('content-encoding'),
      undefined,
    );
    assert.equal((await ask('gzip.example', '/?type=text/html&size=19')).headers.get('vary'), undefined);
  });

  for (const [host, type] of [
    ['shop.example', 'text/plain'],
    ['gzip.example', 'text/event-stream'],
  ] as const) {
    it(`does not hold up what comes slowly: ${type}`, async () => {
      const connection = await RawConnection.open({ port: kirin().port });
      try {
        connection.send(`GET /slow?type=${type} HTTP/1.1\r\nHost: ${host}\r\nAccept-Encoding: gzip\r\n\r\n`);
        let seen = '';
        await waitFor(
          async () => {
            const bytes = await connection.peek(seen.length + 1);
            seen = bytes.toString('latin1');
            return decodedSoFar(bytes).includes('first piece\n'.repeat(10));
          },
          { what: 'the first piece' },
        );
        assert.match(seen, /content-encoding: gzip/i);
        await askSite(kirin().port, '/open');
        const { body } = await connection.readResponse();
        assert.equal(
          zlib.gunzipSync(body).toString(),
          'first piece\n'.repeat(10) + 'second piece\n'.repeat(10),
        );
      } finally {
        connection.destroy();
      }
    });
  }

  it('passes compressed requests on as they are: what they would decompress to is bounded by nobody', async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(20_000_000));
    const { createHash } = await import('node:crypto');
    const { text: seen } = await askSite(kirin().port, '/echo', {
      method: 'POST',
      fields: { 'Content-Encoding': 'gzip' },
      body: bomb,
    });
    assert.equal(seen, `gzip ${createHash('sha1').update(bomb).digest('hex')}`);
  });

  it('holds little in memory of a response that its client does not take', async () => {
    const edge = kirin().edgePid();
    const before = pssBytes(edge);
    const connection = await RawConnection.open({ port: kirin().port });
    try {
      connection.pause();
      connection.send('GET /flood HTTP/1.1\r\nHost: shop.example\r\nAccept-Encoding: gzip\r\n\r\n');
      await waitFor(() => existsSync(join(folder.path, 'flooded')), {
        what: 'the end of 65 MB',
        timeoutMs: 60_000,
      });
      const grownBytes = pssBytes(edge) - before;
      assert.ok(grownBytes < 40_000_000, `${grownBytes} bytes more`);
    } finally {
      connection.reset();
    }
  });

  it('goes on while clients leave in the middle', async () => {
    for (let round = 0; round < 5; round += 1) {
      const connection = await RawConnection.open({ port: kirin().port });
      connection.send(
        `GET /pieces?size=${LARGE_BYTES} HTTP/1.1\r\nHost: shop.example\r\nAccept-Encoding: gzip\r\n\r\n`,
      );
      await connection.peek(300);
      connection.reset();
    }
    const { headers } = await askSite(kirin().port, '/pieces', { fields: { 'Accept-Encoding': 'gzip' } });
    assert.equal(headers.get('content-encoding'), 'gzip');
  });
});

/** What the chunks that are there decompress to. */
function decodedSoFar(bytes: Buffer): string {
  const start = bytes.indexOf('\r\n\r\n') + 4;
  if (start < 4) return '';
  const parts: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) break;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  try {
    return zlib.gunzipSync(Buffer.concat(parts), { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString();
  } catch {
    return '';
  }
}

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { ANY_VERSION, askSite, EACH_VERSION } from '../support/ask-site.ts';
import { runKirin } from '../support/kirin.ts';
import { projectRoot } from '../support/project.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { useKirin } from '../support/shared-kirin.ts';

/** Answers with the status that the path ends in. */
const APP = `
def app(environ, start_response):
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read()
    status = path.rpartition("/")[2]
    start_response((status if status.isdigit() else "200") + " As asked", [
        ("Content-Type", "text/plain"), ("Retry-After", "7"), ("X-Own", "app"),
    ])
    text = " ".join((environ["REQUEST_METHOD"], path, environ["QUERY_STRING"], body.decode())).encode()
    return iter([text[:3], text[3:]]) if path.startswith("/pieces") else [text]
`;

const SITES = `
app = "main:app"
${ANY_VERSION}
limit_request_body = 5000

[[sites]]
hosts = ["shop.example"]
add_headers = { X-Site = { value = "$request_uri", errors = true }, X-Usual = "1" }
error_pages = { 404 = "/errors/404.html", "5xx" = "/errors/missing.html", "401,403" = { to = "/errors/no.html?$remote_addr", status = 200 } }

[[sites.routes]]
path = "/errors"
internal = true
files = { folder = "errors", expires = "30d" }

[[sites.routes]]
path = "/files"
files = "errors"

[[sites.routes]]
path = "/closed"
deny = "*"

[[sites.routes]]
path = "/failing"
respond = 503

[[sites.routes]]
path = "/told"
respond = { status = 404, body = "told" }

[[sites.routes]]
path = "/plain"
error_pages = false
files = "none"

[[sites.routes]]
path = "/limited"
error_pages = { 429 = "/errors/404.html" }
rate_limit = { rate = "1/h", burst = 0 }

[[sites]]
hosts = "intercepted.example"
[[sites.routes]]
path = "/named"
error_pages = { intercept = true, "500-504" = "@fallback", 404 = { to = "@fallback", status = "kept" }, 410 = { to = "@fallback", status = 299 } }
[[sites.routes]]
path = "/pieces"
error_pages = { intercept = true, 500 = "/page" }
[[sites.routes]]
path = "/away"
error_pages = { intercept = true, 404 = "https://other.example/?from=$uri", 410 = { to = "http://other.example$request_uri", status = 301 } }
[[sites.routes]]
path = "/circle"
error_pages = { intercept = true, 404 = "/circle/404" }
[[sites.routes]]
name = "fallback"
internal = true
rewrite = "/fallen$uri"
again = true

[[sites]]
hosts = "bodies.example"
max_body = 1000
error_pages = { 413 = "/too-large" }
[[sites.routes]]
path = "/large"
max_body = "10k"
[[sites.routes]]
path = "/delayed"
rate_limit = { rate = "4/s", burst = 10 }
[[sites.routes]]
path = "/unlimited"
max_body = 0
[[sites.routes]]
exact = "/too-large"
respond = "choose a smaller one"

[[sites]]
hosts = "usual.example"
`;

describe('error pages', () => {
  const folder = new AppFolder({ 'main.py': APP, 'kirin.toml': SITES });
  folder.writeIn('errors', '404.html', 'lost');
  folder.writeIn('errors', 'no.html', 'no entry');
  const kirin = useKirin({ bind: [], cwd: folder.path });
  after(() => folder.remove());

  for (const [version, ask] of EACH_VERSION) {
    const to =
      (host: string) =>
      async (target: string, question: object = {}) => {
        const { status, text, headers } = await ask(kirin().port, target, { host, ...question });
        return { answer: [status, text] as const, headers };
      };
    const shop = to('shop.example');
    const intercepted = to('intercepted.example');

    it(`stand in the place of refusals, with the status that these have, with ${version}`, async () => {
      const { answer, headers } = await shop('/files/none');
      assert.deepEqual(answer, [404, 'lost']);
      assert.match(headers.get('content-type') ?? '', /^text\/html/);
      assert.equal(headers.get('x-site'), '/files/none');
      for (const name of ['cache-control', 'expires', 'etag', 'last-modified', 'accept-ranges', 'x-usual']) {
        assert.equal(headers.has(name), false, name);
      }
      assert.deepEqual((await shop('/errors/404.html')).answer, [404, 'lost']);
      assert.deepEqual((await shop('/closed/x', { method: 'POST', body: 'x' })).answer, [200, 'no entry']);
      assert.deepEqual((await shop('/files/none', { method: 'HEAD' })).answer, [404, '']);
    });

    it(`that are missing leave the error as it was, with ${version}`, async () => {
      assert.deepEqual((await shop('/failing')).answer, [503, '503 Service Unavailable\n']);
    });

    it(`leave alone what the application says, and what a route says in words, with ${version}`, async () => {
      assert.deepEqual((await shop('/app/404')).answer, [404, 'GET /app/404  ']);
      assert.deepEqual((await shop('/told')).answer, [404, 'told']);
      assert.deepEqual((await shop('/plain/x')).answer, [404, '404 Not Found\n']);
    });

    it(`are whole, whatever part of the page or state of it the client asks for, with ${version}`, async () => {
      const fields = { Range: 'bytes=0-1', 'If-None-Match': '*' };
      assert.deepEqual((await shop('/files/none', { fields })).answer, [404, 'lost']);
    });

    it(`keep what a client needs of the error, with ${version}`, async () => {
      const { headers } = await shop('/limited');
      const again = await shop('/limited');
      assert.ok(headers !== undefined);
      assert.deepEqual(again.answer, [429, 'lost']);
      assert.match(again.headers.get('retry-after') ?? '', /^\d+$/);
    });

    it(`stand in the place of what the application says, if asked, with ${version}`, async () => {
      const fallen = await intercepted('/named/502?q=1', { method: 'POST', body: 'kept' });
      assert.deepEqual(fallen.answer, [502, 'POST /fallen/named/502 q=1 kept']);
      assert.deepEqual((await intercepted('/named/404')).answer, [404, 'GET /fallen/named/404  ']);
      assert.deepEqual((await intercepted('/named/410')).answer, [299, 'GET /fallen/named/410  ']);
      assert.deepEqual((await intercepted('/named/403')).answer, [403, 'GET /named/403  ']);
      const { answer, headers } = await intercepted('/pieces/500');
      assert.deepEqual(answer, [500, 'GET /page  ']);
      assert.equal(headers.get('retry-after'), '7');
    });

    it(`may be elsewhere, with ${version}`, async () => {
      const found = await intercepted('/away/404');
      assert.deepEqual(
        [found.answer[0], found.headers.get('location')],
        [302, 'https://other.example/?from=/away/404'],
      );
      const moved = await intercepted('/away/410');
      assert.deepEqual(
        [moved.answer[0], moved.headers.get('location')],
        [301, 'http://other.example/away/410'],
      );
    });

    it(`have no pages themselves, with ${version}`, async () => {
      assert.deepEqual((await intercepted('/circle/x/404')).answer, [404, 'GET /circle/404  ']);
    });

    it(`bound bodies, with ${version}`, async () => {
      const bodies = to('bodies.example');
      const post = (bytes: number) => ({ method: 'POST', body: 'x'.repeat(bytes) });
      const tooLarge = [413, 'choose a smaller one'];
      assert.equal((await bodies('/', post(1000))).answer[0], 200);
      assert.deepEqual((await bodies('/', post(1001))).answer, tooLarge);
      assert.equal((await bodies('/large', post(10_240))).answer[0], 200);
      assert.deepEqual((await bodies('/large', post(10_241))).answer, tooLarge);
      assert.equal((await bodies('/unlimited', post(100_000))).answer[0], 200);
      const usual = to('usual.example');
      assert.equal((await usual('/', post(5000))).answer[0], 200);
      assert.equal((await usual('/', post(5001))).answer[0], 413);
    });
  }

  it('bound bodies whose length nobody tells, while they come', async () => {
    for (const [path, chunks, status] of [
      ['/', 9, 200],
      ['/', 11, 413],
      ['/large', 100, 200],
      ['/large', 110, 413],
    ] as const) {
      const connection = await RawConnection.open({ port: kirin().port });
      try {
        connection.send(
          `POST ${path} HTTP/1.1\r\nHost: bodies.example\r\nTransfer-Encoding: chunked\r\n\r\n`,
        );
        for (let sent = 0; sent < chunks; sent += 1) connection.send(`64\r\n${'x'.repeat(100)}\r\n`);
        if (status === 200) connection.send('0\r\n\r\n');
        const response = await connection.readResponse({ method: 'POST' });
        assert.equal(response.status, status, `${chunks} to ${path}`);
        if (status === 413) assert.equal(response.body.toString(), 'choose a smaller one');
      } finally {
        connection.destroy();
      }
    }
  });

  it('are as the documentation shows them', async () => {
    const page = readFileSync(join(projectRoot, 'docs/operate/error-pages.md'), 'utf8');
    const [example = ''] = page.match(/^ {4}app = (?:.*\n|\n(?= {4}))+?(?=\n\S)/m) ?? [];
    const documented = new AppFolder({ 'shop.py': APP, 'kirin.toml': example.replace(/^ {4}/gm, '') });
    try {
      const { code, log } = await runKirin({ bind: [], cwd: documented.path, args: ['--check-config'] });
      assert.equal(code, 0, log);
    } finally {
      documented.remove();
    }
  });

  it('bound bodies of which something came before anybody asked for it', async () => {
    const send = async (chunks: number) => {
      const connection = await RawConnection.open({ port: kirin().port });
      try {
        const body = `64\r\n${'x'.repeat(100)}\r\n`.repeat(chunks);
        connection.send(
          `POST /delayed HTTP/1.1\r\nHost: bodies.example\r\nTransfer-Encoding: chunked\r\n\r\n${body}0\r\n\r\n`,
        );
        return (await connection.readResponse({ method: 'POST' })).status;
      } finally {
        connection.destroy();
      }
    };
    assert.deepEqual(await Promise.all([send(1), send(10), send(11)]), [200, 200, 413]);
  });

  it('do not ask for a body that would be too large', async () => {
    const connection = await RawConnection.open({ port: kirin().port });
    try {
      connection.send(
        'POST / HTTP/1.1\r\nHost: bodies.example\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n',
      );
      assert.equal((await connection.readResponse()).status, 413);
    } finally {
      connection.destroy();
    }
    assert.equal((await askSite(kirin().port, '/', { host: 'bodies.example' })).status, 200);
  });
});

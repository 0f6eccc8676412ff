import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { askSite, EACH_VERSION } from '../support/ask-site.ts';
import { checkDocumented } from '../support/documented.ts';
import { findFreePort } from '../support/free-port.ts';
import { Gunicorn, gunicornIsMissing } from '../support/gunicorn.ts';
import { type KirinProcess, startKirin } from '../support/kirin.ts';
import { testPython } from '../support/project.ts';
import { ProxyingKirin } from '../support/proxying-kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { waitFor } from '../support/wait-for.ts';

const APP = `
import json

def app(environ, start_response):
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read()
    if path == "/echo":
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        return [body]
    if path == "/pieces":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (b"%d\\n" % i for i in range(1000))
    if path == "/moved":
        start_response("302 Found", [("Location", "/elsewhere"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d")])
        return []
    told = {key: value for key, value in environ.items() if isinstance(value, str)}
    told["body"] = body.decode("latin-1")
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]
`;

/** What two servers in a row could take for different requests. */
const SMUGGLED: readonly (readonly [what: string, bytes: string])[] = [
  [
    'both framings',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG',
  ],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!'],
  ['a coding with a blank', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n'],
  ['another coding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
  ['a coding in 1.0', 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a length with a sign', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello'],
  ['a folded coding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n'],
  [
    'a chunk size in another form',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n',
  ],
  ['a line end within a field', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\nGET /evil HTTP/1.1\r\n\r\n'],
  ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
];

describe('a proxy to Gunicorn, to Kirin and to http.server', () => {
  const apps = new AppFolder({ 'upstream_app.py': APP, 'index.html': 'static' });
  let gunicorn: Gunicorn | null = null;
  let behind: KirinProcess;
  let files: ChildProcess;
  let kirin: ProxyingKirin;

  before(async () => {
    behind = await startKirin({ app: 'upstream_app:app', cwd: apps.path });
    if (gunicornIsMissing === false) gunicorn = await Gunicorn.start(['upstream_app:app'], apps.path);
    const filesPort = await findFreePort();
    files = spawn(testPython, ['-m', 'http.server', '--bind', '127.0.0.1', String(filesPort)], {
      cwd: apps.path,
      stdio: 'ignore',
    });
    const route = (path: string, port: number, more = '') =>
      `[[sites.routes]]\npath = "${path}"\nproxy = { to = "http://127.0.0.1:${port}/"${more} }`;
    kirin = await ProxyingKirin.start(
      [
        route('/gunicorn', gunicorn?.port ?? behind.port),
        route('/kirin', behind.port),
        route('/streamed', behind.port, ', request_buffering = false, buffering = false'),
        route('/files', filesPort),
      ].join('\n'),
    );
    await waitFor(async () => (await askSite(kirin.port, '/files/')).status === 200, { what: 'http.server' });
  });

  after(async () => {
    await kirin.stop();
    await behind.stop();
    await gunicorn?.stop();
    files.kill();
    apps.remove();
  });

  const sentTo = ['/gunicorn', '/kirin', '/streamed'];

  for (const [version, ask] of EACH_VERSION) {
    it(`serves what they serve, by ${version}`, async () => {
      for (const prefix of sentTo) {
        const body = Buffer.alloc(200_000, 'abc');
        const echoed = await ask(kirin.port, `${prefix}/echo`, { method: 'POST', body });
        assert.ok(echoed.body.equals(body), prefix);
        const pieces = await ask(kirin.port, `${prefix}/pieces`);
        assert.equal(pieces.text, Array.from({ length: 1000 }, (_, i) => `${i}\n`).join(''), prefix);
        const moved = await ask(kirin.port, `${prefix}/moved`);
        assert.deepEqual(
          [moved.status, moved.headers.get('location'), moved.headers.get('set-cookie')],
          [302, '/elsewhere', 'a=b, c=d'],
        );
        assert.equal((await ask(kirin.port, `${prefix}/pieces`, { method: 'HEAD' })).text, '');
      }
      assert.equal((await ask(kirin.port, '/files/index.html')).text, 'static');
      assert.equal((await ask(kirin.port, '/files/missing')).status, 404);
    });
  }

  it('tells the application of the client', async () => {
    for (const prefix of sentTo) {
      const { text } = await askSite(kirin.port, `${prefix}/a%20b?c=d`, { host: 'shop.example' });
      const environ = JSON.parse(text) as Record<string, string>;
      assert.equal(environ.PATH_INFO, '/a b');
      assert.equal(environ.QUERY_STRING, 'c=d');
      assert.equal(environ.HTTP_HOST, 'shop.example');
      assert.equal(environ.HTTP_X_FORWARDED_FOR, '127.0.0.1');
      assert.equal(environ.HTTP_X_FORWARDED_PROTO, 'http');
      assert.equal(environ.SERVER_PROTOCOL, 'HTTP/1.1');
    }
  });

  for (const [what, bytes] of SMUGGLED) {
    it(`passes no request on that has ${what}`, async () => {
      for (const prefix of sentTo) {
        const connection = await RawConnection.open({ port: kirin.port });
        connection.send(bytes.replace(' / ', ` ${prefix}/ `));
        const response = await connection.readResponse();
        assert.ok(response.status === 400 || response.status === 501, `${prefix}: ${response.status}`);
        connection.destroy();
      }
    });
  }

  it('does not take a body for a request', async () => {
    const inner = 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n';
    for (const prefix of sentTo) {
      const { text } = await askSite(kirin.port, `${prefix}/x`, { method: 'POST', body: inner });
      assert.equal((JSON.parse(text) as Record<string, string>).body, inner);
      const { text: next } = await askSite(kirin.port, `${prefix}/next`);
      assert.equal((JSON.parse(next) as Record<string, string>).PATH_INFO, '/next');
    }
  });

  it('serves many at once without mixing them up', async () => {
    const asked = Array.from({ length: 200 }, (_, i) => `${sentTo[i % 2]}/item/${i}`);
    const answers = await Promise.all(asked.map((target) => askSite(kirin.port, target)));
    assert.deepEqual(
      answers.map(({ text }) => (JSON.parse(text) as Record<string, string>).PATH_INFO),
      asked.map((_, i) => `/item/${i}`),
    );
  });
});

describe('the page on proxying', () => {
  it('has examples that Kirin reads', () => checkDocumented('docs/operate/proxying.md'));
});

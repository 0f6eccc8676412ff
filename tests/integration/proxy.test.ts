import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { askSite, EACH_VERSION } from '../support/ask-site.ts';
import { HttpUpstream, valuesOf } from '../support/fake-upstream.ts';
import { ProxyingKirin } from '../support/proxying-kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';

describe('a proxy', () => {
  const upstream = new HttpUpstream();
  const unix = new HttpUpstream((request, response) => response.end(`unix ${request.target}`));
  const folder = makeTemporaryFolder();
  let kirin: ProxyingKirin;

  before(async () => {
    await upstream.start();
    await unix.listen({ path: join(folder, 'u') });
    const to = `http://127.0.0.1:${upstream.port}`;
    kirin = await ProxyingKirin.start(`
[[sites.routes]]
path = "/api"
proxy = "${to}/v1"

[[sites.routes]]
path = "/root"
proxy = "${to}/"

[[sites.routes]]
exact = "/one"
proxy = "${to}/two"

[[sites.routes]]
pattern = "^/user/([^/]+)$"
proxy = "${to}/users?name=$1"

[[sites.routes]]
path = "/unix"
proxy = "http://unix:${join(folder, 'u')}:/below"

[[sites.routes]]
path = "/named"
proxy = "http://localhost:${upstream.port}"

[[sites.routes]]
path = "/set"
[sites.routes.proxy]
to = "${to}"
set_headers = { Host = "$proxy_host", X-Real-IP = "$remote_addr", X-Path = "$path", User-Agent = "", X-Forwarded-For = "" }
remove_headers = ["X-Secret"]
hide_headers = ["X-Hidden"]

[[sites.routes]]
path = "/kept"
proxy = { to = "${to}", redirects = false }

[[sites.routes]]
path = "/mapped"
proxy = { to = "${to}", redirects = { "http://old.example/" = "https://$host/new/", "~^http://(\\\\w+)\\\\.example/(.*)$" = "/$1/$2" } }

[[sites.routes]]
path = "/"
proxy = "${to}"
`);
  });

  after(async () => {
    await kirin.stop();
    await upstream.stop();
    await unix.stop();
    removeFolder(folder);
  });

  beforeEach(() => {
    upstream.answer = (request, response) => response.end(`${request.method} ${request.target}`);
  });

  const ask = (target: string, question = {}) => askSite(kirin.port, target, question);

  for (const [version, askBy] of EACH_VERSION) {
    it(`passes requests of ${version} on, and their responses back`, async () => {
      const body = Buffer.from('some text');
      upstream.answer = (request, response) => {
        response.writeHead(203, 'Fine', { 'X-A': ['1', '2'], 'Content-Type': 'text/x' });
        response.end(`${request.method} ${request.target} ${request.body}`);
      };
      const answer = await askBy(kirin.port, '/a%20b?c=d', { method: 'POST', body, fields: { 'X-B': 'x' } });
      assert.equal(answer.status, 203);
      assert.equal(answer.text, 'POST /a%20b?c=d some text');
      assert.equal(answer.headers.get('x-a'), '1, 2');
      assert.equal(answer.headers.get('content-type'), 'text/x');
      assert.deepEqual(valuesOf(upstream.last, 'x-b'), ['x']);
      assert.deepEqual(valuesOf(upstream.last, 'content-length'), ['9']);
    });

    it(`passes large bodies of ${version} in both directions`, async () => {
      const body = Buffer.alloc(3 << 20, 'abcdefgh');
      upstream.answer = (request, response) => response.end(request.body);
      const answer = await askBy(kirin.port, '/large', { method: 'POST', body });
      assert.equal(answer.status, 200);
      assert.ok(answer.body.equals(body));
    });
  }

  it('uses a connection again', async () => {
    const before = new Set(upstream.requests.map(({ connection }) => connection));
    for (let i = 0; i < 5; i += 1) assert.equal((await ask('/again')).text, 'GET /again');
    const used = new Set(upstream.requests.slice(-5).map(({ connection }) => connection));
    assert.equal(used.size, 1);
    assert.ok([...used].every((number) => before.has(number)) || before.size === 0);
  });

  it('serves many at once', async () => {
    const targets = Array.from({ length: 50 }, (_, i) => `/many/${i}`);
    const answers = await Promise.all(targets.map((target) => ask(target)));
    assert.deepEqual(
      answers.map(({ text }) => text),
      targets.map((target) => `GET ${target}`),
    );
  });

  it('serves pipelined requests in their order', async () => {
    const connection = await RawConnection.open({ port: kirin.port });
    connection.send([1, 2, 3].map((i) => `GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
    for (const i of [1, 2, 3]) {
      assert.equal((await connection.readResponse()).body.toString(), `GET /${i}`);
    }
    connection.destroy();
  });

  const PATHS: readonly (readonly [asked: string, got: string])[] = [
    ['/api/users?a=b', '/v1/users?a=b'],
    ['/api', '/v1'],
    ['/api/', '/v1/'],
    ['/api/a%2Fb', '/v1/a%2Fb'],
    ['/%61pi/x%20y', '/v1/x%20y'],
    ['/root/x', '/x'],
    ['/root', '/'],
    ['/one?x', '/two?x'],
    ['/user/a%20b', '/users?name=a%20b'],
    ['//double//x', '//double//x'],
    ['/a?', '/a?'],
    ['http://shop.example/absolute?x', '/absolute?x'],
    ['/named/x', '/named/x'],
  ];
  for (const [asked, got] of PATHS) {
    it(`asks for ${got} when asked for ${asked}`, async () => {
      assert.equal((await ask(asked)).text, `GET ${got}`);
    });
  }

  it('asks servers on unix sockets', async () => {
    assert.equal((await ask('/unix/x')).text, 'unix /below/x');
  });

  it('tells of the client in fields', async () => {
    await ask('/x', {
      fields: { 'X-Forwarded-For': '192.0.2.1', 'x-mixed-CASE': 'y', 'User-Agent': 'test' },
    });
    const { last } = upstream;
    assert.deepEqual(valuesOf(last, 'host'), ['shop.example']);
    assert.deepEqual(valuesOf(last, 'x-forwarded-for'), ['192.0.2.1, 127.0.0.1']);
    assert.deepEqual(valuesOf(last, 'x-forwarded-proto'), ['http']);
    assert.deepEqual(valuesOf(last, 'x-forwarded-host'), ['shop.example']);
    assert.deepEqual(valuesOf(last, 'connection'), []);
    assert.ok(last.fields.some(([name]) => name === 'X-Mixed-Case'));
  });

  it('passes on every X-Forwarded-For that there is', async () => {
    const connection = await RawConnection.open({ port: kirin.port });
    connection.send(
      'GET /xff HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n',
    );
    await connection.readResponse();
    connection.destroy();
    assert.deepEqual(valuesOf(upstream.last, 'x-forwarded-for'), ['192.0.2.1, 192.0.2.2, 127.0.0.1']);
  });

  it('sets, removes and hides fields', async () => {
    upstream.answer = (_request, response) =>
      response.writeHead(200, { 'X-Hidden': '1', 'X-Shown': '2' }).end();
    const fields = { 'X-Secret': 's', 'User-Agent': 'test', 'X-Path': 'forged', 'X-Real-IP': '192.0.2.9' };
    for (const path of ['/set/a', '/set/b']) {
      const answer = await ask(path, { fields });
      assert.equal(answer.headers.get('x-hidden'), undefined);
      assert.equal(answer.headers.get('x-shown'), '2');
      const { last } = upstream;
      assert.deepEqual(valuesOf(last, 'host'), [`127.0.0.1:${upstream.port}`]);
      assert.deepEqual(valuesOf(last, 'x-real-ip'), ['127.0.0.1']);
      assert.deepEqual(valuesOf(last, 'x-path'), [path]);
      for (const gone of ['x-secret', 'user-agent', 'x-forwarded-for']) {
        assert.deepEqual(valuesOf(last, gone), [], gone);
      }
    }
  });

  it('passes nothing on that is about one connection', async () => {
    upstream.answer = (_request, response) => {
      response
        .writeHead(200, { Connection: 'close, X-Hop', 'X-Hop': '1', 'Keep-Alive': 'timeout=5', Trailer: 'a' })
        .end('x');
    };
    const fields = {
      Connection: 'keep-alive, X-Mine, X-Forwarded-For, Cookie',
      'X-Mine': '1',
      Cookie: 'a=b',
      TE: 'gzip',
      'Keep-Alive': '5',
      'Proxy-Connection': 'x',
      'Proxy-Authorization': 'y',
    };
    const answer = await ask('/hop', { fields });
    for (const gone of [
      'x-mine',
      'te',
      'keep-alive',
      'proxy-connection',
      'proxy-authorization',
      'connection',
    ]) {
      assert.deepEqual(valuesOf(upstream.last, gone), [], gone);
    }
    // Whoever names them there only wants an upstream not to know.
    assert.deepEqual(valuesOf(upstream.last, 'cookie'), ['a=b']);
    assert.deepEqual(valuesOf(upstream.last, 'x-forwarded-for'), ['127.0.0.1']);
    for (const gone of ['x-hop', 'keep-alive', 'trailer', 'connection']) {
      assert.equal(answer.headers.get(gone), undefined, gone);
    }
  });

  it('drops fields that could pass for others', async () => {
    await ask('/underscores', { fields: { X_Real_IP: '192.0.2.1', Content_Length: '5' } });
    assert.deepEqual(valuesOf(upstream.last, 'x_real_ip'), []);
    assert.deepEqual(valuesOf(upstream.last, 'content_length'), []);
  });

  it('keeps who the upstream says that it is', async () => {
    upstream.answer = (_request, response) => {
      response.writeHead(200, { Server: 'theirs', Date: 'Sun, 06 Nov 1994 08:49:37 GMT' }).end();
    };
    const answer = await ask('/server');
    assert.equal(answer.headers.get('server'), 'theirs');
    assert.equal(answer.headers.get('date'), 'Sun, 06 Nov 1994 08:49:37 GMT');
  });

  it('gives every response with its own body and length', async () => {
    const bodies = ['', 'a', 'b'.repeat(20_000), 'c'.repeat(16_384), 'd'.repeat(16_385)];
    for (const method of ['GET', 'HEAD']) {
      for (const body of bodies) {
        upstream.answer = (_request, response) => response.setHeader('Content-Length', body.length).end(body);
        const answer = await ask('/length', { method });
        assert.equal(answer.headers.get('content-length'), String(body.length));
        assert.equal(answer.text, method === 'HEAD' ? '' : body);
      }
    }
  });

  it('gives responses without a length', async () => {
    for (const parts of [
      ['a', 'b'],
      ['x'.repeat(70_000), 'y'.repeat(70_000)],
    ]) {
      upstream.answer = (_request, response) => {
        for (const part of parts) response.write(part);
        response.end();
      };
      assert.equal((await ask('/chunked')).text, parts.join(''));
      assert.equal((await ask('/chunked', { method: 'HEAD' })).text, '');
    }
  });

  it('gives responses that have no body', async () => {
    for (const status of [204, 304]) {
      upstream.answer = (_request, response) => response.writeHead(status, { ETag: '"a"' }).end();
      const answer = await ask('/bodiless');
      assert.deepEqual([answer.status, answer.text, answer.headers.get('etag')], [status, '', '"a"']);
    }
  });

  it('rewrites redirects to the upstream itself', async () => {
    const cases: readonly (readonly [path: string, location: string, got: string])[] = [
      ['/x', `http://127.0.0.1:${upstream.port}/a?b`, '/a?b'],
      ['/api/x', `http://127.0.0.1:${upstream.port}/v1/a`, '/api/a'],
      ['/api/x', `http://127.0.0.1:${upstream.port}/v1`, '/api'],
      ['/api/x', `http://127.0.0.1:${upstream.port}/v11`, `http://127.0.0.1:${upstream.port}/v11`],
      ['/x', 'https://other.example/', 'https://other.example/'],
      ['/x', '/relative', '/relative'],
      ['/kept/x', `http://127.0.0.1:${upstream.port}/a`, `http://127.0.0.1:${upstream.port}/a`],
      ['/mapped/x', 'http://old.example/a', 'https://shop.example/new/a'],
      ['/mapped/x', 'http://shop.example/a/b', '/shop/a/b'],
    ];
    for (const [path, location, got] of cases) {
      upstream.answer = (_request, response) => response.writeHead(302, { Location: location }).end();
      assert.equal((await ask(path)).headers.get('location'), got);
      upstream.answer = (_request, response) =>
        response.writeHead(200, { Refresh: `5; url=${location}` }).end();
      assert.equal((await ask(path)).headers.get('refresh'), `5; url=${got}`);
    }
  });

  it('leaves out interim responses', async () => {
    upstream.answer = (_request, response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' });
      response.end('final');
    };
    assert.equal((await ask('/hints')).text, 'final');
  });

  it('says 100 Continue itself', async () => {
    upstream.answer = (request, response) => response.end(request.body);
    const connection = await RawConnection.open({ port: kirin.port });
    connection.send('POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n');
    assert.equal((await connection.readResponse()).status, 100);
    connection.send('ab');
    assert.equal((await connection.readResponse()).body.toString(), 'ab');
    connection.destroy();
    assert.deepEqual(valuesOf(upstream.last, 'expect'), []);
  });

  it('gives a chunked body its length', async () => {
    upstream.answer = (request, response) => response.end(request.body);
    const connection = await RawConnection.open({ port: kirin.port });
    connection.send('POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n');
    assert.equal((await connection.readResponse()).body.toString(), 'abc');
    connection.destroy();
    assert.deepEqual(valuesOf(upstream.last, 'content-length'), ['3']);
    assert.deepEqual(valuesOf(upstream.last, 'transfer-encoding'), []);
  });

  it('serves clients of HTTP/1.0', async () => {
    upstream.answer = (_request, response) => {
      response.write('a');
      response.end('b');
    };
    const connection = await RawConnection.open({ port: kirin.port });
    connection.send('GET /old HTTP/1.0\r\n\r\n');
    const response = await connection.readResponse();
    assert.equal(response.body.toString(), 'ab');
    assert.ok(!response.fields.some(([name]) => name.toLowerCase() === 'transfer-encoding'));
    connection.destroy();
    assert.deepEqual(valuesOf(upstream.last, 'host'), [`127.0.0.1:${upstream.port}`]);
  });
});

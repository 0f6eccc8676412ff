import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { ANY_VERSION } from '../support/ask-site.ts';
import { answerOf, request } from '../support/http2-client.ts';
import { testPython } from '../support/project.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { fieldValue, fieldValues, type RawResponse } from '../support/response-reader.ts';
import { useKirin } from '../support/shared-kirin.ts';
import { makeTemporaryFolder, removeFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const STYLE = '</style.css>; rel=preload; as=style';

interface Answer {
  readonly hints: readonly RawResponse[];
  readonly response: RawResponse;
}

async function read(client: RawConnection, method = 'GET'): Promise<Answer> {
  const hints: RawResponse[] = [];
  for (;;) {
    const response = await client.readResponse({ method });
    if (response.status >= 200) return { hints, response };
    hints.push(response);
  }
}

async function ask(port: number, target: string, version = '1.1', method = 'GET'): Promise<Answer> {
  const client = await RawConnection.open({ port });
  try {
    client.send(`${method} ${target} HTTP/${version}\r\nHost: shop.example\r\n\r\n`);
    return await read(client, method);
  } finally {
    client.destroy();
  }
}

const linksOf = ({ hints }: Answer) => hints.map((each) => fieldValues(each, 'Link'));

for (const [kind, args] of [
  ['sync', []],
  ['gthread', ['--threads', '3']],
  ['gevent', ['--worker-class', 'gevent']],
] as const) {
  describe(`wsgi.early_hints of a ${kind} worker`, () => {
    const kirin = useKirin({ app: 'early_hints:app', args: [...args, '--access-logfile', '-'] });
    const folder = makeTemporaryFolder();
    after(() => removeFolder(folder));

    it('sends 103 at once, and then the response', async () => {
      const client = await RawConnection.open({ port: kirin().port });
      const path = join(folder, 'go');
      client.send(`GET /then-wait?path=${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      const { head } = await client.readResponse();
      assert.equal(head, `HTTP/1.1 103 Early Hints\r\nLink: ${STYLE}`);
      writeFileSync(path, '');
      const response = await client.readResponse();
      client.destroy();
      assert.deepEqual([response.status, response.body.toString()], [200, 'page']);
      assert.equal(fieldValue(response, 'Link'), undefined);
      await waitFor(() => /"GET \/then-wait\S* HTTP\/1\.1" 200 4 /.test(kirin().stdout()));
      assert.doesNotMatch(kirin().stdout(), /" 103 /);
    });

    it('is there for other threads, and when a response is streamed', async () => {
      assert.deepEqual(linksOf(await ask(kirin().port, '/by-thread')), [[STYLE]]);
      const streamed = await ask(kirin().port, '/streamed');
      assert.deepEqual(linksOf(streamed), [['</in-time>']]);
      assert.equal(streamed.response.body.toString(), 'one two');
    });
  });
}

describe('wsgi.early_hints', () => {
  const kirin = useKirin({ app: 'early_hints:app' });
  const folder = makeTemporaryFolder();
  after(() => removeFolder(folder));
  const get = (target: string, version?: string, method?: string) =>
    ask(kirin().port, target, version, method);

  it('sends what a field may hold, also to HEAD', async () => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await get('/', '1.1', method);
      assert.deepEqual(linksOf(answer), [[STYLE, '</caf\u00e9.js>; rel=preload; as=script']]);
      assert.equal(answer.response.status, 200);
    }
  });

  it('sends nothing to HTTP/1.0', async () => {
    const { hints, response } = await get('/', '1.0');
    assert.deepEqual([hints, response.status, response.body.toString()], [[], 200, 'page']);
  });

  it('sends several, and no more than every client takes', async () => {
    assert.deepEqual(linksOf(await get('/many?count=2')), [['</0>'], ['</1>']]);
    const many = await get('/many?count=100');
    assert.deepEqual(linksOf(many), [['</0>'], ['</1>'], ['</2>'], ['</3>']]);
    assert.equal(many.response.body.toString(), 'page');
  });

  it('sends them before the response of each of the requests that were sent ahead', async () => {
    const client = await RawConnection.open({ port: kirin().port });
    const targets = ['/', '/many?count=3', '/missing', '/'];
    client.send(targets.map((target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
    const seen: number[] = [];
    for (const _ of targets) {
      const { hints, response } = await read(client);
      seen.push(hints.length, response.status);
    }
    client.destroy();
    assert.deepEqual(seen, [1, 200, 3, 200, 0, 404, 1, 200]);
  });

  it('comes after 100 Continue', async () => {
    const client = await RawConnection.open({ port: kirin().port });
    client.send('POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
    assert.equal((await client.readResponse()).status, 100);
    client.send('sent');
    const { hints, response } = await read(client);
    client.destroy();
    assert.deepEqual([hints.length, response.body.toString()], [1, 'sent']);
  });

  it('raises for what no field may hold, and sends nothing of it', async () => {
    const { hints, response } = await get('/split');
    assert.deepEqual([hints, response.status], [[], 500]);
    await kirin().waitForLog(
      /GET \/split.*: the application gave wsgi\.early_hints a value for the header Link that holds a line break/,
    );
    const caught = await get('/split-and-caught');
    assert.deepEqual([caught.hints, caught.response.status], [[], 200]);
    assert.match(caught.response.body.toString(), /a header named 'Li nk', which is not a valid field name/);
  });

  it('of a request whose worker dies is sent by the next one, too', async () => {
    const client = await RawConnection.open({ port: kirin().port });
    const path = join(folder, 'died');
    client.send(`GET /dying?path=${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal((await client.readResponse()).status, 103);
    writeFileSync(`${path}.seen`, '');
    const { hints, response } = await read(client);
    client.destroy();
    assert.deepEqual([hints.length, response.status, response.body.toString()], [1, 200, 'page']);
    assert.ok(existsSync(path));
  });
});

describe('early hints on a site', () => {
  const APP = `
asked = 0
def app(environ, start_response):
    global asked
    asked += 1
    environ["wsgi.early_hints"]([("Link", "${STYLE}")])
    fields = [("Content-Type", "text/plain"), ("Cache-Control", "max-age=600"), ("X-Asked", str(asked))]
    start_response("200 OK", fields)
    return [b"a line that comes again and again" * 100]
`;
  const SITE = `
app = "main:app"
${ANY_VERSION}

[caches.pages]

[[sites]]
compress = true
add_headers = { X-Added = "yes" }

[[sites.routes]]
path = "/cached"
cache = "pages"
`;
  const folder = new AppFolder({ 'main.py': APP, 'kirin.toml': SITE });
  const kirin = useKirin({ bind: [], cwd: folder.path, args: ['--python', testPython] });
  after(() => folder.remove());

  it('are sent as they are, while the response is compressed and added to', async () => {
    const client = await RawConnection.open({ port: kirin().port });
    client.send('GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n');
    const { hints, response } = await read(client);
    client.destroy();
    assert.deepEqual(
      hints.map(({ fields }) => fields),
      [[['Link', STYLE]]],
    );
    assert.equal(fieldValue(response, 'Content-Encoding'), 'gzip');
    assert.equal(fieldValue(response, 'X-Added'), 'yes');
  });

  it('go to who has a response fetched, and are not kept with it', async () => {
    const first = await ask(kirin().port, '/cached');
    const again = await ask(kirin().port, '/cached');
    assert.deepEqual([linksOf(first), linksOf(again)], [[[STYLE]], []]);
    assert.deepEqual(
      [first, again].map(({ response }) => fieldValue(response, 'X-Asked')),
      [1, 1].map(() => fieldValue(first.response, 'X-Asked')),
    );
  });

  describe('with HTTP/2', () => {
    let session: ReturnType<typeof connect>;
    before(() => {
      const { port } = kirin();
      session = connect(`http://127.0.0.1:${port}`, {
        createConnection: () => connectSocket({ port, host: '127.0.0.1', localAddress: '127.0.0.2' }),
      });
      session.on('error', () => {});
    });
    after(() => session.destroy());

    it('are a head of their own on the stream of the request', async () => {
      for (const method of ['GET', 'HEAD']) {
        const stream = request(session, { ':method': method, ':path': '/' });
        const hints: unknown[] = [];
        stream.on('headers', (fields) => hints.push(Object.entries(fields)));
        const { status, fields } = await answerOf(stream);
        assert.deepEqual(hints, [Object.entries({ ':status': 103, link: STYLE })]);
        assert.deepEqual([status, fields['x-added'], fields.link], [200, 'yes', undefined]);
      }
    });
  });
});

// What is too much of something, or has no end, from many connections at once and for every kind of answer.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AppFolder } from '../support/app-folder.ts';
import { HttpUpstream } from '../support/fake-upstream.ts';
import { type Flood, flood } from '../support/flood.ts';
import { type KirinProcess, startKirin } from '../support/kirin.ts';
import { pssBytes } from '../support/processes.ts';
import { exchange } from '../support/raw-connection.ts';

/** Of each kind and for each answer. */
const CONNECTIONS = 25;
/** What all of them may cost, with the garbage of those before: what a single one would send is as much. */
const MOST_BYTES = 256 << 20;

const APP = `
def app(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d bytes" % len(body)]
`;

interface Bomb extends Flood {
  readonly what: string;
  readonly status: number;
  readonly reason: RegExp;
}

const get = (path: string) => `GET /${path} HTTP/1.1\r\nHost: a\r\n`;
const post = (path: string) =>
  `POST /${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;

/** Refused before anybody is asked, whoever would answer. */
const inTheHead = (path: string): Bomb[] => [
  { what: 'an endless request line', head: `GET /${path}?`, unit: 'x', status: 414, reason: /4094/ },
  { what: 'an endless method', head: '', unit: 'X', status: 414, reason: /4094/ },
  { what: 'endless fields', head: get(path), unit: 'X-Many: y\r\n', status: 431, reason: /100/ },
  {
    what: 'large fields without end',
    head: get(path),
    unit: `X: ${'y'.repeat(8000)}\r\n`,
    status: 431,
    reason: /100/,
  },
  { what: 'an endless field', head: `${get(path)}X: `, unit: 'y', status: 431, reason: /8188/ },
  { what: 'an endless name of a field', head: get(path), unit: 'y', status: 431, reason: /8188/ },
  { what: 'endless empty lines', head: '', unit: '\r\n', status: 400, reason: /empty/ },
];

/** Refused while the body is read. */
const inTheBody = (path: string): Bomb[] => [
  {
    what: 'an endless chunk extension',
    head: `${post(path)}1;a=`,
    unit: 'b',
    status: 413,
    reason: /extension/,
  },
  { what: 'an endless size of a chunk', head: post(path), unit: '0', status: 413, reason: /chunk/ },
  { what: 'endless trailers', head: `${post(path)}0\r\n`, unit: 'X-Many: y\r\n', status: 431, reason: /100/ },
  { what: 'an endless trailer', head: `${post(path)}0\r\nX: `, unit: 'y', status: 431, reason: /8188/ },
];

describe('bombs', () => {
  const upstream = new HttpUpstream((request, response) => {
    response.end(`${request.body.length} bytes`);
    // They are all alike, and many.
    upstream.requests.length = 0;
  });
  const folder = new AppFolder({ 'main.py': APP });
  let kirin: KirinProcess;
  let usualBytes = 0;

  before(async () => {
    await upstream.start();
    folder.writeIn('pages', 'index.html', 'page');
    const route = (path: string, action: string) => `[[sites.routes]]\npath = "/${path}"\n${action}\n`;
    folder.write(
      'kirin.toml',
      `app = "main:app"\nworkers = 1\nbind = "127.0.0.1:0"\n[[sites]]\n` +
        route('files', 'files = "pages"') +
        route('proxy', `proxy = "http://127.0.0.1:${upstream.port}"`) +
        route('streamed', `proxy = { to = "http://127.0.0.1:${upstream.port}", request_buffering = false }`) +
        route('respond', 'respond = "said"') +
        route('app', 'app = true'),
    );
    kirin = await startKirin({ bind: [], cwd: folder.path });
    for (const path of ['app/', 'files/', 'proxy/', 'streamed/', 'respond']) await isServed(path);
    usualBytes = pssBytes(kirin.edgePid());
  });

  after(async () => {
    await kirin.stop();
    await upstream.stop();
    folder.remove();
  });

  async function isServed(path: string): Promise<void> {
    const { status } = await exchange({ port: kirin.port }, `${get(path)}Connection: close\r\n\r\n`);
    assert.equal(status, 200, path);
  }

  /** All of them at once, while others are served. */
  async function explode(bombs: readonly Flood[]): Promise<string[]> {
    const floods = bombs.flatMap((bomb) =>
      Array.from({ length: CONNECTIONS }, () => flood(kirin.port, bomb).then(({ answer }) => answer)),
    );
    for (const path of ['app/', 'files/', 'proxy/', 'respond']) await isServed(path);
    const answers = await Promise.all(floods);
    const grown = pssBytes(kirin.edgePid()) - usualBytes;
    assert.ok(grown < MOST_BYTES, `${grown >> 20} MB more`);
    return answers;
  }

  async function assertRefused(bombs: readonly Bomb[]): Promise<void> {
    const answers = await explode(bombs);
    for (const [index, answer] of answers.entries()) {
      const bomb = bombs[Math.floor(index / CONNECTIONS)] as Bomb;
      // Who goes on sending may lose the answer to the reset that ends it.
      if (answer === '') continue;
      assert.ok(answer.startsWith(`HTTP/1.1 ${bomb.status} `), `${bomb.what}: ${answer.slice(0, 300)}`);
      assert.match(answer, bomb.reason, bomb.what);
    }
    assert.ok(
      answers.some((answer) => answer !== ''),
      'somebody is told',
    );
  }

  for (const path of ['app/', 'files/', 'proxy/', 'streamed/', 'respond']) {
    it(`in heads are refused for what they are, and cost little: /${path}`, () =>
      assertRefused(inTheHead(path)));
  }

  for (const path of ['app/', 'proxy/']) {
    it(`in bodies are refused for what they are, and cost little: /${path}`, () =>
      assertRefused(inTheBody(path)));
  }

  it('in bodies that are sent on as they come are refused, too', () => assertRefused(inTheBody('streamed/')));

  for (const path of ['files/', 'respond']) {
    it(`in bodies that nobody wants do not keep the connection: /${path}`, async () => {
      const answers = await explode(inTheBody(path));
      assert.ok(answers.some((answer) => /^HTTP\/1\.1 (?:200|405) /.test(answer)));
    });
  }

  for (const path of ['app/', 'proxy/', 'streamed/']) {
    it(`that are none, many tiny chunks, are taken, and cost little: /${path}`, async () => {
      const count = 200_000;
      const answers = await explode([
        { head: post(path), unit: '1\r\nx\r\n', times: count, tail: '0\r\n\r\n' },
      ]);
      for (const answer of answers) assert.ok(answer.includes(`${count} bytes`), answer.slice(0, 300));
    });
  }
});

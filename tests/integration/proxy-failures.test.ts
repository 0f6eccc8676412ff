import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { askSite } from '../support/ask-site.ts';
import { HttpUpstream, RawUpstream } from '../support/fake-upstream.ts';
import { findFreePort } from '../support/free-port.ts';
import { ProxyingKirin } from '../support/proxying-kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { waitFor } from '../support/wait-for.ts';

const OK = 'HTTP/1.1 200 OK\r\n';

/** What no client gets, and what the log says of it. */
const MALFORMED: readonly (readonly [what: string, bytes: string, reason: RegExp])[] = [
  ['no HTTP', 'hello\r\n\r\n', /status line/],
  ['HTTP/0.9', '<html></html>\r\n', /status line/],
  [
    'both framings',
    `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    /exclude each other/,
  ],
  ['two lengths', `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, /more than one Content-Length/],
  ['a folded field', `${OK}X: a\r\n b: c\r\nContent-Length: 0\r\n\r\n`, /begins with whitespace/],
  ['a bare LF', `${OK}X: a\nContent-Length: 0\r\n\r\n`, /LF does not follow/],
  ['an endless head', `${OK}X: ${'a'.repeat(70_000)}\r\n\r\n`, /too large/],
  ['too many fields', `${OK}${'X: a\r\n'.repeat(1001)}\r\n`, /too many fields/],
  ['an upgrade that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', /101/],
  ['endless interim responses', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(20), /interim/],
];

describe('a proxy whose upstream fails', () => {
  const malformed = MALFORMED.map(([, bytes]) => RawUpstream.answering(bytes));
  const silent = new RawUpstream((socket) => socket.resume().on('end', () => socket.end()));
  const closing = new RawUpstream((socket) => socket.on('data', () => socket.end()));
  const quick = new HttpUpstream();
  const half = new RawUpstream((socket) => {
    socket.on('data', (data: Buffer) => {
      if (data.includes('/sized')) socket.end(`${OK}Content-Length: 100000\r\n\r\nhalf`);
      else if (data.includes('/chunked')) socket.end(`${OK}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`);
      else if (data.includes('/short')) socket.end(`${OK}Content-Length: 10\r\n\r\nhalf`);
      else if (data.includes('/silent')) socket.write(`${OK}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`);
      else if (data.includes('/close')) socket.end(`${OK}\r\nwhole`);
    });
  });
  let kirin: ProxyingKirin;

  before(async () => {
    for (const upstream of [...malformed, silent, closing, quick, half]) await upstream.start();
    const bad = malformed.map(({ port }, i) => route(`/malformed/${i}`, `"http://127.0.0.1:${port}"`));
    kirin = await ProxyingKirin.start(
      [
        ...bad,
        route('/refused', `"http://127.0.0.1:${await findFreePort()}"`),
        route('/missing', '"http://unix:/nowhere/there.sock"'),
        route('/unknown', '"http://no-such-host.invalid"'),
        route('/late', `{ to = "http://127.0.0.1:${silent.port}", first_byte_timeout = "300ms" }`),
        route('/never', `{ to = "http://127.0.0.1:${silent.port}", first_byte_timeout = "1d" }`),
        route('/closing', `"http://127.0.0.1:${closing.port}"`),
        route('/half', `{ to = "http://127.0.0.1:${half.port}", silence_timeout = "1s" }`),
        route('/', `"http://127.0.0.1:${quick.port}"`),
      ].join('\n'),
    );
  });

  after(async () => {
    await kirin.stop();
    for (const upstream of [...malformed, silent, closing, quick, half]) await upstream.stop();
  });

  function route(path: string, proxy: string): string {
    return `[[sites.routes]]\npath = "${path}"\nproxy = ${proxy}`;
  }

  const ask = (target: string, question = {}) => askSite(kirin.port, target, question);

  for (const [i, [what, , reason]] of MALFORMED.entries()) {
    it(`answers 502 to ${what}`, async () => {
      const answer = await ask(`/malformed/${i}/x`);
      assert.equal(answer.status, 502);
      await kirin.kirin.waitForLog(new RegExp(`Upstream \\S+ for GET /malformed/${i}/x: .*${reason.source}`));
    });
  }

  it('says in the log which server it was, and why', async () => {
    for (const [path, reason] of [
      ['/refused', 'connection refused'],
      ['/missing', 'there is no such socket'],
      ['/closing', 'connection closed before the response was complete'],
    ] as const) {
      assert.equal((await ask(path)).status, 502);
      await kirin.kirin.waitForLog(new RegExp(`Upstream \\S+ for GET ${path}: ${reason}.*answered 502`));
    }
  });

  it('answers 503 while no server is known', async () => {
    assert.equal((await ask('/unknown')).status, 503);
    await kirin.kirin.waitForLog(/Upstream no-such-host.invalid for GET \/unknown: no server is there/);
  });

  it('answers 504 when the first byte does not come in time', async () => {
    assert.equal((await ask('/late')).status, 504);
    await kirin.kirin.waitForLog(/for GET \/late: no response within 0\.3 s: answered 504/);
  });

  it('serves others while requests wait for one that is silent', async () => {
    const waiting: RawConnection[] = [];
    for (let i = 0; i < 100; i += 1) {
      const connection = await RawConnection.open({ port: kirin.port });
      connection.send(`GET /never/${i} HTTP/1.1\r\nHost: a\r\n\r\n`);
      waiting.push(connection);
    }
    await waitFor(() => silent.open >= 100, { what: 'the requests at the silent upstream' });
    for (let i = 0; i < 20; i += 1) assert.equal((await ask(`/quick/${i}`)).text, `GET /quick/${i}`);
    for (const connection of waiting) connection.destroy();
    await waitFor(() => silent.open === 0, { what: 'the end of the connections of clients that have left' });
  });

  it('breaks off what its upstream breaks off', async () => {
    for (const path of ['/half/sized', '/half/chunked', '/half/silent']) {
      const connection = await RawConnection.open({ port: kirin.port });
      connection.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await assert.rejects(connection.readResponse(), /ended inside a body|error/, path);
      connection.destroy();
    }
  });

  it('answers 502 when a short response is broken off', async () => {
    assert.equal((await ask('/half/short')).status, 502);
  });

  it('takes the end of the connection for the end of a response without a length', async () => {
    assert.equal((await ask('/half/close')).text, 'whole');
  });
});

describe('a proxy whose upstream closes kept connections', () => {
  /** Answers the first request of each connection, and closes it when the second comes. */
  const upstream = new RawUpstream((socket) => {
    let count = 0;
    socket.on('data', (data: Buffer) => {
      count += 1;
      const method = String(data).split(' ')[0];
      if (count === 1) socket.write(`${OK}Content-Length: ${method?.length}\r\n\r\n${method}`);
      else socket.destroy();
    });
  });
  let kirin: ProxyingKirin;

  before(async () => {
    await upstream.start();
    const to = `http://127.0.0.1:${upstream.port}`;
    kirin = await ProxyingKirin.start(
      `[[sites.routes]]\npath = "/unsafe"\nproxy = { to = "${to}", retry = { unsafe = true } }\n` +
        `[[sites.routes]]\npath = "/"\nproxy = "${to}"`,
    );
  });

  after(async () => {
    await kirin.stop();
    await upstream.stop();
  });

  it('asks again on a new one, where that does no harm', async () => {
    for (let i = 0; i < 5; i += 1) {
      const answer = await askSite(kirin.port, '/x');
      assert.deepEqual([answer.status, answer.text], [200, 'GET']);
    }
    assert.equal((await askSite(kirin.port, '/x', { method: 'PUT', body: 'b' })).text, 'PUT');
  });

  it('does not run a request twice that may have had an effect', async () => {
    assert.equal((await askSite(kirin.port, '/x')).status, 200);
    assert.equal((await askSite(kirin.port, '/x', { method: 'POST', body: 'b' })).status, 502);
  });

  it('does so where the route says that it may', async () => {
    assert.equal((await askSite(kirin.port, '/x')).status, 200);
    assert.equal((await askSite(kirin.port, '/unsafe', { method: 'POST', body: 'b' })).text, 'POST');
  });
});

describe('a proxy and heads of responses', () => {
  it('takes them up to the limit of the route, whichever route has made the connection', async () => {
    const head = (bytes: number) => {
      const fixed = `${OK}Content-Length: 1\r\nX: \r\n\r\n`.length;
      return `${OK}Content-Length: 1\r\nX: ${'a'.repeat(bytes - fixed)}\r\n\r\nb`;
    };
    const upstream = new RawUpstream((socket) => {
      socket.on('data', (data: Buffer) => {
        socket.write(head(Number(/\/(\d+) /.exec(data.toString('latin1'))?.[1] ?? 0)));
      });
    });
    await upstream.start();
    const to = `http://127.0.0.1:${upstream.port}`;
    const kirin = await ProxyingKirin.start(
      `[[sites.routes]]\npath = "/narrow"\nproxy = { to = "${to}", max_head = "1k" }\n` +
        `[[sites.routes]]\npath = "/wide"\nproxy = "${to}"`,
    );
    try {
      for (const [target, status] of [
        ['/wide/2000', 200],
        ['/narrow/1024', 200],
        ['/narrow/1025', 502],
        ['/wide/65536', 200],
        ['/wide/65537', 502],
      ] as const) {
        assert.equal((await askSite(kirin.port, target)).status, status, target);
      }
    } finally {
      await kirin.stop();
      await upstream.stop();
    }
  });
});

describe('a proxy and bytes that nobody has asked for', () => {
  it('does not take them for the next response', async () => {
    const upstream = await RawUpstream.answering(
      `${OK}Content-Length: 4\r\n\r\ngood${OK}Content-Length: 4\r\n\r\nevil`,
    ).start();
    const kirin = await ProxyingKirin.start(`[[sites.routes]]\nproxy = "http://127.0.0.1:${upstream.port}"`);
    try {
      for (let i = 0; i < 5; i += 1) assert.equal((await askSite(kirin.port, `/${i}`)).text, 'good');
      assert.equal(upstream.connections, 5);
    } finally {
      await kirin.stop();
      await upstream.stop();
    }
  });
});

// What an upstream sends too much of, or without end, to many clients at once.
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { askSite } from '../support/ask-site.ts';
import { RawUpstream } from '../support/fake-upstream.ts';
import { pssBytes } from '../support/processes.ts';
import { ProxyingKirin } from '../support/proxying-kirin.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { waitFor } from '../support/wait-for.ts';

const CLIENTS = 25;
/** What all of them may cost, with the garbage of those before. */
const MOST_BYTES = 128 << 20;

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const TINY = '1\r\nx\r\n';

interface Bomb {
  readonly path: string;
  readonly head: string;
  /** Sent for ever. */
  readonly unit: string;
  readonly reason: RegExp;
}

/** Nothing of these is a response. */
const IN_HEADS: readonly Bomb[] = [
  { path: 'status', head: 'HTTP/1.1 200 ', unit: 'O', reason: /head of the response is too large/ },
  { path: 'no-status', head: '', unit: 'x', reason: /head of the response is too large/ },
  { path: 'field', head: `${OK}X: `, unit: 'y', reason: /head of the response is too large/ },
  { path: 'fields', head: OK, unit: 'X: y\r\n', reason: /too many fields/ },
  {
    path: 'large-fields',
    head: OK,
    unit: `X: ${'y'.repeat(8000)}\r\n`,
    reason: /head of the response is too large/,
  },
  { path: 'interim', head: '', unit: 'HTTP/1.1 103 Early Hints\r\n\r\n', reason: /too many interim/ },
];

/** They begin like a response. */
const IN_BODIES: readonly Bomb[] = [
  { path: 'extension', head: `${CHUNKED}1;a=`, unit: 'b', reason: /chunk extensions are too large/ },
  { path: 'trailers', head: `${CHUNKED}${TINY}0\r\n`, unit: 'X: y\r\n', reason: /too many fields/ },
  {
    path: 'large-trailers',
    head: `${CHUNKED}${TINY}0\r\n`,
    unit: `X: ${'y'.repeat(8000)}\r\n`,
    reason: /trailers have more than 65536 bytes/,
  },
];

describe('an upstream that sends without end', () => {
  /** Each has one of its own: the log names a server once in ten seconds. */
  const upstreams = new Map<string, RawUpstream>();
  for (const { path, head, unit } of [
    ...IN_HEADS,
    ...IN_BODIES,
    { path: 'tiny', head: CHUNKED, unit: TINY },
  ]) {
    upstreams.set(
      path,
      new RawUpstream((socket) => socket.once('data', () => sendForEver(socket, head, unit))),
    );
  }
  const good = RawUpstream.answering(`${OK}Content-Length: 2\r\n\r\nok`);
  let kirin: ProxyingKirin;
  let usualBytes = 0;

  function sendForEver(socket: Socket, head: string, unit: string): void {
    const piece = Buffer.from(unit.repeat(Math.ceil(65_536 / unit.length)), 'latin1');
    const goOn = () => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.write(head);
    socket.on('drain', goOn);
    goOn();
  }

  before(async () => {
    for (const upstream of [...upstreams.values(), good]) await upstream.start();
    const routes: string[] = [];
    const servers: string[] = [];
    for (const [name, { port }] of upstreams) {
      const route = (path: string, more: string) =>
        `[[sites.routes]]\npath = "${path}"\nproxy = { to = "http://${name}", ${more} }\n`;
      routes.push(route(`/streamed/${name}`, 'buffering = false'), route(`/${name}`, 'buffering = true'));
      // Its failures do not count: it is to be asked again.
      servers.push(`[upstreams.${name}]\nservers = [{ address = "127.0.0.1:${port}", max_fails = 0 }]\n`);
    }
    routes.push(`[[sites.routes]]\nproxy = "http://127.0.0.1:${good.port}"\n`);
    kirin = await ProxyingKirin.start([...routes, ...servers].join(''));
    await assertOthersAreServed();
    usualBytes = pssBytes(kirin.kirin.edgePid());
  });

  after(async () => {
    await kirin.stop();
    for (const upstream of [...upstreams.values(), good]) await upstream.stop();
  });

  async function assertOthersAreServed(): Promise<void> {
    const { status, text } = await askSite(kirin.port, '/');
    assert.deepEqual([status, text], [200, 'ok']);
  }

  function assertBounded(): void {
    const grown = pssBytes(kirin.kirin.edgePid()) - usualBytes;
    assert.ok(grown < MOST_BYTES, `${grown >> 20} MB more`);
  }

  async function assertLogged({ path, reason }: Bomb): Promise<void> {
    const { kirin: process } = kirin;
    await process.waitForLog(new RegExp(`Upstream \\S+ for GET /${path}: .*${reason.source}`, 'i'));
  }

  const areLeft = () =>
    waitFor(() => [...upstreams.values()].every(({ open }) => open === 0), {
      what: 'the end of the connections',
    });

  it('of a head is answered 502 for, and left', async () => {
    const answers = IN_HEADS.flatMap((bomb) =>
      Array.from({ length: CLIENTS }, async () => ({
        bomb,
        ...(await askSite(kirin.port, `/${bomb.path}`)),
      })),
    );
    await assertOthersAreServed();
    for (const { bomb, status } of await Promise.all(answers)) assert.equal(status, 502, bomb.path);
    for (const bomb of IN_HEADS) await assertLogged(bomb);
    assertBounded();
    await areLeft();
  });

  for (const bomb of IN_BODIES) {
    it(`is broken off, also for clients, and left: ${bomb.path}`, async () => {
      const clients = await Promise.all(
        Array.from({ length: CLIENTS }, () => RawConnection.open({ port: kirin.port })),
      );
      for (const client of clients) client.send(`GET /${bomb.path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await assertOthersAreServed();
      await waitFor(() => clients.every(({ hasEnded }) => hasEnded), { what: 'the end of the responses' });
      for (const client of clients) {
        const text = (await client.readToEnd()).toString('latin1');
        assert.ok(!text.endsWith('0\r\n\r\n'), 'it does not pass for a whole one');
        client.destroy();
      }
      await assertLogged(bomb);
      assertBounded();
      await areLeft();
    });
  }

  for (const path of ['/tiny', '/streamed/tiny']) {
    it(`of tiny chunks costs little, and waits for clients: ${path}`, async () => {
      const clients = await Promise.all(
        Array.from({ length: CLIENTS }, () => RawConnection.open({ port: kirin.port })),
      );
      for (const client of clients) {
        client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
        await client.peek(1000);
        client.pause();
      }
      await assertOthersAreServed();
      assertBounded();
      for (const client of clients) client.destroy();
      await areLeft();
    });
  }
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ANY_VERSION, askSite } from '../support/ask-site.ts';
import { HttpUpstream, RawUpstream } from '../support/fake-upstream.ts';
import { findFreePort } from '../support/free-port.ts';
import { ProxyingKirin } from '../support/proxying-kirin.ts';

describe('a proxy to several servers', () => {
  const good = new HttpUpstream((request, response) =>
    response.end(`good ${request.method} ${request.body}`),
  );
  const busy = new HttpUpstream((_request, response) => response.writeHead(503).end('busy'));
  const silent = new RawUpstream((socket) => socket.resume().on('end', () => socket.end()));
  const breaking = new RawUpstream((socket) => socket.on('data', () => socket.destroy()));
  let kirin: ProxyingKirin;

  before(async () => {
    for (const each of [good, busy, silent, breaking]) await each.start();
    const refused = await findFreePort();
    const group = (name: string, ...ports: readonly number[]) =>
      `[upstreams.${name}]\nservers = [${ports.map((port) => `{ address = "127.0.0.1:${port}", max_fails = 0 }`).join(', ')}]`;
    const route = (name: string, more = '') =>
      `[[sites.routes]]\npath = "/${name}"\nproxy = { to = "http://${name}"${more} }` +
      '\nadd_headers = { X-Asked = "$upstream_addr", X-Statuses = "$upstream_status", X-Times = "$upstream_response_time" }';
    kirin = await ProxyingKirin.start(
      [
        route('refusing'),
        // The good one has to be in time, too.
        route('late', ', first_byte_timeout = "1s"'),
        route('broken'),
        route('busy'),
        route('unsafe', ', retry = { unsafe = true }'),
        route('statuses', ', retry = { on = [503] }'),
        route('one', ', retry = { tries = 1 }'),
        route('never', ', retry = false'),
      ].join('\n'),
      [
        ANY_VERSION,
        group('refusing', refused, good.port),
        group('late', silent.port, good.port),
        group('broken', breaking.port, good.port),
        group('busy', busy.port, good.port),
        group('unsafe', breaking.port, good.port),
        group('statuses', busy.port, good.port),
        group('one', refused, good.port),
        group('never', refused, good.port),
      ].join('\n'),
    );
  });

  after(async () => {
    await kirin.stop();
    for (const each of [good, busy, silent, breaking]) await each.stop();
  });

  /** The statuses and texts of as many requests as make every server the first once. */
  async function answers(path: string, method = 'GET'): Promise<readonly string[]> {
    const got: string[] = [];
    for (let i = 0; i < 2; i += 1) {
      const question = method === 'GET' ? {} : { method, body: 'b' };
      const { status, text } = await askSite(kirin.port, path, question);
      got.push(status === 200 ? text.trim() : String(status));
    }
    return got.sort();
  }

  for (const path of ['/refusing', '/late', '/broken', '/statuses']) {
    it(`asks another where one gives no answer: ${path}`, async () => {
      assert.deepEqual(await answers(path), ['good GET', 'good GET']);
    });
  }

  it('tells which it has asked', async () => {
    for (let i = 0; i < 2; i += 1) {
      const { headers } = await askSite(kirin.port, '/statuses');
      const asked = headers.get('x-asked')?.split(', ') ?? [];
      assert.equal(asked.at(-1), `127.0.0.1:${good.port}`);
      const expected = asked.length === 2 ? ['503, 200', 2] : ['200', 1];
      const times = headers.get('x-times')?.split(', ') ?? [];
      assert.deepEqual([headers.get('x-statuses'), times.length], expected);
      for (const time of times) assert.match(time, /^\d+\.\d{3}$/);
    }
  });

  it('asks another also for what is unsafe, where nothing was sent', async () => {
    assert.deepEqual(await answers('/refusing', 'POST'), ['good POST b', 'good POST b']);
  });

  it('does not run twice what may have had an effect', async () => {
    assert.deepEqual(await answers('/broken', 'POST'), ['502', 'good POST b']);
    assert.deepEqual(await answers('/broken', 'PATCH'), ['502', 'good PATCH b']);
    assert.deepEqual(await answers('/late', 'POST'), ['504', 'good POST b']);
  });

  it('does so where the route says that it may', async () => {
    assert.deepEqual(await answers('/unsafe', 'POST'), ['good POST b', 'good POST b']);
  });

  it('takes a status for an answer, unless the route says otherwise', async () => {
    assert.deepEqual(await answers('/busy'), ['503', 'good GET']);
  });

  it('asks no more of them than the route says', async () => {
    assert.deepEqual(await answers('/one'), ['502', 'good GET']);
    assert.deepEqual(await answers('/never'), ['502', 'good GET']);
  });
});

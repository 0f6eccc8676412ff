import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs, { copyFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, it, type TestContext } from 'node:test';
import { CompressFilter } from '../../../../../src/handlers/compress/filter.ts';
import { CompressionRules } from '../../../../../src/handlers/compress/rules.ts';
import { exchange } from '../../../../support/raw-connection.ts';
import { replaceInFs } from '../../../../support/replaced-fs.ts';
import { waitFor } from '../../../../support/wait-for.ts';
import { CachedEdge } from './cached-edge.ts';

const GZIP = new CompressionRules({
  encodings: ['gzip'],
  types: ['text/*'],
  minBytes: 10,
  levels: { zstd: 3, br: 4, gzip: 5 },
});

const SMALL = 20_000;
const LARGE = 400_000;
/** More than a client's and the server's system hold for one that reads nothing. */
const HUGE = 30_000_000;

type Callback = (error: NodeJS.ErrnoException) => void;

async function bytesOf(answer: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) bytes += piece.length;
  return bytes;
}

describe('what a cache has in a file that cannot be used', () => {
  let cached: CachedEdge;
  /** How often each path was asked for where responses come from. */
  let asked: Map<string, number>;
  let isCompressed: boolean;
  let aheadMs: number;

  beforeEach(async (context) => {
    [asked, isCompressed, aheadMs] = [new Map(), false, 0];
    const now = performance.now.bind(performance);
    (context as TestContext).mock.method(performance, 'now', () => now() + aheadMs);
    cached = await CachedEdge.start((asking) => {
      const { path } = asking.head;
      const count = (asked.get(path) ?? 0) + 1;
      asked.set(path, count);
      const head = '200 OK\r\nContent-Type: text/plain\r\nCache-Control: max-age=600\r\n';
      asking.respond(head, 0, contentOf(path, count));
    });
    cached.around = (asking) => (isCompressed ? new CompressFilter(asking, GZIP) : asking);
  });

  afterEach(() => cached.stop());

  /** `/20000/a` has so many bytes. */
  const contentOf = (path: string, count: number): Buffer =>
    Buffer.alloc(Number(path.split('/')[1]), `${path} ${count}\n`);

  const request = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${isCompressed ? 'Accept-Encoding: gzip\r\n' : ''}\r\n`;

  const ask = (path: string) => exchange({ port: cached.port }, request(path));

  async function askForMuch(path: string): Promise<IncomingMessage> {
    const asking = get({ port: cached.port, path, headers: { host: 'a' }, agent: false });
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    return answer;
  }

  const fileOf = (path: string): string => {
    const [stored] = cached.store.variants(`http://a${path}`);
    return stored?.body.kind === 'file' ? stored.body.path : assert.fail(`${path} is not kept`);
  };

  /** Returns where it is. */
  async function keep(path: string): Promise<string> {
    await bytesOf(await askForMuch(path));
    await waitFor(() => cached.store.variants(`http://a${path}`).length === 1 && cached.store.writing === 0, {
      what: `${path} to be kept`,
    });
    return fileOf(path);
  }

  /** The response that comes in its place is kept, and answers the next request. */
  async function isMadeAnew(path: string): Promise<void> {
    isCompressed = false;
    const { status, body } = await ask(path);
    assert.equal(status, 200);
    assert.ok(body.equals(contentOf(path, 2)));
    await waitFor(() => cached.store.writing === 0);
    assert.ok((await ask(path)).body.equals(contentOf(path, 2)));
    assert.equal(asked.get(path), 2);
  }

  function isTold(file: string, why: string): void {
    assert.deepEqual(cached.errors, [
      `What was kept in ${file} cannot be used, and is asked for anew: ${why}`,
    ]);
  }

  /** Of reads behind so many bytes. */
  function failReading(t: TestContext, from: number): () => void {
    const { read } = fs;
    return replaceInFs(t, 'read', (...args: unknown[]) => {
      const [position, done] = args.slice(-2) as [number, Callback];
      if (position < from) (read as (...args: unknown[]) => void)(...args);
      else setImmediate(() => done(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })));
    });
  }

  it('is made anew for the same request, where nothing has been sent', async (t) => {
    const path = `/${SMALL}/a`;
    const file = await keep(path);
    await cached.reopen();
    failReading(t, 0);
    await isMadeAnew(path);
    isTold(file, 'EIO: i/o error, read');
  });

  for (const how of ['as it is', 'compressed']) {
    it(`cuts the response that is being sent ${how}, and no other`, async (t) => {
      const path = `/${LARGE}/a`;
      const file = await keep(path);
      isCompressed = how === 'compressed';
      // From now on it is known to be what was written.
      await ask(path);
      const restore = failReading(t, 200_000);
      await assert.rejects(ask(path), /ended inside a body/);
      restore();
      await isMadeAnew(path);
      isTold(file, 'EIO: i/o error, read');
    });
  }

  it('cuts nobody where it has become shorter before', async () => {
    const path = `/${LARGE}/a`;
    const file = await keep(path);
    truncateSync(file, LARGE - 1);
    await isMadeAnew(path);
    isTold(file, 'it is shorter than it was');
  });

  it('cuts whom it is being sent to while it becomes shorter', async () => {
    const path = `/${HUGE}/a`;
    const file = await keep(path);
    const answer = await askForMuch(path);
    truncateSync(file, HUGE / 2);
    await assert.rejects(bytesOf(answer), { code: 'ECONNRESET' });
    assert.equal(await bytesOf(await askForMuch(path)), HUGE);
    assert.equal(asked.get(path), 2);
    assert.match(cached.errors.join(), /^What was kept in .* anew: the file ended \d+ bytes early$/);
  });

  for (const [what, replace] of [
    ['another response', (file: string, other: string) => copyFileSync(other, file)],
    ['another file', (file: string) => writeFileSync(file, Buffer.alloc(2 * LARGE))],
    [
      'the same one in another length',
      (file: string) => writeFileSync(file, Buffer.concat([Buffer.alloc(1), fs.readFileSync(file)])),
    ],
  ] as const) {
    it(`is never answered with where ${what} is in its place`, async () => {
      const [path, other] = [`/${LARGE}/a`, `/${LARGE}/b`];
      const [file, otherFile] = [await keep(path), await keep(other)];
      for (const each of [path, other]) assert.ok((await ask(each)).body.equals(contentOf(each, 1)));
      replace(file, otherFile);
      await isMadeAnew(path);
      isTold(file, 'it is not what was written');
      assert.ok((await ask(other)).body.equals(contentOf(other, 1)));
    });
  }

  it('is what others have removed, which is nothing to be told', async () => {
    const path = `/${LARGE}/a`;
    rmSync(await keep(path));
    await isMadeAnew(path);
    assert.deepEqual(cached.errors, []);
  });

  it('is told once a minute, however many there are', async () => {
    const paths = Array.from({ length: 5 }, (_, number) => `/${LARGE}/${number}`);
    for (const path of paths) truncateSync(await keep(path), 1);
    for (const path of paths.slice(0, 4)) await ask(path);
    assert.equal(cached.errors.length, 1);
    aheadMs = 60_000;
    await ask(paths[4] as string);
    assert.equal(cached.errors.length, 2);
  });

  it('is not what is renewed while it is read', async (t) => {
    const path = `/${LARGE}/a`;
    const file = await keep(path);
    const [stored] = cached.store.variants(`http://a${path}`);
    if (stored === undefined) assert.fail();
    const ftruncating = new Promise<() => void>((resolve) => {
      const { ftruncate } = fs;
      replaceInFs(t, 'ftruncate', (...args: unknown[]) =>
        resolve(() => (ftruncate as (...args: unknown[]) => void)(...args)),
      );
    });
    // Its end is shorter than the one that was there, and what is left of that has not been cut off yet.
    cached.store.renew(stored, { ...stored, head: '200 OK\r\n' });
    const goOn = await ftruncating;
    assert.ok((await ask(path)).body.equals(contentOf(path, 1)));
    goOn();
    await waitFor(() => cached.store.writing === 0);
    assert.ok((await ask(path)).body.equals(contentOf(path, 1)));
    assert.deepEqual([fileOf(path), asked.get(path), cached.errors], [file, 1, []]);
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { afterEach, describe, it, type TestContext } from 'node:test';
import type { Exchange } from '../../../../../src/handlers/exchange.ts';
import { exchange } from '../../../../support/raw-connection.ts';
import { replaceInFs } from '../../../../support/replaced-fs.ts';
import { waitFor } from '../../../../support/wait-for.ts';
import { CachedEdge } from './cached-edge.ts';

const HEAD = '200 OK\r\nCache-Control: max-age=600\r\n';
const MEGABYTE = 1 << 20;
const PIECE = Buffer.alloc(65_536, 'x');
/** More than one response may have waiting for the disk. */
const LARGE = 3 * MEGABYTE;
/** More megabytes than all together may. */
const MANY = 40;
const MOST_WAITING = 32;

/** As fast as it is taken. */
function stream(asking: Exchange): void {
  let sent = 0;
  let isPaused = false;
  const goOn = () => {
    while (!isPaused && sent < LARGE) {
      sent += PIECE.length;
      asking.write(PIECE, sent === LARGE);
    }
  };
  asking.producer = {
    isWaiting: false,
    pause: () => {
      isPaused = true;
    },
    resume: () => {
      isPaused = false;
      goOn();
    },
    cancel: () => {},
  };
  asking.begin(HEAD, 0, Buffer.alloc(0), false);
  goOn();
}

describe('a cache in files whose disk hangs', () => {
  let cached: CachedEdge;
  let goOn = () => {};

  /** Nothing comes of it until `goOn`. */
  function hang(t: TestContext, name: 'open' | 'read' | 'writev'): void {
    const hanging: (() => void)[] = [];
    const usual = fs[name] as (...args: unknown[]) => void;
    const restore = replaceInFs(t, name, (...args: unknown[]) => {
      hanging.push(() => usual(...args));
    });
    goOn = () => {
      restore();
      for (const write of hanging.splice(0)) write();
    };
  }

  afterEach(async () => {
    goOn();
    await cached.stop();
  });

  const ask = async (target: string) => {
    const text = `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
    return (await exchange({ port: cached.port }, text)).body;
  };

  it('answers with everything, and keeps what may wait in memory', async (t) => {
    const bodyOf = (target: string) => Buffer.alloc(MEGABYTE, target);
    cached = await CachedEdge.start((asking) => asking.respond(HEAD, 0, bodyOf(asking.head.path)));
    hang(t, 'writev');
    const targets = Array.from({ length: MANY }, (_, number) => `/${number}`);
    for (const target of targets) assert.ok((await ask(target)).equals(bodyOf(target)));
    assert.equal(cached.store.pendingBytes, MOST_WAITING * MEGABYTE);
    goOn();
    await waitFor(() => cached.store.writing === 0, { what: 'the end of what is written' });
    assert.deepEqual([cached.store.size, cached.store.pendingBytes], [MOST_WAITING, 0]);
    assert.deepEqual(cached.errors, []);
  });

  it('holds up no response that is larger than what may wait of it', async (t) => {
    cached = await CachedEdge.start(stream);
    hang(t, 'writev');
    const [first, second] = await Promise.all([ask('/a'), ask('/b')]);
    assert.deepEqual([first.length, second.length], [LARGE, LARGE]);
    assert.match(
      cached.errors.join('|'),
      /^Nothing new is kept in [^|]*: the disk has taken nothing for 2 s$/,
    );
    assert.equal((await ask('/c')).length, LARGE);
    goOn();
    await waitFor(() => cached.store.writing === 0, { what: 'the end of what was being written' });
    assert.deepEqual([cached.store.size, cached.store.pendingBytes], [0, 0]);
    await waitFor(async () => (await ask('/d')).length === LARGE && cached.store.size === 1, {
      what: 'a response that is kept',
    });
    assert.equal(cached.news.length, 1);
  });

  for (const [name, bytes] of [
    ['read', 1000],
    ['open', 100_000],
  ] as const) {
    it(`is not waited for: what it has is asked for anew (${name}, ${bytes} bytes)`, async (t) => {
      let asked = 0;
      cached = await CachedEdge.start((asking) => {
        asked += 1;
        asking.respond(HEAD, 0, Buffer.alloc(bytes, String(asked)));
      });
      await ask('/a');
      await waitFor(() => cached.store.size === 1 && cached.store.writing === 0);
      await cached.reopen();
      const since = performance.now();
      hang(t, name);
      assert.equal((await ask('/a')).toString(), '2'.repeat(bytes));
      assert.ok(performance.now() - since > 4900);
      for (const count of [3, 4, 5]) assert.equal((await ask('/a')).toString(), `${count}`.repeat(bytes));
      assert.ok(performance.now() - since < 15_000, 'nobody else waits');
      assert.match(cached.errors.join('|'), /^The disk of [^|]* does not answer: [^|]*$/);
      goOn();
      await waitFor(() => cached.news.length === 1, { what: 'the log to say that it answers' });
      assert.equal((await ask('/a')).toString(), '1'.repeat(bytes), 'it is as it was');
      assert.match(cached.news.join(), /^The disk of .* answers again$/);
    });
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CacheHandler } from '../../../../src/handlers/cache/cache-handler.ts';
import { MemoryStore } from '../../../../src/handlers/cache/memory-store.ts';
import { SharedCache } from '../../../../src/handlers/cache/shared-cache.ts';
import type { Exchange } from '../../../../src/handlers/exchange.ts';
import { statusOf } from '../../../../src/protocol/http1/response-writer.ts';
import type { CacheUse } from '../../../../src/protocol/supervision/cache.ts';
import { Random } from '../../../support/random.ts';
import { FakeExchange, headOf } from '../fake-exchange.ts';

const USE: CacheUse = {
  cache: 'pages',
  key: null,
  valid: [],
  maxEntryBytes: 3000,
  staleWhileRevalidate: 0,
  staleIfError: 0,
  bypass: [],
  noStore: [],
  lock: true,
  lockTimeoutMs: 2 ** 30,
  minUses: 1,
  obeysClients: true,
  ignored: [],
  purge: [],
  tells: true,
};

/** A client who checks that what he gets is one response, whole, of what he asked for. */
class Client extends FakeExchange {
  readonly path: string;
  /** No older content may come than what was there when he asked. */
  readonly leastVersion: number;
  state: 'waiting' | 'begun' | 'done' | 'aborted' | 'left' = 'waiting';
  status = 0;
  text = '';

  constructor(method: string, path: string, fields: readonly string[], leastVersion: number) {
    super(headOf(`${method} ${path} HTTP/1.1`, 'Host: a', ...fields));
    this.path = path;
    this.leastVersion = leastVersion;
  }

  #start(head: string): void {
    if (this.state !== 'left') assert.equal(this.state, 'waiting', 'a second response');
    this.status = statusOf(head);
  }

  #end(): void {
    if (this.state === 'left') return;
    this.state = 'done';
    this.finish();
    if (this.head.method !== 'GET') return;
    if (this.status !== 200) return;
    const [path, version, length, rest = ''] = this.text.split(' ');
    assert.equal(path, this.path, 'the content of another');
    assert.ok(Number(version) >= this.leastVersion, `version ${version} after ${this.leastVersion}`);
    assert.equal(rest.length, Number(length), 'not whole');
  }

  override respond(head: string, _flags: number, body: string | Buffer): void {
    if (this.isOver) return;
    this.#start(head);
    this.text = body.toString('latin1');
    this.#end();
  }

  override begin(head: string, _flags: number, body: Buffer, isEnd: boolean): void {
    if (this.isOver) return;
    this.#start(head);
    this.state = 'begun';
    this.write(body, isEnd);
  }

  override write(body: Buffer, isEnd: boolean): void {
    if (this.isOver) return;
    assert.equal(this.state, 'begun');
    this.text += body.toString('latin1');
    if (isEnd) this.#end();
  }

  override abort(): void {
    if (this.isOver) return;
    assert.equal(this.state, 'begun', 'nothing was begun');
    this.state = 'aborted';
    this.finish();
  }

  override refuse(status: number): void {
    if (this.isOver) return;
    this.#start(`${status} No\r\n`);
    this.state = 'done';
    this.finish();
  }

  leave(): void {
    if (this.isOver) return;
    this.state = 'left';
    this.isOver = true;
    this.producer?.cancel();
    this.finish();
  }
}

/** One response that the origin is making. */
interface Work {
  readonly exchange: Exchange;
  readonly content: string;
  sent: number;
  hasBegun: boolean;
  isCancelled: boolean;
}

class Simulation {
  readonly random: Random;
  readonly versions = new Map<string, number>();
  readonly works: Work[] = [];
  readonly clients: Client[] = [];
  readonly store = new MemoryStore({ maxBytes: 20_000, maxEntries: 5, maxVariants: 3, inactiveMs: 600_000 });
  readonly cache = new SharedCache(this.store);
  readonly handler: CacheHandler;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.handler = new CacheHandler(USE, this.cache, { handle: (exchange) => this.#take(exchange) }, '');
  }

  #take(exchange: Exchange): void {
    const { path, method } = exchange.head;
    const version = (this.versions.get(path) ?? 1) + (method === 'POST' ? 1 : 0);
    if (method === 'POST') this.versions.set(path, version);
    const length = this.random.below(this.random.chance(0.1) ? 5000 : 500);
    const work: Work = {
      exchange,
      content: `${path} ${version} ${length} ${'x'.repeat(length)}`,
      sent: 0,
      hasBegun: false,
      isCancelled: false,
    };
    exchange.producer = {
      isWaiting: false,
      pause() {},
      resume() {},
      cancel: () => {
        work.isCancelled = true;
      },
    };
    this.works.push(work);
  }

  #head({ exchange, content }: Work): string {
    const { path } = exchange.head;
    const version = content.split(' ')[1];
    const control = ['max-age=600', 'max-age=0', 'no-store', 'max-age=600'][Number(path.slice(1)) % 4];
    const tag = `ETag: "${version}"\r\nCache-Control: ${control}\r\nVary: X-Kind\r\n`;
    const isSame = exchange.head.fields.get('if-none-match') === `"${version}"`;
    return isSame ? `304 Not Modified\r\n${tag}` : `200 OK\r\n${tag}`;
  }

  /** The origin goes on with one of its responses. */
  work(): void {
    const work = this.random.of(this.works);
    const end = () => this.works.splice(this.works.indexOf(work), 1);
    const { exchange, content } = work;
    if (work.isCancelled || exchange.isOver) {
      end();
      return;
    }
    const head = this.#head(work);
    if (!work.hasBegun) {
      if (this.random.chance(0.05)) {
        end();
        exchange.refuse(this.random.of([502, 404]));
      } else if (head.startsWith('304') || this.random.chance(0.4)) {
        end();
        exchange.respond(head, 0, head.startsWith('304') ? '' : content);
      } else {
        work.hasBegun = true;
        work.sent = this.random.below(content.length);
        exchange.begin(head, 0, Buffer.from(content.slice(0, work.sent)), false);
      }
      return;
    }
    if (this.random.chance(0.05)) {
      end();
      exchange.abort();
      return;
    }
    const next = Math.min(content.length, work.sent + 1 + this.random.below(content.length));
    const piece = Buffer.from(content.slice(work.sent, next));
    work.sent = next;
    if (next === content.length) end();
    exchange.write(piece, next === content.length);
  }

  ask(): void {
    const path = `/${this.random.below(6)}`;
    const method = this.random.weighted({ GET: 20, HEAD: 2, POST: 2 });
    const fields = [
      ...(this.random.chance(0.2) ? ['X-Kind: other'] : []),
      ...(this.random.chance(0.1) ? ['Cache-Control: no-cache'] : []),
      ...(this.random.chance(0.1) ? ['Range: bytes=0-3'] : []),
      ...(this.random.chance(0.1) ? ['If-None-Match: "1"'] : []),
      ...(this.random.chance(0.05) ? ['Authorization: x'] : []),
    ];
    // What a POST that has been answered has changed is not to be seen any more.
    const answered = this.clients.filter(
      ({ head, path: own, state }) => head.method === 'POST' && own === path && state === 'done',
    );
    const least = Math.max(1, ...answered.map(({ text }) => Number(text.split(' ')[1] ?? 1)));
    const client = new Client(method, path, fields, least);
    this.clients.push(client);
    this.handler.handle(client);
  }

  step(): void {
    const what = this.random.weighted({ ask: 3, work: 5, leave: 1, purge: 0.2 });
    if (what === 'ask') this.ask();
    else if (what === 'work' && this.works.length > 0) this.work();
    else if (what === 'leave' && this.clients.length > 0) this.random.of(this.clients.slice(-20)).leave();
    else if (what === 'purge') this.cache.purge('http://a/', true);
  }

  end(): void {
    while (this.works.length > 0) this.work();
    this.store.close();
  }
}

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('a cache, whatever clients and origin do', () => {
  it('answers everybody once, with the whole of what he asked for, and nothing that was changed before', () => {
    const before = timers();
    let hits = 0;
    for (let seed = 1; seed <= 150; seed += 1) {
      const simulation = new Simulation(seed);
      try {
        for (let step = 0; step < 300; step += 1) simulation.step();
        simulation.end();
        const open = simulation.clients.filter(({ state }) => state === 'waiting' || state === 'begun');
        assert.deepEqual(
          open.map(({ head }) => `${head.method} ${head.target}`),
          [],
          'waits for ever',
        );
        assert.equal(simulation.cache.inFlight.size, 0);
        assert.equal(simulation.cache.fetches.size, 0);
        assert.equal(simulation.store.pendingBytes, 0);
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
      hits += simulation.cache.answered.HIT;
    }
    assert.ok(hits > 500, 'there was something to answer from');
    assert.equal(timers(), before, 'timers are left');
  });
});

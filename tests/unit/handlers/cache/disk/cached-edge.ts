import { join } from 'node:path';
import { CacheHandler } from '../../../../../src/handlers/cache/cache-handler.ts';
import { DiskStore } from '../../../../../src/handlers/cache/disk/disk-store.ts';
import { SharedCache } from '../../../../../src/handlers/cache/shared-cache.ts';
import type { Exchange } from '../../../../../src/handlers/exchange.ts';
import type { CacheUse } from '../../../../../src/protocol/supervision/cache.ts';
import { waitFor } from '../../../../support/wait-for.ts';
import { EdgeHarness } from '../../../edge/edge-harness.ts';

const LIMITS = { maxBytes: 1 << 26, maxEntries: 100, maxVariants: 3, inactiveMs: 600_000 };
const USE: CacheUse = {
  cache: 'pages',
  key: null,
  valid: [],
  maxEntryBytes: null,
  staleWhileRevalidate: 0,
  staleIfError: 0,
  bypass: [],
  noStore: [],
  lock: true,
  lockTimeoutMs: 10_000,
  minUses: 1,
  obeysClients: true,
  ignored: [],
  purge: [],
  tells: true,
};

/** A real server whose responses are kept in files. */
export class CachedEdge {
  readonly edge: EdgeHarness;
  /** Lines of the log. */
  readonly errors: string[] = [];
  readonly news: string[] = [];
  /** What stands around the cache. */
  around = (exchange: Exchange): Exchange => exchange;
  store: DiskStore;
  readonly #answer: (exchange: Exchange) => void;

  private constructor(edge: EdgeHarness, answer: (exchange: Exchange) => void) {
    this.edge = edge;
    this.#answer = answer;
    this.store = this.#open();
  }

  /** `answer`: makes the responses. */
  static async start(answer: (exchange: Exchange) => void): Promise<CachedEdge> {
    const cached = new CachedEdge(await EdgeHarness.start(), answer);
    await cached.#isLoaded();
    return cached;
  }

  /** As at a start: nothing is in memory. */
  async reopen(): Promise<void> {
    this.store.close();
    this.store = this.#open();
    await this.#isLoaded();
  }

  #open(): DiskStore {
    const store = new DiskStore(join(this.edge.folder, 'kept'), LIMITS, {
      error: (line) => this.errors.push(line),
      info: (line) => this.news.push(line),
    });
    const handler = new CacheHandler(USE, new SharedCache(store), { handle: this.#answer }, '');
    this.edge.handle = (exchange) => handler.handle(this.around(exchange));
    return store;
  }

  async #isLoaded(): Promise<void> {
    await waitFor(() => !this.store.isLoading, { what: 'the index' });
  }

  get port(): number {
    return this.edge.port;
  }

  async stop(): Promise<void> {
    this.store.close();
    await waitFor(() => this.store.writing === 0, { what: 'the end of what is written' });
    await this.edge.stop();
  }
}

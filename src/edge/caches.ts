import { isDeepStrictEqual } from 'node:util';
import type { CacheStore } from '../handlers/cache/cache-store.ts';
import { type DiskLog, DiskStore } from '../handlers/cache/disk/disk-store.ts';
import { MemoryStore } from '../handlers/cache/memory-store.ts';
import { type CacheFacts, SharedCache } from '../handlers/cache/shared-cache.ts';
import type { CacheSpec } from '../protocol/supervision/cache.ts';

interface OpenCache {
  readonly spec: CacheSpec;
  readonly cache: SharedCache;
}

/** The caches of the configuration. One that a reload leaves as it is keeps what it has. */
export class Caches {
  #open = new Map<string, OpenCache>();
  readonly #log: DiskLog;

  constructor(log: DiskLog) {
    this.#log = log;
  }

  reset(specs: readonly CacheSpec[]): void {
    const before = this.#open;
    this.#open = new Map();
    for (const spec of specs) {
      const known = before.get(spec.name);
      const isSame = known !== undefined && isDeepStrictEqual(known.spec, spec);
      if (isSame) before.delete(spec.name);
      this.#open.set(spec.name, isSame ? known : { spec, cache: new SharedCache(storeFor(spec, this.#log)) });
    }
    for (const { cache } of before.values()) cache.store.close();
  }

  facts(): readonly CacheFacts[] {
    return [...this.#open].map(([name, { cache }]) => {
      const { size: entries, bytes, writing, isLoading } = cache.store;
      return { name, entries, bytes, writing, isLoading, answered: cache.answered };
    });
  }

  /** @param name of one that there is, which the configuration has checked */
  get(name: string): SharedCache {
    const open = this.#open.get(name);
    if (open === undefined) throw new Error(`there is no cache ${name}`);
    return open.cache;
  }
}

function storeFor(spec: CacheSpec, log: DiskLog): CacheStore {
  return spec.folder === null ? new MemoryStore(spec) : new DiskStore(spec.folder, spec, log);
}

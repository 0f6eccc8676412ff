import type { CacheFetch } from './cache-fetch.ts';
import type { CacheStore } from './cache-store.ts';

const MAX_REMEMBERED = 10_000;
/** For how long requests do not wait for one another where the last response could not be stored. */
const PASSED_FOR_MS = 5000;

/** Nginx's words. */
export type CacheStatus = 'HIT' | 'MISS' | 'EXPIRED' | 'REVALIDATED' | 'UPDATING' | 'STALE' | 'BYPASS';

export interface CacheFacts {
  readonly name: string;
  readonly entries: number;
  readonly bytes: number;
  readonly writing: number;
  readonly isLoading: boolean;
  readonly answered: Readonly<Record<CacheStatus, number>>;
}

/** One of the caches of the configuration, with what goes on in it. */
export class SharedCache {
  readonly store: CacheStore;
  /** Requests, by what has become of them. */
  readonly answered: Record<CacheStatus, number> = {
    HIT: 0,
    MISS: 0,
    EXPIRED: 0,
    REVALIDATED: 0,
    UPDATING: 0,
    STALE: 0,
    BYPASS: 0,
  };
  /** All that is being fetched for the cache. */
  readonly fetches = new Set<CacheFetch>();
  /** Of these, by what they are for, the one that others may wait for. */
  readonly inFlight = new Map<string, CacheFetch>();
  /** Until when. */
  readonly #passed = new Map<string, number>();
  readonly #uses = new Map<string, number>();

  constructor(store: CacheStore) {
    this.store = store;
  }

  /** The last response could not be stored, so nobody should wait for the next. */
  isPassed(id: string, nowMs: number): boolean {
    const untilMs = this.#passed.get(id);
    return untilMs !== undefined && nowMs < untilMs;
  }

  notePassed(id: string, nowMs: number): void {
    remember(this.#passed, id, nowMs + PASSED_FOR_MS);
  }

  noteStored(id: string): void {
    this.#passed.delete(id);
    this.#uses.delete(id);
  }

  /** How often it was asked for, with this one. */
  countUse(id: string): number {
    const uses = (this.#uses.get(id) ?? 0) + 1;
    remember(this.#uses, id, uses);
    return uses;
  }

  /** RFC 9111 4.4: neither what is stored may be used any more, nor what was asked for before. */
  invalidate(key: string): void {
    this.store.deleteKey(key);
    for (const fetch of this.fetches) if (fetch.key === key) fetch.storeNothing();
  }

  /** Returns how many responses it has removed. */
  purge(key: string, isPrefix: boolean): number {
    const isMeant = (other: string) => (isPrefix ? other.startsWith(key) : other === key);
    for (const fetch of this.fetches) if (isMeant(fetch.key)) fetch.storeNothing();
    return isPrefix ? this.store.deletePrefix(key) : this.store.deleteKey(key);
  }
}

function remember(table: Map<string, number>, id: string, value: number): void {
  table.delete(id);
  if (table.size >= MAX_REMEMBERED) {
    const [oldest] = table.keys();
    if (oldest !== undefined) table.delete(oldest);
  }
  table.set(id, value);
}

import type { StoredResponse } from './stored-response.ts';

export interface IndexLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
  /** Of each route. */
  readonly maxVariants: number;
  readonly inactiveMs: number;
}

/** Which responses are stored under which key. What was not used for longest goes first. */
export class CacheIndex {
  readonly #limits: IndexLimits;
  readonly #removed: (stored: StoredResponse) => void;
  readonly #byKey = new Map<string, readonly StoredResponse[]>();
  /** In the order of their last use. */
  readonly #order = new Set<StoredResponse>();
  bytes = 0;

  /** `removed` is told of each that is no longer in it. */
  constructor(limits: IndexLimits, removed: (stored: StoredResponse) => void) {
    this.#limits = limits;
    this.#removed = removed;
  }

  get size(): number {
    return this.#order.size;
  }

  /** The last that was added first. */
  variants(key: string): readonly StoredResponse[] {
    return this.#byKey.get(key) ?? NONE;
  }

  has(stored: StoredResponse): boolean {
    return this.#order.has(stored);
  }

  /** `replaces`: whether another one is for the same requests. */
  add(stored: StoredResponse, replaces: (other: StoredResponse) => boolean): void {
    for (const other of this.variants(stored.key).filter(replaces)) this.delete(other);
    for (;;) {
      const rivals = this.variants(stored.key).filter(({ facts }) => facts.route === stored.facts.route);
      if (rivals.length < this.#limits.maxVariants) break;
      this.delete(rivals.reduce(moreDispensable));
    }
    this.#byKey.set(stored.key, [stored, ...this.variants(stored.key)]);
    this.#order.add(stored);
    this.bytes += stored.bytes;
    const { maxBytes, maxEntries } = this.#limits;
    while (this.bytes > maxBytes || this.#order.size > maxEntries) {
      const [oldest] = this.#order;
      if (oldest === undefined) return;
      this.delete(oldest);
    }
  }

  /** Its facts, its head and so its size are about to be changed. */
  change(stored: StoredResponse, change: () => void): void {
    const before = stored.bytes;
    change();
    if (this.#order.has(stored)) this.bytes += stored.bytes - before;
  }

  touch(stored: StoredResponse, nowMs: number): void {
    if (nowMs - stored.lastUsedMs < TOUCHED_EVERY_MS) return;
    stored.lastUsedMs = nowMs;
    // Whoever is asked all the time is always the last.
    if (this.#order.delete(stored)) this.#order.add(stored);
  }

  delete(stored: StoredResponse): void {
    if (!this.#order.delete(stored)) return;
    this.bytes -= stored.bytes;
    const left = this.variants(stored.key).filter((other) => other !== stored);
    if (left.length === 0) this.#byKey.delete(stored.key);
    else this.#byKey.set(stored.key, left);
    this.#removed(stored);
  }

  /** How many there were. */
  deleteKey(key: string): number {
    const variants = this.variants(key);
    for (const stored of variants) this.delete(stored);
    return variants.length;
  }

  /** Of all keys that begin so. */
  deletePrefix(prefix: string): number {
    let count = 0;
    for (const key of this.#byKey.keys()) if (key.startsWith(prefix)) count += this.deleteKey(key);
    return count;
  }

  deleteInactive(nowMs: number): void {
    for (const stored of this.#order) {
      if (nowMs - stored.lastUsedMs < this.#limits.inactiveMs) return;
      this.delete(stored);
    }
  }

  /** What was not used for longest, until it is so much. */
  deleteOldest(bytes: number): void {
    const least = this.bytes - bytes;
    for (const stored of this.#order) {
      if (this.bytes <= least) return;
      this.delete(stored);
    }
  }

  clear(): void {
    for (const stored of this.#order) this.delete(stored);
  }
}

/** Whoever sends fields that nobody else sends must not drive out what all others ask for; else what was not used for longest goes. */
function moreDispensable(a: StoredResponse, b: StoredResponse): StoredResponse {
  const [isOdd, isOtherOdd] = [a.facts.unspoken !== '', b.facts.unspoken !== ''];
  if (isOdd !== isOtherOdd) return isOdd ? a : b;
  return b.lastUsedMs <= a.lastUsedMs ? b : a;
}

/** The order need not be finer. */
const TOUCHED_EVERY_MS = 1000;

const NONE: readonly StoredResponse[] = [];

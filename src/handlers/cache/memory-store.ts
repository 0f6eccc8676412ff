import { matches } from '../../protocol/caching/vary.ts';
import { CacheIndex, type IndexLimits } from './cache-index.ts';
import type { CacheStore, EntryWriter } from './cache-store.ts';
import { type Described, StoredResponse, withLength } from './stored-response.ts';

/** Up to this size a body is kept as text. */
export const MAX_TEXT_BYTES = 16_384;
export const SWEEP_EVERY_MS = 10_000;

/** Whether both are for the same requests. */
export function isSameVariant(a: StoredResponse, b: StoredResponse): boolean {
  const { unspoken, route } = a.facts;
  const request = {
    unspoken,
    route,
    valueOf: (name: string) => a.facts.varyValues[a.facts.vary.indexOf(name)] ?? '',
  };
  // With other names in Vary than before, the older one has been overtaken.
  const areNamesSame = a.facts.vary.join() === b.facts.vary.join();
  if (route !== b.facts.route || unspoken !== b.facts.unspoken) return false;
  return !areNamesSame || matches(b.facts, request);
}

/** Responses in the edge's memory. */
export class MemoryStore implements CacheStore {
  readonly defaultMaxEntryBytes = 1 << 20;
  readonly writing = 0;
  readonly isLoading = false;
  readonly #index: CacheIndex;
  readonly #maxBytes: number;
  readonly #sweep: NodeJS.Timeout;
  /** Of bodies that are being collected. */
  pendingBytes = 0;

  constructor(limits: IndexLimits) {
    this.#maxBytes = limits.maxBytes;
    this.#index = new CacheIndex(limits, () => {});
    this.#sweep = setInterval(() => this.#index.deleteInactive(performance.now()), SWEEP_EVERY_MS).unref();
  }

  get size(): number {
    return this.#index.size;
  }

  get bytes(): number {
    return this.#index.bytes;
  }

  variants(key: string): readonly StoredResponse[] {
    return this.#index.variants(key);
  }

  touch(stored: StoredResponse): void {
    this.#index.touch(stored, performance.now());
  }

  begin(key: string, maxBytes: number): EntryWriter {
    const parts: Buffer[] = [];
    let bytes = 0;
    const release = () => {
      this.pendingBytes -= bytes;
      bytes = 0;
      parts.length = 0;
    };
    return {
      isFull: false,
      drained: () => {},
      write: (data) => {
        if (bytes + data.length > maxBytes || this.pendingBytes + data.length > this.#maxBytes) return false;
        bytes += data.length;
        this.pendingBytes += data.length;
        parts.push(data);
        return true;
      },
      finish: (described, done) => {
        // A copy of its own: a piece may be a small part of a large block.
        const whole = Buffer.concat(parts);
        release();
        const content = whole.length <= MAX_TEXT_BYTES ? whole.toString('latin1') : whole;
        const stored = new StoredResponse(
          key,
          withLength(described, whole.length),
          { kind: 'memory', content },
          whole.length,
          performance.now(),
        );
        this.#index.add(stored, (other) => isSameVariant(stored, other));
        done(stored);
      },
      discard: release,
    };
  }

  keepContent(): void {}

  renew(stored: StoredResponse, { facts, head, flags }: Described): void {
    this.#index.change(stored, () => Object.assign(stored, { facts, head, flags }));
  }

  delete(stored: StoredResponse): void {
    this.#index.delete(stored);
  }

  lose(stored: StoredResponse): void {
    this.delete(stored);
  }

  deleteKey(key: string): number {
    return this.#index.deleteKey(key);
  }

  deletePrefix(prefix: string): number {
    return this.#index.deletePrefix(prefix);
  }

  close(): void {
    clearInterval(this.#sweep);
    this.#index.clear();
  }
}

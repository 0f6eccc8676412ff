import type { Answer, Lookup } from './lookup.ts';

const USUAL_MS = 10_000;
const LEAST_MS = 1000;
const MOST_MS = 3_600_000;
const FIRST_RETRY_MS = 500;

export interface NameListener {
  /** The name has these addresses now. */
  found(addresses: readonly string[]): void;
  /** It could not be looked up; told once until it can be again. `isKnown`: addresses from before stay in use. */
  failed(code: string, isKnown: boolean): void;
  /** It can be, after it could not. */
  recovered(addresses: readonly string[]): void;
}

/** Looks a name up again and again. */
export class WatchedName {
  readonly #name: string;
  readonly #lookup: Lookup;
  readonly #everyMs: number | null;
  readonly #listener: NameListener;
  #known: readonly string[] = [];
  /** Look-ups in a row that have failed. */
  #failures = 0;
  #timer: NodeJS.Timeout | null = null;
  #isAsking = false;
  #askedMs = 0;
  #dueMs = 0;
  #isStopped = false;

  /** @param everyMs null: as long as the answer says, or every ten seconds */
  constructor(name: string, lookup: Lookup, everyMs: number | null, listener: NameListener) {
    this.#name = name;
    this.#lookup = lookup;
    this.#everyMs = everyMs;
    this.#listener = listener;
  }

  get known(): readonly string[] {
    return this.#known;
  }

  /** Until the first answer, whatever it is. */
  async start(): Promise<void> {
    await this.#ask();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** An address has failed: there may be another already. At most once a second. */
  hurry(): void {
    if (this.#isAsking || this.#isStopped) return;
    const nowMs = performance.now();
    const dueMs = Math.max(nowMs, this.#askedMs + LEAST_MS);
    if (dueMs < this.#dueMs) this.#schedule(dueMs - nowMs);
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    this.#askedMs = performance.now();
    let delayMs: number;
    try {
      const answer = await this.#lookup(this.#name);
      if (!this.#isStopped) this.#take(answer);
      delayMs = delayAfter(answer, this.#everyMs);
    } catch (error) {
      if (!this.#isStopped) this.#noteFailure(error as NodeJS.ErrnoException);
      delayMs = delayAfterFailure(this.#failures, this.#everyMs);
    }
    this.#isAsking = false;
    if (!this.#isStopped) this.#schedule(delayMs);
  }

  #take({ addresses }: Answer): void {
    // Name servers turn the order round with each answer; that is no change.
    const sorted = addresses.toSorted();
    const isNew = sorted.join() !== this.#known.join();
    this.#known = sorted;
    if (isNew) this.#listener.found(sorted);
    if (this.#failures > 0) this.#listener.recovered(sorted);
    this.#failures = 0;
  }

  #noteFailure(error: NodeJS.ErrnoException): void {
    this.#failures += 1;
    if (this.#failures === 1) this.#listener.failed(error.code ?? error.message, this.#known.length > 0);
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#dueMs = performance.now() + delayMs;
    this.#timer = setTimeout(() => void this.#ask(), delayMs);
    this.#timer.unref();
  }
}

/** When to ask again. */
export function delayAfter({ ttlMs }: Answer, everyMs: number | null): number {
  return everyMs ?? Math.min(Math.max(ttlMs ?? USUAL_MS, LEAST_MS), MOST_MS);
}

/** Soon at first: a container that is being started has its name in a moment. */
export function delayAfterFailure(failures: number, everyMs: number | null): number {
  return Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 16), everyMs ?? USUAL_MS);
}

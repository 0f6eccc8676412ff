/** What can be put on a DeadlineList; on one at a time. */
export abstract class Timed {
  deadlineList: DeadlineList<Timed> | null = null;
  deadlineMs = 0;
  earlier: Timed | null = null;
  later: Timed | null = null;
}

/**
 * Things that time out after the same duration, in the order in which they do: adding, moving and removing are a few
 * assignments, and one timer serves them all, however many there are.
 */
export class DeadlineList<T extends Timed> {
  /** 0: nothing ever expires. A change is for what is added from then on. */
  durationMs: number;
  readonly #expire: (item: T) => void;
  #first: Timed | null = null;
  #last: Timed | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(durationMs: number, expire: (item: T) => void) {
    this.durationMs = durationMs;
    this.#expire = expire;
  }

  /** Puts the item at the end, from wherever it was. */
  add(item: T, nowMs: number): void {
    item.deadlineList?.remove(item);
    if (this.durationMs === 0) return;
    item.deadlineList = this as unknown as DeadlineList<Timed>;
    item.deadlineMs = nowMs + this.durationMs;
    item.earlier = this.#last;
    if (this.#last === null) this.#first = item;
    else this.#last.later = item;
    this.#last = item;
    this.#arm(this.durationMs);
  }

  remove(item: T): void {
    if (item.deadlineList !== (this as unknown)) return;
    if (item.earlier === null) this.#first = item.later;
    else item.earlier.later = item.later;
    if (item.later === null) this.#last = item.earlier;
    else item.later.earlier = item.earlier;
    item.earlier = null;
    item.later = null;
    item.deadlineList = null;
  }

  #look(): void {
    this.#timer = null;
    const now = performance.now();
    for (let item = this.#first; item !== null && item.deadlineMs <= now; item = this.#first) {
      this.remove(item as T);
      this.#expire(item as T);
    }
    // The timer is not stopped when the list empties: setting it anew for every request would cost more.
    if (this.#first !== null) this.#arm(this.#first.deadlineMs - now + 1);
  }

  /** The sockets that are timed keep the process alive; a timer that outlives them need not. */
  #arm(delayMs: number): void {
    this.#timer ??= setTimeout(() => this.#look(), delayMs).unref();
  }
}

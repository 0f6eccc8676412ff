import { availableParallelism } from 'node:os';

/** Of the eight threads that the edge has; more than there are processors would only hold up bodies, files and logs. */
const MAX_AT_ONCE = Math.min(4, availableParallelism());
/** Beyond, responses are sent as they are. */
const MAX_WAITING = 64;

/** Whoever compresses in another thread asks here first. */
export class ThreadGate {
  readonly #maxAtOnce: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(maxAtOnce = MAX_AT_ONCE, maxWaiting = MAX_WAITING) {
    this.#maxAtOnce = maxAtOnce;
    this.#maxWaiting = maxWaiting;
  }

  get isCrowded(): boolean {
    return this.#waiting.length >= this.#maxWaiting;
  }

  /** @param begin starts the work, and calls back at its end */
  ask(begin: (done: () => void) => void): void {
    if (this.#running < this.#maxAtOnce) this.#begin(begin);
    else this.#waiting.push(() => this.#begin(begin));
  }

  #begin(begin: (done: () => void) => void): void {
    this.#running += 1;
    let isDone = false;
    begin(() => {
      if (isDone) return;
      isDone = true;
      this.#running -= 1;
      this.#waiting.shift()?.();
    });
  }
}

export const threadGate = new ThreadGate();

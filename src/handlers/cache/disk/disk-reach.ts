/** Nobody waits longer for a disk than this: whoever makes responses is asked in its place. */
const PATIENCE_MS = 5000;

export interface ReachEvents {
  lost(): void;
  found(): void;
}

/** Whether a disk answers at all. Once somebody has waited for it in vain, nobody does until it has answered. */
export class DiskReach {
  readonly #events: ReachEvents;
  #isLost = false;

  constructor(events: ReachEvents) {
    this.#events = events;
  }

  /** What the disk says, in time. `late`: it is not wanted any more. @throws what is wrong with it, or ETIMEDOUT */
  async within<T>(ask: () => Promise<T>, late: (answer: T) => void): Promise<T> {
    if (this.#isLost) throw outOfReach();
    let isLate = false;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        isLate = true;
        this.#lose();
        reject(outOfReach());
      }, PATIENCE_MS).unref();
    });
    const answer = ask().finally(() => {
      clearTimeout(timer);
      this.#find();
    });
    answer.then(
      (value) => isLate && late(value),
      () => {},
    );
    return Promise.race([answer, patience]);
  }

  #lose(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#events.lost();
  }

  #find(): void {
    if (!this.#isLost) return;
    this.#isLost = false;
    this.#events.found();
  }
}

const outOfReach = (): NodeJS.ErrnoException =>
  Object.assign(new Error(`the disk has not answered for ${PATIENCE_MS / 1000} s`), { code: 'ETIMEDOUT' });

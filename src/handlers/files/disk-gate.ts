/** Of the eight threads that arbiter/edge-process.ts gives the edge. */
const MAX_AT_ONCE = 6;

type Callback<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

/**
 * Whoever serves files asks the disk through this gate. Each question takes a thread of the pool until it is answered, and a disk, or a
 * server of files, may take its time: the rest of the pool stays with what else needs it (bodies on their way, logs).
 */
export class DiskGate {
  readonly #maxAtOnce: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(maxAtOnce = MAX_AT_ONCE) {
    this.#maxAtOnce = maxAtOnce;
  }

  /** @param ask begins it, and has the callback called at its end */
  ask<T>(ask: (callback: Callback<T>) => void, callback: Callback<T>): void {
    const begin = () =>
      ask((error, value) => {
        this.#running -= 1;
        this.#next();
        callback(error, value);
      });
    this.#waiting.push(begin);
    this.#next();
  }

  #next(): void {
    if (this.#running >= this.#maxAtOnce) return;
    const begin = this.#waiting.shift();
    if (begin === undefined) return;
    this.#running += 1;
    begin();
  }
}

export const diskGate = new DiskGate();

/** What took so long the last time may hold one place only. */
const SLOW_MS = 1000;

/** Lets so many run at once. Names that are slow share one place, so that they hold up nobody else. */
export class Gate {
  readonly #maxAtOnce: number;
  readonly #now: () => number;
  readonly #slow = new Set<string>();
  readonly #waiting: { readonly name: string; readonly begin: () => void }[] = [];
  #running = 0;
  #slowRunning = 0;

  constructor(maxAtOnce: number, now: () => number = () => performance.now()) {
    this.#maxAtOnce = maxAtOnce;
    this.#now = now;
  }

  run<T>(name: string, task: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        const isSlow = this.#slow.has(name);
        const startedMs = this.#now();
        this.#running += 1;
        if (isSlow) this.#slowRunning += 1;
        const end = () => {
          this.#running -= 1;
          if (isSlow) this.#slowRunning -= 1;
          if (this.#now() - startedMs >= SLOW_MS) this.#slow.add(name);
          else this.#slow.delete(name);
          this.#next();
        };
        task().then(resolve, reject).finally(end);
      };
      this.#waiting.push({ name, begin });
      this.#next();
    });
  }

  #next(): void {
    if (this.#running >= this.#maxAtOnce) return;
    const index = this.#waiting.findIndex(({ name }) => this.#slowRunning === 0 || !this.#slow.has(name));
    if (index < 0) return;
    const [next] = this.#waiting.splice(index, 1);
    next?.begin();
  }
}

/** Refusals come by the thousand: the first is told, and then how many more there were, this often. */
const EVERY_MS = 10_000;

/** Tells of requests, or of what else there is many of, that were refused for one reason, in few lines however many they are. */
export class RefusalLog {
  readonly #warn: (line: string) => void;
  readonly #what: string;
  #more = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(warn: (line: string) => void, what = 'requests') {
    this.#warn = warn;
    this.#what = what;
  }

  /** `line` is written if it is the first for a while. */
  note(line: () => string): void {
    if (this.#timer !== null) {
      this.#more += 1;
      return;
    }
    this.#warn(line());
    this.#wait();
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#more === 0) return;
      this.#warn(`The same for ${this.#more} more ${this.#what} in the last ${EVERY_MS / 1000} s`);
      this.#more = 0;
      this.#wait();
    }, EVERY_MS).unref();
  }
}

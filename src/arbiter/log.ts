/** What the arbiter needs of the error log. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
  critical(message: string): void;
  reopen(): void;
}

/** Lines that begin with a name. */
export class NamedLog implements Log {
  readonly #name: string;
  readonly #log: Log;

  constructor(name: string, log: Log) {
    this.#name = name;
    this.#log = log;
  }

  debug(message: string): void {
    this.#log.debug(`${this.#name}: ${message}`);
  }

  info(message: string): void {
    this.#log.info(`${this.#name}: ${message}`);
  }

  warning(message: string): void {
    this.#log.warning(`${this.#name}: ${message}`);
  }

  error(message: string): void {
    this.#log.error(`${this.#name}: ${message}`);
  }

  critical(message: string): void {
    this.#log.critical(`${this.#name}: ${message}`);
  }

  reopen(): void {
    this.#log.reopen();
  }
}

import { compileAccessLogFormat } from './access-log-format.ts';
import type { AccessRecord } from './access-record.ts';

/** Where lines of the access log go. */
export interface AccessLineWriter {
  write(line: string, record: AccessRecord): void;
  /** After a rotation: goes on in a new file of the same name. */
  reopen(): void;
  /** Writes what is left before it returns: the process may exit at once. */
  close(): void;
}

/** One line for each exchange. */
export class AccessLog {
  readonly #format: (record: AccessRecord) => string;
  readonly #writers: readonly AccessLineWriter[];

  constructor(format: string, writers: readonly AccessLineWriter[]) {
    this.#format = compileAccessLogFormat(format);
    this.#writers = writers;
  }

  write(record: AccessRecord): void {
    const line = this.#format(record);
    for (const writer of this.#writers) writer.write(line, record);
  }

  reopen(): void {
    for (const writer of this.#writers) writer.reopen();
  }

  close(): void {
    for (const writer of this.#writers) writer.close();
  }
}

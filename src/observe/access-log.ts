import { compileAccessLogFormat } from './access-log-format.ts';
import type { AccessRecord } from './access-record.ts';
import { LineWriter } from './line-writer.ts';

export interface AccessLogOptions {
  /** `-` for standard output, or a file, which is appended to. */
  readonly target: string;
  readonly format: string;
  /** Told when lines are lost, and how many once they can be written again. */
  readonly report?: (problem: string) => void;
}

/** One line for each exchange. */
export class AccessLog {
  readonly #format: (record: AccessRecord) => string;
  readonly #writer: LineWriter;

  /** @throws the system's error when the file cannot be opened */
  constructor({ target, format, report = () => {} }: AccessLogOptions) {
    this.#format = compileAccessLogFormat(format);
    this.#writer = new LineWriter({ target, report });
  }

  write(record: AccessRecord): void {
    this.#writer.write(this.#format(record));
  }

  /** After a rotation: goes on in a new file of the same name. */
  reopen(): void {
    this.#writer.reopen();
  }

  /** Writes what is left before it returns: the process may exit at once. */
  close(): void {
    this.#writer.close();
  }
}

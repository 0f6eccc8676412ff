import type { AccessRecord } from '../observe/access-record.ts';
import { LineWriter } from '../observe/line-writer.ts';
import type { RequestSink } from '../observe/request-sink.ts';
import type { AccessLogSpec } from '../protocol/supervision/access-log.ts';
import { compileSiteLogFormat } from './site-log-format.ts';

/** The access logs that sites and routes have of their own. Logs of one file share its writer. */
export class SiteLogs {
  readonly #report: (problem: string) => void;
  #writers = new Map<string, LineWriter>();
  #before = new Map<string, LineWriter>();
  /** Said once, however many routes have the log. */
  readonly #unwritable = new Set<string>();

  constructor(report: (problem: string) => void) {
    this.#report = report;
  }

  /** Another configuration begins. What it has no use for is closed when the next one does: requests that are in progress still have their lines. */
  reset(): void {
    for (const [file, writer] of this.#before) {
      if (this.#writers.get(file) !== writer) writer.close();
    }
    this.#before = this.#writers;
    this.#writers = new Map();
    this.#unwritable.clear();
  }

  /** undefined: it cannot be written, so lines go where they would without it. */
  sinkFor({ file, format }: AccessLogSpec): RequestSink | undefined {
    const writer = this.#writerFor(file);
    if (writer === null) return undefined;
    const line = compileSiteLogFormat(format);
    return { write: (record: AccessRecord) => writer.write(line(record)) };
  }

  #writerFor(file: string): LineWriter | null {
    if (this.#unwritable.has(file)) return null;
    try {
      const writer =
        this.#writers.get(file) ??
        this.#before.get(file) ??
        new LineWriter({ target: file, report: this.#report });
      this.#writers.set(file, writer);
      return writer;
    } catch (error) {
      this.#unwritable.add(file);
      this.#report(`Cannot open the access log ${file}: ${(error as Error).message}`);
      return null;
    }
  }

  /** After a rotation. */
  reopen(): void {
    for (const writer of new Set([...this.#before.values(), ...this.#writers.values()])) writer.reopen();
  }

  close(): void {
    for (const writer of new Set([...this.#before.values(), ...this.#writers.values()])) writer.close();
  }
}

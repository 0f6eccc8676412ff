// Many short lines to one file: the lines of one turn of the event loop go out in one write, on a thread of libuv's pool, so
// that a slow disk or a full pipe delays nobody. What cannot be written is dropped beyond a bound, and counted.

import { closeSync, openSync, write, writeSync } from 'node:fs';

const STDOUT_FD = 1;
const MAX_PENDING_CHARACTERS = 16 * 2 ** 20;
/** Before a full non-blocking pipe is tried again. */
const RETRY_PAUSE_MS = 50;

export interface LineWriterOptions {
  /** `-` for standard output, or a file, which is appended to. */
  readonly target: string;
  /** Told when lines are lost, and how many once they can be written again. */
  readonly report: (problem: string) => void;
}

export class LineWriter {
  readonly #target: string;
  readonly #report: (problem: string) => void;
  #fd: number;
  #pending = '';
  #pendingLines = 0;
  #lostLines = 0;
  #isScheduled = false;
  #isClosed = false;
  /** What is being written, and from where on it is not yet. */
  #inFlight: { readonly fd: number; readonly bytes: Buffer; readonly lines: number; offset: number } | null =
    null;

  /** @throws the system's error when the file cannot be opened */
  constructor({ target, report }: LineWriterOptions) {
    this.#target = target;
    this.#report = report;
    this.#fd = open(target);
  }

  write(line: string): void {
    if (this.#pending.length + line.length > MAX_PENDING_CHARACTERS || this.#isClosed) {
      this.#lostLines++;
      return;
    }
    this.#pending += `${line}\n`;
    this.#pendingLines++;
    if (this.#isScheduled || this.#inFlight !== null) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  reopen(): void {
    if (this.#target === '-' || this.#isClosed) return;
    let renewed: number;
    try {
      renewed = open(this.#target);
    } catch (error) {
      this.#report(`Cannot reopen ${this.#target}, going on with the old file: ${(error as Error).message}`);
      return;
    }
    const old = this.#fd;
    this.#fd = renewed;
    // What is in flight is still being written to the old file, and closes it when it is done.
    if (this.#inFlight?.fd !== old) closeQuietly(old);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // What is in flight is left to its thread, which exit() joins.
    const rest = Buffer.from(this.#pending);
    this.#pending = '';
    writeAllQuietly(this.#fd, rest);
    if (this.#inFlight === null && this.#target !== '-') closeQuietly(this.#fd);
  }

  #flush(): void {
    if (this.#inFlight !== null || this.#pending === '') return;
    this.#inFlight = {
      fd: this.#fd,
      bytes: Buffer.from(this.#pending),
      lines: this.#pendingLines,
      offset: 0,
    };
    this.#pending = '';
    this.#pendingLines = 0;
    this.#writeOn();
  }

  #writeOn(): void {
    const batch = this.#inFlight;
    if (batch === null) return;
    write(batch.fd, batch.bytes, batch.offset, (error, written) => {
      if (error === null) {
        batch.offset += written;
        if (batch.offset < batch.bytes.length) this.#writeOn();
        else this.#finish();
      } else if (error.code === 'EAGAIN' && !this.#isClosed) {
        setTimeout(() => this.#writeOn(), RETRY_PAUSE_MS);
      } else {
        this.#fail(batch.lines, error);
      }
    });
  }

  #finish(): void {
    if (this.#lostLines > 0) {
      this.#report(`${this.#lostLines} lines of ${this.#name} were lost; it is written again`);
      this.#lostLines = 0;
    }
    this.#settle();
  }

  #fail(lines: number, error: Error): void {
    // Said once, not for each batch: a full disk would otherwise fill the error log too.
    if (this.#lostLines === 0) this.#report(`Cannot write ${this.#name}, losing its lines: ${error.message}`);
    this.#lostLines += lines;
    this.#settle();
  }

  #settle(): void {
    const fd = this.#inFlight?.fd;
    this.#inFlight = null;
    if (fd !== undefined && fd !== STDOUT_FD && (fd !== this.#fd || this.#isClosed)) closeQuietly(fd);
    this.#flush();
  }

  get #name(): string {
    return this.#target === '-' ? 'standard output' : this.#target;
  }
}

const open = (target: string): number => (target === '-' ? STDOUT_FD : openSync(target, 'a'));

function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // An error here is one of an earlier write, which has been reported.
  }
}

function writeAllQuietly(fd: number, bytes: Buffer): void {
  let offset = 0;
  try {
    while (offset < bytes.length) offset += writeSync(fd, bytes, offset);
  } catch {
    // The process is about to end: the lines are lost.
  }
}

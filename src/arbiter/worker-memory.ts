import { readFile } from 'node:fs/promises';

/** Often enough for a leak, and rarely enough that walking through a worker's pages costs nothing. */
const CHECK_INTERVAL_MS = 3000;

/** From /proc/PID/smaps_rollup: private pages, and the process's share of the shared ones; null when it is not there. */
export function parsePss(smapsRollup: string): number | null {
  return kilobytes(/^Pss:\s+(\d+) kB$/m, smapsRollup);
}

/** From /proc/PID/status: all resident pages, shared ones in full; null when it is not there. */
export function parseRss(status: string): number | null {
  return kilobytes(/^VmRSS:\s+(\d+) kB$/m, status);
}

function kilobytes(pattern: RegExp, text: string): number | null {
  const match = pattern.exec(text);
  return match === null ? null : Number(match[1]) * 1024;
}

/** Bytes; null when the process is gone, or nothing can be known of it. */
export async function measureMemory(pid: number): Promise<number | null> {
  // Some sandboxes, and kernels before 4.14, have no smaps_rollup.
  return (
    parsePss(await readText(`/proc/${pid}/smaps_rollup`)) ?? parseRss(await readText(`/proc/${pid}/status`))
  );
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch {
    return '';
  }
}

/** Measures workers now and then, one after another, and reports those that are over the limit. */
export class MemoryWatch {
  readonly #workers: () => Iterable<number>;
  readonly #report: (pid: number, bytes: number) => void;
  #limitBytes = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(workers: () => Iterable<number>, report: (pid: number, bytes: number) => void) {
    this.#workers = workers;
    this.#report = report;
  }

  /** 0 ends it. */
  set limitBytes(limitBytes: number) {
    this.#limitBytes = limitBytes;
    if (limitBytes === 0) this.stop();
    else if (this.#timer === null) this.#wait();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wait(): void {
    const timer = setTimeout(async () => {
      await this.#measureAll();
      // Another may have been set, or none be wanted, meanwhile.
      if (this.#timer === timer) this.#wait();
    }, CHECK_INTERVAL_MS).unref();
    this.#timer = timer;
  }

  async #measureAll(): Promise<void> {
    for (const pid of [...this.#workers()]) {
      const bytes = await measureMemory(pid);
      if (bytes !== null && this.#limitBytes > 0 && bytes > this.#limitBytes) this.#report(pid, bytes);
    }
  }
}

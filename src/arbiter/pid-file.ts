import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';

/** The file that names this process, for whoever wants to signal it. */
export class PidFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The process named in the file, if it is another and alive. */
  otherOwner(): number | null {
    const pid = this.#read();
    return pid !== null && pid !== process.pid && isAlive(pid) ? pid : null;
  }

  write(): void {
    // Written aside and renamed: whoever reads it never sees half of a number.
    const aside = `${this.#path}.${process.pid}`;
    writeFileSync(aside, `${process.pid}\n`, { mode: 0o644 });
    renameSync(aside, this.#path);
  }

  /** Removes it, unless it has become another's. */
  remove(): void {
    if (this.#read() !== process.pid) return;
    try {
      unlinkSync(this.#path);
    } catch {
      // gone already, or its folder is not ours to change
    }
  }

  #read(): number | null {
    try {
      const pid = Number(readFileSync(this.#path, 'utf8').trim());
      return Number.isInteger(pid) && pid > 0 ? pid : null;
    } catch {
      return null; // no file
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';

/** The file that names this process, for whoever wants to signal it. */
export class PidFile {
  #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  get path(): string {
    return this.#path;
  }

  get #aside(): string {
    return `${this.#path}.${process.pid}`;
  }

  /** The process named in the file, if it is another and alive. */
  otherOwner(): number | null {
    const pid = this.#read();
    return pid !== null && pid !== process.pid && isAlive(pid) ? pid : null;
  }

  /** @throws the system's error when `write` would fail */
  checkWritable(): void {
    this.#writeAside();
    unlinkSync(this.#aside);
  }

  /** @throws the system's error */
  write(): void {
    this.#writeAside();
    renameSync(this.#aside, this.#path);
  }

  /**
   * From now on it is another file, whichever process that has named until now.
   * @throws the system's error
   */
  moveTo(path: string): void {
    const before = new PidFile(this.#path);
    this.#path = path;
    this.write();
    before.remove();
  }

  /** Written aside and renamed: whoever reads it never sees half of a number. */
  #writeAside(): void {
    writeFileSync(this.#aside, `${process.pid}\n`, { mode: 0o644 });
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

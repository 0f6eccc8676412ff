import { readFile, stat } from 'node:fs/promises';
import { parseHtpasswd } from './htpasswd.ts';

/** How long it is believed that the file has not changed. */
const FRESH_MS = 1000;

export type Users = ReadonlyMap<string, string>;

/** The users of an htpasswd file, as it is now. */
export class UserFile {
  readonly #path: string;
  readonly #report: (problem: string) => void;
  #users: Users | null = null;
  #state = '';
  #lastProblem = '';
  #freshUntilMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<Users | null> | null = null;

  constructor(path: string, report: (problem: string) => void) {
    this.#path = path;
    this.#report = report;
  }

  /** null: the file cannot be read. */
  get(nowMs: number): Users | null | Promise<Users | null> {
    if (nowMs < this.#freshUntilMs) return this.#users;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
      this.#freshUntilMs = performance.now() + FRESH_MS;
    });
    return this.#reading;
  }

  async #read(): Promise<Users | null> {
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(this.#path);
      const state = [mtimeMs, ctimeMs, size, ino].join();
      if (state === this.#state) return this.#users;
      const { users, unusable } = parseHtpasswd(await readFile(this.#path, 'utf8'));
      if (unusable.length > 0) {
        this.#say(
          `${this.#path}: nobody can log in with line ${unusable.join(', ')}: not user:hash, or no bcrypt, apr1, SHA-crypt, {SHA} or {SSHA}`,
        );
      } else this.#lastProblem = '';
      this.#users = users;
      this.#state = state;
    } catch (error) {
      this.#users = null;
      this.#state = '';
      this.#say(`Users cannot be read, and nobody is let in: ${(error as Error).message}`);
    }
    return this.#users;
  }

  /** Once, not for every request. */
  #say(problem: string): void {
    if (problem !== this.#lastProblem) this.#report(problem);
    this.#lastProblem = problem;
  }
}

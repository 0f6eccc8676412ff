import { Worker } from 'node:worker_threads';
import type { PasswordChecker } from '../handlers/auth/password-checker.ts';
import type { PasswordAnswer, PasswordQuestion } from './password-worker.ts';

/** At 60 ms each, the last of them waits for two seconds. */
const MAX_WAITING = 32;

/** Has passwords checked by a thread, which is started for the first of them. */
export class PasswordThread implements PasswordChecker {
  readonly #report: (problem: string) => void;
  #worker: Worker | null = null;
  #lastId = 0;
  readonly #waiting = new Map<number, (isRight: boolean) => void>();

  constructor(report: (problem: string) => void) {
    this.#report = report;
  }

  check(password: string, hash: string): Promise<boolean> | null {
    if (this.#waiting.size >= MAX_WAITING) return null;
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      const question: PasswordQuestion = { id, password, hash };
      this.#open().postMessage(question);
    });
  }

  /** Whoever waits is not let in. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #open(): Worker {
    if (this.#worker !== null) return this.#worker;
    // What the edge's Node was told concerns its own memory and threads.
    const worker = new Worker(new URL('./password-worker.js', import.meta.url), { execArgv: [] });
    this.#worker = worker;
    worker.unref();
    worker.on('message', ({ id, isRight }: PasswordAnswer) => this.#answer(id, isRight));
    worker.on('error', (error) => this.#report(`Passwords could not be checked: ${error.message}`));
    worker.on('exit', () => {
      this.#worker = null;
      // Whoever waits for it is not let in, and the next one gets another thread.
      for (const id of this.#waiting.keys()) this.#answer(id, false);
    });
    return worker;
  }

  #answer(id: number, isRight: boolean): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(isRight);
  }
}

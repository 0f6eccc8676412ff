import type { Job } from './job.ts';

const COMPACTED_FROM = 64;

/** First in, first out; jobs that are over (their client left) are dropped when they reach the head. */
export class JobLine {
  /** Its head cannot be placed for now: set and cleared by who gives out lanes. */
  isHeld = false;
  #jobs: Job[] = [];
  #head = 0;
  #over = 0;

  /** Jobs that still wait for a lane. */
  get length(): number {
    return this.#jobs.length - this.#head - this.#over;
  }

  push(job: Job): void {
    this.#jobs.push(job);
  }

  /** For jobs that were handed back by a worker: they have waited longest. */
  putBack(jobs: readonly Job[]): void {
    this.#jobs.splice(0, this.#head, ...jobs);
    this.#head = 0;
  }

  /** A job in the queue has been given up. */
  noteOver(): void {
    this.#over += 1;
    // While nothing reaches the head, those that left would pile up behind it.
    if (this.#over >= COMPACTED_FROM && this.#over > this.length) {
      this.#jobs = this.#jobs.slice(this.#head).filter((job) => !job.isOver);
      this.#head = 0;
      this.#over = 0;
    }
  }

  peek(): Job | null {
    while (this.#head < this.#jobs.length) {
      const job = this.#jobs[this.#head] as Job;
      if (!job.isOver) return job;
      this.#over -= 1;
      this.#advance();
    }
    return null;
  }

  shift(): void {
    this.#advance();
  }

  #advance(): void {
    this.#head += 1;
    // Forget the served half now and then, so that the array does not grow for ever and shifting stays cheap.
    if (this.#head >= 1024 || this.#head === this.#jobs.length) {
      this.#jobs = this.#head === this.#jobs.length ? [] : this.#jobs.slice(this.#head);
      this.#head = 0;
    }
  }
}

import type { Job } from './job.ts';
import { JobLine } from './job-line.ts';
import type { LaneRule } from './lane-rules.ts';

/**
 * Requests that wait for a lane, in a few lines: quick ones, slow ones, and one for each rule of the configuration, so that who
 * may not have a lane yet does not stand in others' way. Across the lines the order is that of when requests are due.
 */
export class Queue {
  readonly #quick = new JobLine();
  readonly #slow = new JobLine();
  readonly #ruled = new Map<LaneRule, JobLine>();
  readonly #lines = [this.#quick, this.#slow];

  get length(): number {
    let length = 0;
    for (const line of this.#lines) length += line.length;
    return length;
  }

  /** Those that wait for a lane, and not for others of their rule. */
  get lackingLanes(): number {
    let lacking = 0;
    for (const line of this.#lines) {
      if (line.peek()?.route.rule?.isFull !== true) lacking += line.length;
    }
    return lacking;
  }

  /** Each line is bounded by itself: many slow requests do not take quick ones their place. */
  isFull(job: Job, limit: number): boolean {
    return this.#lineOf(job).length >= limit;
  }

  /** When the request came that has waited longest; Infinity: none waits. */
  get oldestArrivedMs(): number {
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const line of this.#lines) oldestMs = Math.min(oldestMs, line.peek()?.arrivedMs ?? oldestMs);
    return oldestMs;
  }

  push(job: Job): void {
    this.#lineOf(job).push(job);
  }

  /** For jobs that were handed back by a worker: they have waited longest. */
  putBack(jobs: readonly Job[]): void {
    for (let at = jobs.length - 1; at >= 0; at -= 1) {
      const job = jobs[at] as Job;
      this.#lineOf(job).putBack([job]);
    }
  }

  /** This job in the queue has been given up. */
  noteOver(job: Job): void {
    this.#lineOf(job).noteOver();
  }

  /** The line whose head is due first, of those that are not held. */
  next(): JobLine | null {
    let first: JobLine | null = null;
    let firstDueMs = Number.POSITIVE_INFINITY;
    for (const line of this.#lines) {
      const head = line.isHeld ? null : line.peek();
      if (head === null || head.dueMs >= firstDueMs) continue;
      first = line;
      firstDueMs = head.dueMs;
    }
    return first;
  }

  /** Whether somebody lets others pass, whose turn comes later. */
  isLettingPass(nowMs: number): boolean {
    return this.#lines.some((line) => (line.peek()?.dueMs ?? 0) > nowMs);
  }

  /** After a reload there are other rules. What still waits under an old one keeps its line. */
  forgetRules(): void {
    for (const [rule, line] of this.#ruled) {
      if (line.length > 0) continue;
      this.#ruled.delete(rule);
      this.#lines.splice(this.#lines.indexOf(line), 1);
    }
  }

  releaseLines(): void {
    for (const line of this.#lines) line.isHeld = false;
  }

  /** Whoever has waited since `sinceMs` or longer, taken out. */
  *expired(sinceMs: number): Generator<Job> {
    for (const line of this.#lines) {
      for (let job = line.peek(); job !== null && job.arrivedMs <= sinceMs; job = line.peek()) {
        line.shift();
        yield job;
      }
    }
  }

  #lineOf({ isSlow, route: { rule } }: Job): JobLine {
    if (rule === null) return isSlow ? this.#slow : this.#quick;
    let line = this.#ruled.get(rule);
    if (line === undefined) {
      line = new JobLine();
      this.#ruled.set(rule, line);
      this.#lines.push(line);
    }
    return line;
  }
}

import { Histogram } from '../observe/histogram.ts';
import type { Job } from './job.ts';
import type { LaneRule } from './lane-rules.ts';
import type { LaneLoad } from './policy.ts';
import type { WorkerPeer } from './worker-peer.ts';

export interface LaneOwner {
  /** Something came from this lane, and may have freed it. */
  laneActive(lane: Lane): void;
  laneClosed(lane: Lane): void;
}

/** What is on one lane. lane-connection.ts makes it real. */
export abstract class Lane implements LaneLoad {
  readonly worker: WorkerPeer;
  readonly index: number;
  /** How long its requests took. */
  readonly service = new Histogram();
  /** In the order in which they were given, which is the order in which they are answered. */
  readonly jobs: Job[] = [];
  loadUs = 0;
  isOpen = true;
  isFed = false;
  /** When the job at the head was begun, or last gave a sign of life. */
  activeSinceMs = 0;
  /** It was asked for what it has not begun, since the last sign of life. */
  isReclaimed = false;
  /** What it has not begun is on its way back. */
  isAsked = false;
  askedAtMs = 0;
  /** A greenlet that has not read what it was given, when it was asked last. */
  isUnread = false;
  /** When its request ran past the deadline; 0: it has not. */
  overdueSinceMs = 0;
  isPaused = false;
  /** The last job that was begun; its `close()` may still run when it is over. */
  lastId = 0;
  /** Everything on it may have others behind it. */
  #areAllFast = true;
  /** The last response's `close()` still runs. */
  #hasTail = false;
  /** Whose rule the lane counts for while it is busy. */
  #rule: LaneRule | null = null;

  constructor(worker: WorkerPeer, index: number) {
    this.worker = worker;
    this.index = index;
  }

  /** Kept until `flush`. */
  abstract writeText(text: string): void;
  /** A larger body, after the text that announced it. */
  abstract writeBody(body: readonly Buffer[]): void;
  abstract flush(): void;
  abstract destroy(): void;
  protected abstract pauseReading(): void;
  protected abstract resumeReading(): void;

  get depth(): number {
    return this.jobs.length + (this.#hasTail ? 1 : 0);
  }

  /** Whether its request ran past the deadline and still runs. */
  get isOverdue(): boolean {
    return this.overdueSinceMs > 0;
  }

  get takesSuccessor(): boolean {
    if (this.depth !== 1 || this.isReclaimed || this.isPaused) return false;
    const job = this.jobs[0];
    return job?.canSucceed === true && !job.hasBegun;
  }

  /** The worker has been heard of, or given its first request. */
  noteLife(nowMs: number): void {
    this.activeSinceMs = nowMs;
    if (!this.isReclaimed) return;
    this.isReclaimed = false;
    this.isUnread = false;
    this.#reopen();
  }

  /**
   * Asks for what it has not begun; `wantsUnread`: and not even read, since another worker could begin at once. Until it is heard
   * of, nothing more is put behind what it runs.
   */
  reclaim(wantsUnread: boolean): void {
    this.isReclaimed = true;
    this.isAsked = true;
    this.isOpen = false;
    this.worker.reclaim(this.index, wantsUnread);
  }

  add(job: Job): void {
    if (this.jobs.length === 0) this.#occupy(job);
    job.lane = this;
    this.jobs.push(job);
    this.loadUs += job.estimateUs;
    if (!job.canPipeline) {
      this.#areAllFast = false;
      this.isOpen = false;
    }
    job.send(this);
  }

  /** Takes back a job that the worker has not started. */
  remove(id: number): Job | null {
    const at = this.jobs.findIndex((job) => job.id === id);
    if (at < 0) return null;
    const job = this.jobs[at] as Job;
    this.forget(at, job);
    return job;
  }

  pause(): void {
    this.isPaused = true;
    this.isOpen = false;
    this.pauseReading();
  }

  /** What the worker had to wait is not held against it. */
  resume(nowMs: number): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.activeSinceMs = nowMs;
    this.#reopen();
    this.resumeReading();
  }

  /** The lane is no more, with all that is on it. */
  protected vacate(): void {
    if (this.#rule !== null) this.#rule.lanes -= 1;
    this.#rule = null;
  }

  protected noteTail(hasTail: boolean): void {
    const hadTail = this.#hasTail;
    this.#hasTail = hasTail;
    const next = this.jobs[0];
    if (hasTail) this.isOpen = false;
    else if (next === undefined) this.#free();
    else if (hadTail) {
      this.#reopen();
      this.#turnTo(next);
    }
  }

  protected forget(at: number, job: Job): void {
    this.jobs.splice(at, 1);
    const next = this.jobs[0];
    if (next !== undefined) {
      this.loadUs -= job.estimateUs;
      if (at === 0 && !this.#hasTail) this.#turnTo(next);
    } else {
      this.loadUs = 0;
      if (!this.#hasTail) this.#free();
    }
    // It was paused for this job's client; the next one's is another.
    if (at === 0 && this.isPaused) this.resume(this.activeSinceMs);
  }

  #occupy(job: Job): void {
    this.#rule = job.route.rule;
    if (this.#rule !== null) this.#rule.lanes += 1;
  }

  /** The one before it has ended. Under load that is how a lane goes on, and it may not be free for hours. */
  #turnTo(job: Job): void {
    this.overdueSinceMs = 0;
    if (job.route.rule === this.#rule) return;
    this.vacate();
    this.#occupy(job);
  }

  #free(): void {
    this.vacate();
    this.overdueSinceMs = 0;
    this.#areAllFast = true;
    this.#reopen();
  }

  #reopen(): void {
    this.isOpen = this.#areAllFast && !this.isReclaimed && !this.isPaused && !this.#hasTail;
  }
}

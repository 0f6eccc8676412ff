import type { Route } from '../../../../src/dispatcher/history.ts';
import { Job, type JobFailure } from '../../../../src/dispatcher/job.ts';
import type { Lane } from '../../../../src/dispatcher/lane.ts';
import type { SimulatedLane } from './simulated-worker.ts';

export type Outcome = 'answered' | 'broken-off' | 'left' | JobFailure;

/** How a request goes. */
export interface Course {
  readonly serviceMs: number;
  /** How long close() runs after the response. Default: 0. */
  readonly tailMs?: number;
  /** Its response comes in so many pieces before its end. Default: 0. */
  readonly pieces?: number;
  /** The client takes the first piece so slowly that the lane is paused for this long. Default: 0. */
  readonly pauseMs?: number;
}

/** A request that takes a given time, and knows what became of it. */
export class SimulatedJob extends Job {
  readonly serviceMs: number;
  readonly tailMs: number;
  readonly pieces: number;
  readonly pauseMs: number;
  readonly #ended: (job: SimulatedJob) => void;
  /** How often a worker has begun it. */
  starts = 0;
  /** Workers that ended while they ran it. */
  kills = 0;
  givenAtMs = 0;
  endedAtMs = 0;
  outcome: Outcome | null = null;
  /** Its client has left. */
  isCancelled = false;

  constructor(
    route: Route,
    isSafe: boolean,
    arrivedMs: number,
    { serviceMs, tailMs = 0, pieces = 0, pauseMs = 0 }: Course,
    ended: (job: SimulatedJob) => void,
  ) {
    super(route, isSafe, arrivedMs);
    this.serviceMs = serviceMs;
    this.tailMs = tailMs;
    this.pieces = pieces;
    this.pauseMs = pauseMs;
    this.#ended = ended;
  }

  get summary(): string {
    return `${this.serviceMs} ms, from ${this.arrivedMs}`;
  }

  send(lane: Lane): void {
    (lane as SimulatedLane).take(this);
  }

  hints(): void {}

  begin(): void {}

  more(): void {}

  /** The lane has answered it. */
  answer(serviceUs: number): void {
    this.took(serviceUs);
    if (this.isOver) return;
    this.isOver = true;
    this.end('answered');
  }

  abort(): void {
    this.isOver = true;
    this.end('broken-off');
  }

  fail(failure: JobFailure): void {
    this.isOver = true;
    this.end(failure);
  }

  end(outcome: Outcome): void {
    if (this.outcome !== null) throw new Error(`${this.summary}: ${this.outcome}, and then ${outcome}`);
    this.outcome = outcome;
    this.#ended(this);
  }
}

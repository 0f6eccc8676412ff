import type { Route } from './history.ts';
import type { Lane } from './lane.ts';
import type { RequestTraits } from './policy.ts';

/** Why a job got no response from the application. */
export type JobFailure =
  /** The worker died while it ran it, or while it was not known whether it did. */
  | 'worker-died'
  /** It ran past its deadline. */
  | 'overdue'
  /** It waited in the queue past its deadline. */
  | 'queued-too-long'
  /** The server stops, and could not run it in time. */
  | 'stopping';

/** A request on its way through the dispatcher. The app handler's subclass knows what to do with the answer. */
export abstract class Job implements RequestTraits {
  readonly route: Route;
  /** Safe method: may be run again if it cannot be known whether it has been run. */
  readonly isSafe: boolean;
  readonly canPipeline: boolean;
  readonly estimateUs: number;
  readonly arrivedMs: number;
  id = 0;
  lane: Lane | null = null;
  /** Its response has begun to come. */
  hasBegun = false;
  isOver = false;

  constructor(route: Route, isSafe: boolean, arrivedMs: number) {
    this.route = route;
    this.isSafe = isSafe;
    this.estimateUs = route.estimateUs;
    this.canPipeline = isSafe && route.isFast;
    this.arrivedMs = arrivedMs;
  }

  /** Method and target, for the log. */
  abstract get summary(): string;
  /** Writes the request frame to the lane. */
  abstract send(lane: Lane): void;
  /** The response's head and first body bytes: `a` bytes of head in `start..end` of `bytes`. `isEnd`: that is all of it. */
  abstract begin(flags: number, a: number, bytes: Buffer, start: number, end: number, isEnd: boolean): void;
  /** More body; `bytes` must be copied if kept. */
  abstract more(bytes: Buffer, start: number, end: number, isEnd: boolean): void;
  /** The application broke off a response that had begun. */
  abstract abort(reason: string): void;
  /** No response, or no rest of it, will come. */
  abstract fail(failure: JobFailure): void;
}

import type { Route } from './history.ts';
import type { Lane } from './lane.ts';
import type { RequestTraits } from './policy.ts';

/** Why a job got no response from the application. */
export type JobFailure =
  /** The worker died while it ran it, or while it was not known whether it did. */
  | 'worker-died'
  /** It ran past its deadline. */
  | 'overdue'
  /** As many wait as may. */
  | 'queue-full'
  /** It waited in the queue as long as one may. */
  | 'queued-too-long'
  /** The application does not load. */
  | 'not-loaded'
  /** The server stops, and could not run it in time. */
  | 'stopping';

/** A slow request lets those that came after it pass for up to this many times as long as it takes itself … */
const PATIENCE = 10;
/** … but not longer than this. */
const MAX_PATIENCE_MS = 5000;

/** A request on its way through the dispatcher. The app handler's subclass knows what to do with the answer. */
export abstract class Job implements RequestTraits {
  readonly route: Route;
  /** Safe method: may be run again if it cannot be known whether it has been run. */
  readonly isSafe: boolean;
  canPipeline: boolean;
  canSucceed: boolean;
  readonly isSlow: boolean;
  readonly estimateUs: number;
  readonly arrivedMs: number;
  /** When its turn is, whatever comes after it: at once, or, if it is slow, when its patience is at an end. */
  readonly dueMs: number;
  id = 0;
  /** How long it had waited when it was given to a lane. */
  waitedMs = 0;
  lane: Lane | null = null;
  /** Its response has begun to come. */
  hasBegun = false;
  isOver = false;
  /** Workers that ended while they ran it, or may have. */
  deaths = 0;

  constructor(route: Route, isSafe: boolean, arrivedMs: number) {
    this.route = route;
    this.isSafe = isSafe;
    this.estimateUs = route.estimateUs;
    this.canPipeline = isSafe && route.isFast;
    this.canSucceed = isSafe && route.isShort;
    this.isSlow = route.isSlow;
    this.arrivedMs = arrivedMs;
    this.dueMs = this.isSlow
      ? arrivedMs + Math.min((PATIENCE * route.typicalUs) / 1000, MAX_PATIENCE_MS)
      : arrivedMs;
  }

  /** Method and target, for the log. */
  abstract get summary(): string;
  /** Writes the request frame to the lane. */
  abstract send(lane: Lane): void;
  /** Fields of a 103, each with its CRLF, that go before the response. */
  abstract hints(fields: string): void;
  /** The response's head and first body bytes: `a` bytes of head in `start..end` of `bytes`. `isEnd`: that is all of it. */
  abstract begin(flags: number, a: number, bytes: Buffer, start: number, end: number, isEnd: boolean): void;
  /** More body; `bytes` must be copied if kept. */
  abstract more(bytes: Buffer, start: number, end: number, isEnd: boolean): void;
  /** The application broke off a response that had begun. */
  abstract abort(reason: string): void;
  /** No response, or no rest of it, will come. */
  abstract fail(failure: JobFailure): void;

  /** From now on it has a lane to itself. */
  standAlone(): void {
    this.canPipeline = false;
    this.canSucceed = false;
  }

  /** The worker's own measure. Called before the last of the response is handed on. */
  took(serviceUs: number): void {
    this.route.record(serviceUs);
  }
}

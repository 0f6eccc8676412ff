// What the load generator is told to do, and what it answers: one server's turn.

import type { ArrivalKind } from './arrivals.ts';
import type { MixName, RequestClass } from './mix.ts';

/** Requests that come at a rate of their own and have connections of their own. */
export interface Stream {
  readonly mix: MixName;
  readonly arrivals: ArrivalKind;
  readonly perSecond: number;
  readonly connections: number;
}

export interface TurnPlan {
  readonly port: number;
  readonly streams: readonly Stream[];
  /** Load before what is measured. */
  readonly warmUpMs: number;
  readonly windowMs: number;
  /** From when it was due: what nothing has answered by then has failed. */
  readonly answerLimitMs: number;
  /** Longest wait for answers after the window. */
  readonly drainLimitMs: number;
  /** Of the first request: decides which requests are slow, and seeds the arrivals. */
  readonly firstNumber: number;
}

/** Of the requests of one class that were due in the window. */
export interface ClassResult {
  readonly due: number;
  /** Responses with status 200 that came in the window, per second. */
  readonly answeredPerSecond: number;
  /** Those of them that came within a second of when they were due. */
  readonly goodPerSecond: number;
  /** Responses with status 503. */
  readonly refused: number;
  /** Sent, and answered with another status or not at all. Those of the warm-up count too. */
  readonly failed: number;
  /** Waited for a free connection until the turn was over or almost so, or found the client's queue full. */
  readonly unsent: number;
  /** From when a request was due to the end of its response, of those with status 200; null: that many were never answered. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly p999Ms: number | null;
  readonly maxMs: number | null;
}

export interface TurnResult {
  readonly classes: Readonly<Record<RequestClass, ClassResult>>;
  /** What failed, by reason. */
  readonly failures: Readonly<Record<string, number>>;
  readonly reconnects: number;
  /** How well the generator kept to its plan. */
  readonly generator: {
    /** How much later than due it sent what had a free connection. */
    readonly latenessP50Ms: number | null;
    readonly latenessP99Ms: number | null;
    readonly latenessMaxMs: number | null;
    /** Of one core, 0 to 1. */
    readonly cpuShare: number;
  };
}

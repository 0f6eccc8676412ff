import { Timed } from '../base/deadlines.ts';

/** In a drain, a connection that was used this recently may have a request on its way: it is given this long. */
export const QUIET_MS = 500;

/** Something whose request has to arrive in time. */
export interface Reading extends Timed {
  /** Time is up for what is being read. */
  expireReading(): void;
}

/** Something that its client has to take in time. */
export interface Sending extends Timed {
  /** It has taken nothing for too long. */
  expireSending(): void;
}

/** A client's connection in any state, as the server keeps it: in its set, and on its lists of deadlines. */
export abstract class ClientConnection extends Timed implements Reading {
  abstract expireReading(): void;
  /** Closes a connection on which nothing is under way. */
  abstract closeIdle(): void;
  /** The server stops: what is under way is the last. */
  abstract drain(nowMs: number): void;
  abstract destroy(): void;
}

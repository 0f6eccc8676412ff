import type { Lane } from './lane.ts';

export interface WorkerFacts {
  readonly pid: number;
  readonly generation: number;
  readonly laneCount: number;
  /** It is asked to leave after this many requests. */
  readonly maxGiven: number;
}

export interface WorkerPeerOwner {
  /** The worker handed back these requests, which it had not started. */
  returned(worker: WorkerPeer, laneIndex: number, ids: readonly number[]): void;
  /** The worker asks to be replaced. */
  leaving(worker: WorkerPeer, reason: string): void;
}

/** A worker as the dispatcher sees it. control-connection.ts makes it real. */
export abstract class WorkerPeer {
  readonly pid: number;
  readonly generation: number;
  readonly laneCount: number;
  readonly maxGiven: number;
  readonly lanes: Lane[] = [];
  /** Requests it has been given. */
  given = 0;
  hasAskedToLeave = false;
  isRetiring = false;
  /** One of its requests is, or was, past its deadline. */
  isOverdue = false;
  isCondemned = false;
  hasQuit = false;

  constructor({ pid, generation, laneCount, maxGiven }: WorkerFacts) {
    this.pid = pid;
    this.generation = generation;
    this.laneCount = laneCount;
    this.maxGiven = maxGiven;
  }

  /** Asks for what this lane has finished, and what it has not begun. */
  abstract reclaim(laneIndex: number): void;
  /** The file of this response has been opened. */
  abstract release(id: number): void;
  /** The client of this request has left. `isSure`: nobody is left to take the response; else that is only likely. */
  abstract cancel(id: number, isSure: boolean): void;
  /** This request is past its deadline. */
  abstract interrupt(id: number, laneIndex: number): void;
  /** Nothing runs, and nothing will come. */
  abstract quit(): void;
  abstract destroy(): void;
}

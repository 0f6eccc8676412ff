import type { Lane } from './lane.ts';

export interface WorkerFacts {
  readonly pid: number;
  readonly generation: number;
  /** Lanes that it has at first, and at most. */
  readonly laneCount: number;
  readonly maxLanes: number;
  /** Its lanes are greenlets: one that does not yield holds up the others. */
  readonly hasGreenlets: boolean;
  /** It is asked to leave after this many requests. */
  readonly maxGiven: number;
}

export interface WorkerPeerOwner {
  /** The worker handed back these requests, which it had not started, and runs this one; 0: none. */
  returned(worker: WorkerPeer, laneIndex: number, ids: readonly number[], runningId: number): void;
  /** None of its lanes takes requests, since one of them does not yield; or they do again. */
  stalled(worker: WorkerPeer, isStalled: boolean): void;
  /** The worker asks to be replaced. */
  leaving(worker: WorkerPeer, reason: string): void;
}

/** A worker as the dispatcher sees it. control-connection.ts makes it real. */
export abstract class WorkerPeer {
  readonly pid: number;
  readonly generation: number;
  readonly laneCount: number;
  readonly maxLanes: number;
  readonly hasGreenlets: boolean;
  readonly maxGiven: number;
  readonly lanes: Lane[] = [];
  /** How many lanes it was asked to have, and until when it has time for that. */
  lanesAsked: { readonly lanes: number; readonly untilMs: number } | null = null;
  /** All its lanes have come. */
  isReady = false;
  /** It may be given requests. */
  isInService = false;
  /** One of its greenlets does not yield, and the others read nothing. */
  isStalled = false;
  /** Requests it has been given. */
  given = 0;
  hasAskedToLeave = false;
  isRetiring = false;
  /** Files of its responses that nobody has opened yet, which goes through its own descriptors: it has to be there. */
  heldFiles = 0;
  /** One of its requests is, or was, past its deadline. */
  isOverdue = false;
  isCondemned = false;
  hasQuit = false;

  constructor({ pid, generation, laneCount, maxLanes, hasGreenlets, maxGiven }: WorkerFacts) {
    this.pid = pid;
    this.generation = generation;
    this.laneCount = laneCount;
    this.maxLanes = maxLanes;
    this.hasGreenlets = hasGreenlets;
    this.maxGiven = maxGiven;
  }

  /** Asks for what this lane has finished, and what it has not begun. `wantsUnread`: also what a greenlet has not come to read. */
  abstract reclaim(laneIndex: number, wantsUnread: boolean): void;
  /** Asks for so many more lanes. */
  abstract widen(count: number): void;
  /** The file of this response has been opened. */
  abstract release(id: number): void;
  /** The client of this request has left. `isSure`: nobody is left to take the response; else that is only likely. */
  abstract cancel(id: number, isSure: boolean): void;
  /** This request is past its deadline. */
  abstract interrupt(id: number, laneIndex: number): void;
  /** Nothing runs, and nothing will come. `isQuick`: since Kirin stops quickly. */
  abstract quit(isQuick?: boolean): void;
  abstract destroy(): void;
}

import type { Alarm, Clock } from './clock.ts';
import type { Lane } from './lane.ts';
import type { WorkerPeer } from './worker-peer.ts';

/** How often deadlines are looked at while nothing is expected sooner. */
const COARSE_MS = 100;
/** The same while a lane may fall silent, or time alone may give somebody a lane, where stealing does not say otherwise. */
const FINE_MS = 5;
/** How long a request that was interrupted may take to end. */
const INTERRUPT_MS = 1000;

export interface WatchLimits {
  /** How long a request may run without a sign of life; 0: for ever. */
  readonly timeoutMs: number;
  readonly gracefulTimeoutMs: number;
  /** A lane silent for this long is asked for what it has finished and what it has not begun; 0: never. */
  readonly stealAfterMs: number;
}

export interface WatchOwner {
  lanes(): readonly Lane[];
  /** Looks after the queue. Returns in how many ms the next one will have waited too long; null: nobody waits. */
  lookAtQueue(nowMs: number): number | null;
  /** Its request has run past the deadline. */
  laneOverdue(lane: Lane, silentMs: number): void;
  /** The grace of whatever runs past the deadline there is over. */
  laneGivenUp(lane: Lane): void;
  atRest(): void;
}

/** Looks at the lanes now and then while any is busy: asks those that are silent, and enforces deadlines. */
export class LaneWatch {
  limits: WatchLimits;
  readonly #clock: Clock;
  readonly #owner: WatchOwner;
  #alarm: Alarm | null = null;
  #isCoarse = false;
  /** Workers with idle lanes, at most two; null: not looked for in this look yet. */
  #idle: readonly WorkerPeer[] | null = null;

  constructor(limits: WatchLimits, clock: Clock, owner: WatchOwner) {
    this.limits = limits;
    this.#clock = clock;
    this.#owner = owner;
  }

  /** Something has begun that may take long. */
  wake(): void {
    if (this.#alarm !== null) {
      if (!this.#isCoarse) return;
      this.#alarm.cancel();
    }
    this.#sleep(this.#fineMs);
  }

  get #fineMs(): number {
    return Math.min(this.limits.stealAfterMs || FINE_MS, COARSE_MS);
  }

  #sleep(ms: number): void {
    this.#isCoarse = ms > this.#fineMs;
    this.#alarm = this.#clock.after(ms, () => this.#look());
  }

  #look(): void {
    this.#alarm = null;
    this.#idle = null;
    const nowMs = this.#clock.now();
    let isBusy = false;
    let isClose = false;
    for (const lane of this.#owner.lanes()) {
      if (lane.depth === 0) continue;
      isBusy = true;
      if (!this.#askSilent(lane, nowMs)) isClose = true;
      this.#enforceDeadline(lane, nowMs);
    }
    const queueMs = this.#owner.lookAtQueue(nowMs);
    if (this.#alarm !== null) return;
    if (isClose) this.#sleep(this.#fineMs);
    else if (queueMs !== null) this.#sleep(Math.max(this.#fineMs, Math.min(queueMs, COARSE_MS)));
    else if (isBusy) this.#sleep(COARSE_MS);
    else this.#owner.atRest();
  }

  /** Returns whether there is nothing to ask this lane for until it is heard of again. */
  #askSilent(lane: Lane, nowMs: number): boolean {
    const { stealAfterMs } = this.limits;
    if (stealAfterMs === 0) return true;
    if (lane.isReclaimed) {
      if (lane.isAsked) return true;
      if (lane.isUnread) {
        const isUrgent = lane.jobs.length > 1 || this.#hasIdleElsewhere(lane.worker);
        if (!isUrgent && nowMs - lane.askedAtMs < COARSE_MS) return false;
      } else if (lane.jobs.length < 2) {
        return true;
      }
      // It has answered, and holds more than the one that it runs: what it had not read yet, as on a machine that is busy.
    } else if (nowMs - lane.activeSinceMs < stealAfterMs) {
      return false;
    }
    lane.askedAtMs = nowMs;
    lane.reclaim(lane.worker.hasGreenlets && this.#hasIdleElsewhere(lane.worker));
    return true;
  }

  /** Whether another worker could begin at once. */
  #hasIdleElsewhere(worker: WorkerPeer): boolean {
    this.#idle ??= twoWithIdleLanes(this.#owner.lanes());
    return this.#idle.some((each) => each !== worker);
  }

  #enforceDeadline(lane: Lane, nowMs: number): void {
    const { timeoutMs, gracefulTimeoutMs } = this.limits;
    const silentMs = nowMs - lane.activeSinceMs;
    if (timeoutMs === 0 || lane.isPaused || silentMs < timeoutMs) return;
    if (!lane.isOverdue) {
      lane.overdueSinceMs = nowMs;
      this.#owner.laneOverdue(lane, silentMs);
      return;
    }
    const overdueMs = nowMs - lane.overdueSinceMs;
    const isAlone = lane.worker.lanes.every((each) => each.depth === 0 || each.isOverdue);
    // Neighbours in the same process get the grace that they would get in a stop, and no more.
    const graceMs = isAlone ? INTERRUPT_MS : Math.max(INTERRUPT_MS, gracefulTimeoutMs);
    if (overdueMs >= graceMs) this.#owner.laneGivenUp(lane);
  }
}

function twoWithIdleLanes(lanes: readonly Lane[]): readonly WorkerPeer[] {
  const workers: WorkerPeer[] = [];
  for (const { worker, depth, isFed } of lanes) {
    if (depth > 0 || !isFed || workers.includes(worker)) continue;
    workers.push(worker);
    if (workers.length === 2) break;
  }
  return workers;
}

import type { Alarm, Clock } from './clock.ts';
import type { Lane } from './lane.ts';
import type { WorkerPeer } from './worker-peer.ts';

/** A request waits for so long before a lane is opened for it: most bursts are over by then. */
const PATIENCE_MS = 2;
/** When a worker that has not opened what it was asked for is asked again. */
const ASK_AGAIN_MS = 1000;
/** A lane beyond the first ones that has had nothing to do for so long is closed. */
const IDLE_MS = 30_000;
const LOOK_MS = 10_000;

export interface SupplyOwner {
  workers(): Iterable<WorkerPeer>;
  /** Requests that a lane more would help. */
  lacking(): number;
  close(lane: Lane): void;
}

/**
 * Lanes of workers whose lanes are greenlets, which cost little and may be a thousand: there are a few, more are opened while
 * requests wait, and those that are not needed for long are closed.
 */
export class LaneSupply {
  readonly #clock: Clock;
  readonly #owner: SupplyOwner;
  #growth: Alarm | null = null;
  #look: Alarm | null = null;
  /** There has been a worker that can have more lanes than it begins with. */
  #isElastic = false;

  constructor(clock: Clock, owner: SupplyOwner) {
    this.#clock = clock;
    this.#owner = owner;
  }

  noteWorker(worker: WorkerPeer): void {
    if (worker.maxLanes > worker.laneCount) this.#isElastic = true;
  }

  /** A request waits for a lane. */
  noteWant(): void {
    if (this.#isElastic) this.#growth ??= this.#clock.after(PATIENCE_MS, () => this.#grow());
  }

  #grow(): void {
    this.#growth = null;
    const nowMs = this.#clock.now();
    const workers = [...this.#owner.workers()].filter((worker) => canOpenMore(worker, nowMs));
    let lacking = this.#owner.lacking();
    for (const [at, worker] of workers.entries()) {
      const share = Math.ceil(lacking / (workers.length - at));
      const count = Math.min(share, worker.maxLanes - worker.lanes.length);
      if (count === 0) continue;
      worker.lanesAsked = { untilMs: nowMs + ASK_AGAIN_MS, lanes: worker.lanes.length + count };
      worker.widen(count);
      lacking -= count;
    }
    if (workers.length > 0) this.#look ??= this.#clock.after(LOOK_MS, () => this.#shrink());
  }

  #shrink(): void {
    this.#look = null;
    const sinceMs = this.#clock.now() - IDLE_MS;
    let isWide = false;
    for (const worker of this.#owner.workers()) {
      for (const lane of [...worker.lanes]) {
        if (lane.index < worker.laneCount) continue;
        if (lane.depth === 0 && lane.activeSinceMs <= sinceMs) this.#owner.close(lane);
        else isWide = true;
      }
    }
    if (isWide) this.#look ??= this.#clock.after(LOOK_MS, () => this.#shrink());
  }
}

function canOpenMore(worker: WorkerPeer, nowMs: number): boolean {
  if (!worker.isInService || worker.isStalled || worker.lanes.length >= worker.maxLanes) return false;
  const { lanesAsked } = worker;
  return lanesAsked === null || worker.lanes.length >= lanesAsked.lanes || nowMs >= lanesAsked.untilMs;
}

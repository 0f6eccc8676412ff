import type { Lane } from './lane.ts';
import type { WorkerPeer } from './worker-peer.ts';

export interface RosterEvents {
  workerCame(worker: WorkerPeer): void;
  workerReady(worker: WorkerPeer): void;
  /** Nothing that could still end well is left on this worker. */
  workerCondemned(worker: WorkerPeer): void;
  /** It is to be replaced. */
  workerLeaving(worker: WorkerPeer, reason: string): void;
}

/** The workers that are there, whose lanes are fed, and who may go. */
export class WorkerRoster {
  readonly #events: RosterEvents;
  readonly #workers = new Map<number, WorkerPeer>();
  /** First lanes of all workers, then second lanes …: a second thread of a busy process is the last resort. */
  #lanes: readonly Lane[] = [];
  /** Workers that were to leave before they had come. */
  readonly #unwelcome = new Set<number>();
  #generation = 0;

  constructor(events: RosterEvents) {
    this.#events = events;
  }

  get lanes(): readonly Lane[] {
    return this.#lanes;
  }

  all(): Iterable<WorkerPeer> {
    return this.#workers.values();
  }

  get(pid: number): WorkerPeer | undefined {
    return this.#workers.get(pid);
  }

  add(worker: WorkerPeer): void {
    this.#workers.set(worker.pid, worker);
    this.#events.workerCame(worker);
    if (this.#unwelcome.delete(worker.pid)) this.retire(worker.pid);
  }

  addLane(lane: Lane): void {
    const { worker } = lane;
    worker.lanes.push(lane);
    this.#lanes = [...this.#lanes, lane].sort((one, other) => one.index - other.index);
    this.#setFed(worker);
    if (worker.isReady || worker.lanes.length < worker.laneCount) return;
    worker.isReady = true;
    this.#events.workerReady(worker);
  }

  removeLane(lane: Lane): void {
    const { worker } = lane;
    const at = worker.lanes.indexOf(lane);
    if (at < 0) return;
    worker.lanes.splice(at, 1);
    this.#lanes = this.#lanes.filter((each) => each !== lane);
    if (worker.lanes.length === 0) this.#forget(worker);
  }

  activate(generation: number): void {
    this.#generation = generation;
    for (const worker of this.#workers.values()) this.#setFed(worker);
  }

  /** Gives the worker nothing more, and lets it go when it has finished. */
  retire(pid: number): void {
    const worker = this.#workers.get(pid);
    if (worker === undefined) {
      this.#unwelcome.add(pid);
      return;
    }
    worker.isRetiring = true;
    this.#setFed(worker);
    this.settle(worker);
  }

  /** Its process has ended. Returns it, if there is still something of it to come. */
  exited(pid: number): WorkerPeer | null {
    this.#unwelcome.delete(pid);
    const worker = this.#workers.get(pid);
    if (worker === undefined) return null;
    if (worker.lanes.length === 0) {
      this.#forget(worker);
      return null;
    }
    worker.isRetiring = true;
    this.#setFed(worker);
    return worker;
  }

  stalled(worker: WorkerPeer, isStalled: boolean): void {
    worker.isStalled = isStalled;
    this.#setFed(worker);
  }

  leaving(worker: WorkerPeer, reason: string): void {
    if (worker.hasAskedToLeave) return;
    worker.hasAskedToLeave = true;
    this.#events.workerLeaving(worker, reason);
  }

  /** A request of its has run past the deadline: it is trusted with nothing new, and replaced. */
  noteOverdue(worker: WorkerPeer): void {
    worker.isOverdue = true;
    this.#setFed(worker);
    this.leaving(worker, 'a request was past its deadline');
  }

  condemn(worker: WorkerPeer): void {
    if (worker.isCondemned) return;
    worker.isCondemned = true;
    this.#events.workerCondemned(worker);
  }

  /** Lets a worker go that has been told to, and has nothing left to do. */
  settle(worker: WorkerPeer): void {
    if (!worker.isRetiring || worker.heldFiles > 0) return;
    if (worker.lanes.every((lane) => lane.depth === 0)) worker.quit();
  }

  /** Nothing is left to do, for any worker. What runs past its deadline is not waited for. */
  quitAll(isQuick = false): void {
    for (const worker of this.#workers.values()) {
      worker.quit(isQuick);
      if (worker.lanes.some((lane) => lane.isOverdue)) this.condemn(worker);
    }
  }

  #setFed(worker: WorkerPeer): void {
    worker.isInService = worker.generation === this.#generation && !worker.isRetiring && !worker.isOverdue;
    const isFed = worker.isInService && !worker.isStalled;
    for (const lane of worker.lanes) lane.isFed = isFed;
  }

  #forget(worker: WorkerPeer): void {
    if (this.#workers.get(worker.pid) === worker) this.#workers.delete(worker.pid);
    worker.destroy();
  }
}

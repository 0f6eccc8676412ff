import type { LoadReport } from '../protocol/supervision/edge.ts';
import { Graveyard } from './graveyard.ts';
import { RouteHistory } from './history.ts';
import type { Job } from './job.ts';
import { JobQueue } from './job-queue.ts';
import type { Lane, LaneOwner } from './lane.ts';
import { LoadMeter } from './load.ts';
import { chooseLane } from './policy.ts';
import type { WorkerPeer, WorkerPeerOwner } from './worker-peer.ts';

/** A lane silent for this long is asked for what it has finished and what it has not begun. */
const SILENCE_MS = 5;
/** How long what an ended worker has written may take to arrive. */
const LAST_WORDS_MS = 1000;
/** How often deadlines are looked at while nothing is expected sooner. */
const COARSE_TICK_MS = 100;

export interface DispatcherLimits {
  /** 0: none. */
  readonly timeoutMs: number;
  readonly gracefulTimeoutMs: number;
}

/** What the dispatcher tells the rest of the edge. */
export interface DispatcherEvents {
  workerReady(worker: WorkerPeer): void;
  /** A request is past its deadline; null: what its application does after the response. */
  workerOverdue(worker: WorkerPeer, job: Job | null, ageMs: number): void;
  /** Nothing that could still end well is left on this worker. */
  workerCondemned(worker: WorkerPeer): void;
  /** It has had as many requests as it may. */
  workerSpent(worker: WorkerPeer): void;
  /** It asks to leave. */
  workerLeaving(worker: WorkerPeer, reason: string): void;
  /** The request has waited for a worker until its deadline. */
  jobExpired(job: Job, waitedMs: number): void;
  /** The worker ended while it ran this request. */
  jobLost(worker: WorkerPeer, job: Job): void;
}

/** Owns the queue and the lanes: gives every request to a lane, and sees it through. */
export class Dispatcher implements LaneOwner, WorkerPeerOwner {
  readonly history = new RouteHistory();
  limits: DispatcherLimits;
  readonly #events: DispatcherEvents;
  readonly #workers = new Map<number, WorkerPeer>();
  readonly #queue = new JobQueue();
  readonly #graveyard: Graveyard;
  readonly #load = new LoadMeter();
  /** First lanes of all workers, then second lanes …: a second thread of a busy process is the last resort. */
  #lanes: Lane[] = [];
  /** Workers that were to leave before they had come. */
  readonly #unwelcome = new Set<number>();
  #generation = 0;
  #nextId = 1;
  #isFlushPlanned = false;
  /** Requests since the last moment at which no worker had anything to do, and how many there were in the time before. */
  #burst = 0;
  #lastBurst = 0;
  #tick: NodeJS.Timeout | null = null;
  #isTickCoarse = false;
  #whenIdle: (() => void) | null = null;

  constructor(limits: DispatcherLimits, events: DispatcherEvents) {
    this.limits = limits;
    this.#events = events;
    this.#graveyard = new Graveyard({
      lost: (worker, job) => {
        events.jobLost(worker, job);
        job.fail('worker-died');
        this.#checkIdle();
      },
      spared: (jobs) => this.#putBack(jobs),
    });
  }

  /** Requests that wait for a lane. */
  get queued(): number {
    return this.#queue.length;
  }

  /** How busy the lanes were since the last call. */
  takeLoad(): LoadReport {
    return this.#load.take(this.#queue.length, this.#queue.peek()?.arrivedMs ?? null, this.#lanes);
  }

  /** Whether a worker is there that takes requests. */
  get isReady(): boolean {
    return this.#lanes.some((lane) => lane.isFed);
  }

  // --- requests ---

  submit(job: Job): void {
    if (this.#queue.peek() === null && this.#place(job)) return;
    this.#queue.push(job);
    this.#arm();
  }

  /** The client has left. What was not started is dropped; what runs is told, and its output thrown away. */
  cancel(job: Job): void {
    if (job.isOver) return;
    job.isOver = true;
    const lane = job.lane;
    if (lane === null) {
      this.#queue.noteOver();
      this.#checkIdle();
      return;
    }
    if (lane.jobs[0] === job) lane.resume();
    lane.worker.cancel(job.id);
  }

  #place(job: Job): boolean {
    const index = chooseLane(this.#lanes, job);
    if (index < 0) return false;
    const lane = this.#lanes[index] as Lane;
    const worker = lane.worker;
    job.id = this.#nextId;
    this.#nextId = this.#nextId === 0xffffffff ? 1 : this.#nextId + 1;
    if (lane.depth === 0) {
      this.#load.noteLaneWakes(this.#lanes);
      lane.noteLife(performance.now());
      if (this.#lanes.every((each) => each.depth === 0)) {
        this.#lastBurst = this.#burst;
        this.#burst = 0;
      }
    }
    this.#burst += 1;
    lane.add(job);
    // One client that waits for each answer before he asks again: nobody's request comes to join this one in its write.
    if (this.#burst === 1 && this.#lastBurst <= 1) lane.flush();
    else this.#planFlush();
    worker.given += 1;
    if (worker.given === worker.maxGiven) this.#events.workerSpent(worker);
    this.#arm();
    return true;
  }

  /** What one turn of the event loop gives a lane is written at once: one system call and one wake-up for many requests. */
  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    setImmediate(() => {
      this.#isFlushPlanned = false;
      for (const lane of this.#lanes) lane.flush();
    });
  }

  #pump(): void {
    for (let job = this.#queue.peek(); job !== null; job = this.#queue.peek()) {
      if (!this.#place(job)) return;
      this.#load.noteWait(job.arrivedMs);
      this.#queue.shift();
    }
    this.#checkIdle();
  }

  #putBack(jobs: readonly Job[]): void {
    const waiting = jobs.filter((job) => !job.isOver);
    for (const job of waiting) job.lane = null;
    this.#queue.putBack(waiting);
    this.#pump();
    this.#arm();
  }

  // --- lanes ---

  laneActive(lane: Lane): void {
    const mayFallSilent = lane.isReclaimed && lane.depth > 0;
    lane.noteLife(performance.now());
    if (mayFallSilent) this.#arm();
    if (!lane.isFed) this.#settle(lane.worker);
    this.#pump();
  }

  laneClosed(lane: Lane): void {
    const worker = lane.worker;
    worker.lanes.splice(worker.lanes.indexOf(lane), 1);
    this.#lanes = this.#lanes.filter((each) => each !== lane);
    const unanswered: Job[] = [];
    for (const job of lane.jobs) {
      if (job.isOver) continue;
      if (job.hasBegun) job.abort('the worker ended in the middle of the response');
      else unanswered.push(job);
    }
    this.#graveyard.bury(worker, unanswered);
    if (worker.lanes.length === 0) this.#forget(worker);
    this.#checkIdle();
  }

  // --- workers ---

  addWorker(worker: WorkerPeer): void {
    this.#workers.set(worker.pid, worker);
    if (this.#unwelcome.delete(worker.pid)) this.retire(worker.pid);
  }

  worker(pid: number): WorkerPeer | undefined {
    return this.#workers.get(pid);
  }

  addLane(lane: Lane): void {
    lane.worker.lanes.push(lane);
    this.#lanes.push(lane);
    this.#lanes.sort((one, other) => one.index - other.index);
    this.#setFed(lane);
    if (lane.worker.lanes.length === lane.worker.laneCount) this.#events.workerReady(lane.worker);
    this.#pump();
  }

  /** From now on this generation's workers get the requests. */
  activate(generation: number): void {
    this.#generation = generation;
    for (const lane of this.#lanes) this.#setFed(lane);
    this.#pump();
  }

  /** Gives the worker nothing more, and lets it go when it has finished. */
  retire(pid: number): void {
    const worker = this.#workers.get(pid);
    if (worker === undefined) {
      this.#unwelcome.add(pid);
      return;
    }
    worker.isRetiring = true;
    for (const lane of worker.lanes) this.#setFed(lane);
    this.#settle(worker);
  }

  /** Nothing is left to do, for any worker. */
  quitAll(): void {
    for (const worker of this.#workers.values()) worker.quit();
  }

  /** The worker's process has ended; `running` are the requests that it was executing. */
  exited(pid: number, running: readonly number[]): void {
    this.#unwelcome.delete(pid);
    this.#graveyard.report(pid, running);
    const worker = this.#workers.get(pid);
    if (worker === undefined) return;
    if (worker.lanes.length === 0) {
      this.#forget(worker);
      return;
    }
    worker.isRetiring = true;
    for (const lane of worker.lanes) this.#setFed(lane);
    // What it wrote before it died may still be in the sockets: they close by themselves when that has been read, unless
    // a child of the worker has inherited them.
    setTimeout(() => this.#closeLanes(worker), LAST_WORDS_MS).unref();
  }

  #closeLanes(worker: WorkerPeer): void {
    for (const lane of [...worker.lanes]) {
      if (!lane.isPaused) lane.destroy();
    }
  }

  returned(worker: WorkerPeer, laneIndex: number, ids: readonly number[]): void {
    const lane = worker.lanes.find((each) => each.index === laneIndex);
    if (lane === undefined) return;
    const jobs: Job[] = [];
    for (const id of ids) {
      const job = lane.remove(id);
      if (job !== null) jobs.push(job);
    }
    this.#putBack(jobs);
  }

  leaving(worker: WorkerPeer, reason: string): void {
    if (worker.hasAskedToLeave) return;
    worker.hasAskedToLeave = true;
    this.#events.workerLeaving(worker, reason);
  }

  #setFed(lane: Lane): void {
    const worker = lane.worker;
    lane.isFed = worker.generation === this.#generation && !worker.isRetiring && !worker.isOverdue;
  }

  #settle(worker: WorkerPeer): void {
    if (
      worker.isOverdue &&
      !worker.isCondemned &&
      worker.lanes.every((lane) => lane.isOverdue || lane.depth === 0)
    ) {
      this.#condemn(worker);
    } else if (worker.isRetiring && worker.lanes.every((lane) => lane.depth === 0)) {
      worker.quit();
    }
  }

  #condemn(worker: WorkerPeer): void {
    worker.isCondemned = true;
    this.#events.workerCondemned(worker);
  }

  #forget(worker: WorkerPeer): void {
    if (this.#workers.get(worker.pid) === worker) this.#workers.delete(worker.pid);
    worker.destroy();
  }

  // --- time ---

  #arm(delayMs = SILENCE_MS): void {
    if (this.#tick !== null) {
      if (!this.#isTickCoarse || delayMs !== SILENCE_MS) return;
      clearTimeout(this.#tick);
    }
    this.#isTickCoarse = delayMs !== SILENCE_MS;
    this.#tick = setTimeout(() => this.#look(), delayMs);
  }

  /** Asks silent lanes, and enforces deadlines. */
  #look(): void {
    this.#tick = null;
    const now = performance.now();
    let isBusy = false;
    let isAnyUnasked = false;
    for (const lane of this.#lanes) {
      if (lane.depth === 0) continue;
      isBusy = true;
      const silentMs = now - lane.activeSinceMs;
      if (!lane.isReclaimed) {
        if (silentMs >= SILENCE_MS) {
          lane.reclaim();
        } else {
          isAnyUnasked = true;
        }
      }
      this.#enforceDeadline(lane, silentMs);
    }
    const timeoutMs = this.limits.timeoutMs;
    for (let job = this.#queue.peek(); job !== null; job = this.#queue.peek()) {
      isBusy = true;
      if (timeoutMs === 0 || now - job.arrivedMs < timeoutMs) break;
      this.#queue.shift();
      this.#events.jobExpired(job, now - job.arrivedMs);
      job.fail('queued-too-long');
    }
    if (isBusy) this.#arm(isAnyUnasked ? SILENCE_MS : COARSE_TICK_MS);
    else this.#checkIdle();
  }

  #enforceDeadline(lane: Lane, silentMs: number): void {
    const { timeoutMs, gracefulTimeoutMs } = this.limits;
    const worker = lane.worker;
    if (timeoutMs === 0 || lane.isPaused || silentMs < timeoutMs) return;
    if (!lane.isOverdue) {
      lane.isOverdue = true;
      worker.isOverdue = true;
      for (const each of worker.lanes) this.#setFed(each);
      const job = lane.jobs[0] ?? null;
      this.#events.workerOverdue(worker, job, silentMs);
      if (job !== null && !job.isOver) {
        if (job.hasBegun) job.abort('it was silent past its deadline');
        else job.fail('overdue');
      }
    }
    this.#settle(worker);
    // Neighbours in the same process get the grace that they would get in a stop, and no more.
    if (!worker.isCondemned && silentMs >= timeoutMs + gracefulTimeoutMs) this.#condemn(worker);
  }

  // --- stopping ---

  /** Calls back once, when nothing waits and nothing runs. */
  whenIdle(callback: () => void): void {
    this.#whenIdle = callback;
    this.#checkIdle();
  }

  /** The grace is over: whatever is not answered yet gets its answer now. */
  giveUp(): void {
    for (let job = this.#queue.peek(); job !== null; job = this.#queue.peek()) {
      this.#queue.shift();
      job.fail('stopping');
    }
    for (const job of this.#graveyard.takeAll()) {
      if (!job.isOver) job.fail('stopping');
    }
    for (const lane of this.#lanes) {
      for (const job of lane.jobs) {
        if (job.isOver) continue;
        if (job.hasBegun) job.abort('the server stops');
        else job.fail('stopping');
      }
    }
  }

  #checkIdle(): void {
    if (this.#whenIdle === null || this.#queue.peek() !== null || this.#graveyard.size > 0) return;
    if (this.#lanes.some((lane) => lane.jobs.some((job) => !job.isOver))) return;
    const callback = this.#whenIdle;
    this.#whenIdle = null;
    callback();
  }
}

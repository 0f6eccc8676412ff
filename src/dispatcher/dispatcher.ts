import type { LaneRuleSpec, LoadReport } from '../protocol/supervision/edge.ts';
import { type Clock, systemClock } from './clock.ts';
import { Graveyard } from './graveyard.ts';
import { RouteHistory } from './history.ts';
import type { Job } from './job.ts';
import type { Lane, LaneOwner } from './lane.ts';
import { LaneRules } from './lane-rules.ts';
import { LaneSupply } from './lane-supply.ts';
import { LaneWatch, type WatchLimits } from './lane-watch.ts';
import { LoadMeter } from './load.ts';
import { chooseLane, NO_LANE, RESERVED } from './policy.ts';
import { Queue } from './queue.ts';
import { QuickReserve } from './quick-reserve.ts';
import type { WorkerPeer, WorkerPeerOwner } from './worker-peer.ts';
import { type RosterEvents, WorkerRoster } from './worker-roster.ts';

/** How long what an ended worker has written may take to arrive. */
const LAST_WORDS_MS = 1000;

export interface DispatcherLimits extends WatchLimits {
  /** Most requests of a kind that wait; 0: any number. */
  readonly queueLimit: number;
  /** Longest wait; 0: any. A request that waits past `timeoutMs` is given up, too. */
  readonly queueTimeoutMs: number;
  readonly laneRules: readonly LaneRuleSpec[];
}

/** What the dispatcher tells the rest of the edge. */
export interface DispatcherEvents extends Omit<RosterEvents, 'workerCame'> {
  /** A request is past its deadline; null: what its application does after the response. */
  workerOverdue(worker: WorkerPeer, job: Job | null, ageMs: number): void;
  /** It has had as many requests as it may. */
  workerSpent(worker: WorkerPeer): void;
  /** The request has waited for a worker for as long as one may. */
  jobExpired(job: Job, waitedMs: number): void;
  /** As many requests wait as may. */
  jobRefused(job: Job): void;
  /** The worker ended while it ran this request, which is now run on another. */
  jobRetried(worker: WorkerPeer, job: Job): void;
  /** The worker ended while it ran this request. */
  jobLost(worker: WorkerPeer, job: Job): void;
}

type Placement = 'placed' | 'held' | 'no-lane';

/** Owns the queue and the lanes: gives every request to a lane, and sees it through. */
export class Dispatcher implements LaneOwner, WorkerPeerOwner {
  readonly workers: WorkerRoster;
  readonly quickReserve = new QuickReserve();
  #history: RouteHistory;
  #limits: DispatcherLimits;
  #rules: LaneRules;
  readonly #clock: Clock;
  readonly #events: DispatcherEvents;
  readonly #queue = new Queue();
  readonly #watch: LaneWatch;
  readonly #graveyard: Graveyard;
  readonly #supply: LaneSupply;
  readonly #load = new LoadMeter();
  #nextId = 1;
  #isFlushPlanned = false;
  /** Requests since the last moment at which no worker had anything to do, and how many there were in the time before. */
  #burst = 0;
  #lastBurst = 0;
  #whenIdle: (() => void) | null = null;

  constructor(limits: DispatcherLimits, events: DispatcherEvents, clock: Clock = systemClock) {
    this.#limits = limits;
    this.#events = events;
    this.#clock = clock;
    this.#rules = new LaneRules(limits.laneRules);
    this.#history = new RouteHistory(this.#rules);
    this.#supply = new LaneSupply(clock, {
      workers: () => this.workers.all(),
      lacking: () => this.#queue.lackingLanes,
      close: (lane) => this.#closeLane(lane),
    });
    this.workers = new WorkerRoster({
      workerCame: (worker) => this.#supply.noteWorker(worker),
      workerReady: (worker) => events.workerReady(worker),
      workerCondemned: (worker) => events.workerCondemned(worker),
      workerLeaving: (worker, reason) => events.workerLeaving(worker, reason),
    });
    this.#graveyard = new Graveyard(clock, {
      lost: (worker, job) => {
        events.jobLost(worker, job);
        job.fail('worker-died');
        this.#checkIdle();
      },
      retried: (worker, job) => events.jobRetried(worker, job),
      spared: (jobs) => this.#putBack(jobs),
    });
    this.#watch = new LaneWatch(limits, clock, {
      lanes: () => this.workers.lanes,
      lookAtQueue: (nowMs) => this.#lookAtQueue(nowMs),
      laneOverdue: (lane, silentMs) => this.#laneOverdue(lane, silentMs),
      laneGivenUp: (lane) => this.workers.condemn(lane.worker),
      atRest: () => this.#checkIdle(),
    });
  }

  get history(): RouteHistory {
    return this.#history;
  }

  /** Requests that wait for a lane. */
  get queued(): number {
    return this.#queue.length;
  }

  /** How long the first of them has waited; 0: none waits. */
  get oldestWaitMs(): number {
    return Math.max(0, this.#clock.now() - this.#queue.oldestArrivedMs);
  }

  /** How busy the lanes were since the last call. */
  takeLoad(): LoadReport {
    return this.#load.take(this.#queue.length, this.oldestWaitMs, this.workers.lanes);
  }

  /** Whether a worker is there that takes requests. */
  get isReady(): boolean {
    return this.workers.lanes.some((lane) => lane.worker.isInService);
  }

  /** After a reload. */
  reconfigure(limits: DispatcherLimits): void {
    this.#limits = limits;
    this.#watch.limits = limits;
    this.#rules = new LaneRules(limits.laneRules);
    this.#history = new RouteHistory(this.#rules);
    this.#queue.forgetRules();
  }

  // --- requests ---

  submit(job: Job): void {
    this.quickReserve.noteCome(job, job.arrivedMs);
    const queue = this.#queue;
    const waiting = queue.length;
    if (waiting === 0 && this.#place(job, job.arrivedMs) === 'placed') return;
    const { queueLimit } = this.#limits;
    if (queueLimit > 0 && waiting >= queueLimit && queue.isFull(job, queueLimit)) {
      this.#events.jobRefused(job);
      job.fail('queue-full');
      return;
    }
    queue.push(job);
    if (waiting > 0) this.#pump();
    this.#watch.wake();
    this.#supply.noteWant();
  }

  /** The client has left. What was not started is dropped; what runs is told, and its output thrown away. */
  cancel(job: Job): void {
    if (job.isOver) return;
    job.isOver = true;
    const lane = job.lane;
    if (lane === null) {
      this.#queue.noteOver(job);
      this.#checkIdle();
      return;
    }
    if (lane.jobs[0] === job) lane.resume(this.#clock.now());
    lane.worker.cancel(job.id, true);
  }

  #place(job: Job, nowMs: number): Placement {
    const rule = job.route.rule;
    if (rule?.isFull) return 'held';
    const lanes = this.workers.lanes;
    let reserved = this.#rules.reservedFrom(rule);
    if (job.isSlow && nowMs < job.dueMs) reserved += this.quickReserve.idleLanes(lanes, nowMs);
    const index = chooseLane(lanes, job, reserved, this.#queue.length, nowMs);
    if (index === RESERVED) return 'held';
    if (index === NO_LANE) return 'no-lane';
    this.#give(lanes[index] as Lane, job, nowMs);
    return 'placed';
  }

  #give(lane: Lane, job: Job, nowMs: number): void {
    const worker = lane.worker;
    job.waitedMs = nowMs - job.arrivedMs;
    job.id = this.#nextId;
    this.#nextId = this.#nextId === 0xffffffff ? 1 : this.#nextId + 1;
    if (lane.depth === 0) {
      this.#load.noteLaneWakes(this.workers.lanes);
      lane.noteLife(nowMs);
      if (this.workers.lanes.every((each) => each.depth === 0)) {
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
    this.#watch.wake();
  }

  /** What one turn of the event loop gives a lane is written at once: one system call and one wake-up for many requests. */
  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    this.#clock.afterTurn(() => {
      this.#isFlushPlanned = false;
      for (const lane of this.workers.lanes) lane.flush();
    });
  }

  /** Gives out what lanes there are, by when requests are due. */
  #pump(): void {
    const queue = this.#queue;
    if (queue.length > 0) {
      const nowMs = this.#clock.now();
      for (let line = queue.next(); line !== null; line = queue.next()) {
        const job = line.peek() as Job;
        const placement = this.#place(job, nowMs);
        if (placement === 'placed') {
          line.shift();
          this.#load.noteWait(job.waitedMs);
          this.quickReserve.noteWaited(job, job.waitedMs);
        } else if (placement === 'no-lane' && job.dueMs <= nowMs) {
          // Were lanes filled past a request whose turn it is, none would ever be idle for it.
          break;
        } else {
          line.isHeld = true;
        }
      }
      queue.releaseLines();
      // Who lets others pass may get an idle lane by the passing of time alone; for all others something has to happen first.
      if (queue.isLettingPass(nowMs) && this.workers.lanes.some((lane) => lane.isFed && lane.depth === 0)) {
        this.#watch.wake();
      }
      if (queue.length > 0) this.#supply.noteWant();
    }
    this.#checkIdle();
  }

  #putBack(jobs: readonly Job[]): void {
    const waiting = jobs.filter((job) => !job.isOver);
    for (const job of waiting) job.lane = null;
    this.#queue.putBack(waiting);
    this.#pump();
    this.#watch.wake();
  }

  #lookAtQueue(nowMs: number): number | null {
    const { timeoutMs, queueTimeoutMs } = this.#limits;
    const longestMs = Math.min(
      timeoutMs || Number.POSITIVE_INFINITY,
      queueTimeoutMs || Number.POSITIVE_INFINITY,
    );
    for (const job of this.#queue.expired(nowMs - longestMs)) {
      this.#events.jobExpired(job, nowMs - job.arrivedMs);
      job.fail('queued-too-long');
    }
    if (this.#queue.length > 0) this.#pump();
    return this.#queue.length > 0 ? this.#queue.oldestArrivedMs + longestMs - nowMs : null;
  }

  // --- lanes and workers ---

  laneActive(lane: Lane): void {
    const mayFallSilent = lane.isReclaimed && lane.depth > 0;
    lane.noteLife(this.#clock.now());
    if (mayFallSilent) this.#watch.wake();
    if (!lane.isFed) this.workers.settle(lane.worker);
    this.#pump();
  }

  laneClosed(lane: Lane): void {
    this.workers.removeLane(lane);
    const unanswered: Job[] = [];
    for (const job of lane.jobs) {
      if (job.isOver) continue;
      if (job.hasBegun) job.abort('the worker ended in the middle of the response');
      else unanswered.push(job);
    }
    this.#graveyard.bury(lane.worker, unanswered);
    this.#pump();
  }

  addLane(lane: Lane): void {
    lane.activeSinceMs = this.#clock.now();
    this.workers.addLane(lane);
    this.#pump();
  }

  /** It has nothing to do; its end in the worker sees that it is closed. */
  #closeLane(lane: Lane): void {
    this.workers.removeLane(lane);
    lane.destroy();
  }

  /** From now on this generation's workers get the requests. */
  activate(generation: number): void {
    this.workers.activate(generation);
    this.#pump();
  }

  /** Gives the worker nothing more, and lets it go when it has finished. Of what is left, other lanes may now be the last ones. */
  retire(pid: number): void {
    this.workers.retire(pid);
    this.#pump();
  }

  /** A response of this worker's is a file that is about to be opened. Returns what is to be called then. */
  holdFile(worker: WorkerPeer, id: number): () => void {
    worker.heldFiles += 1;
    return () => {
      worker.heldFiles -= 1;
      worker.release(id);
      this.workers.settle(worker);
    };
  }

  /** The worker's process has ended; `running` are the requests that it was executing. */
  exited(pid: number, running: readonly number[]): void {
    this.#graveyard.report(pid, running);
    const worker = this.workers.exited(pid);
    if (worker === null) return;
    this.#closeLater(worker, 0);
  }

  /**
   * What a worker wrote before it died may still be in the sockets: they close by themselves when that has been read, unless
   * a child of the worker has inherited them. A lane that waits for a slow client is given more time, as that client goes on
   * taking what there is.
   */
  #closeLater(worker: WorkerPeer, minSilentMs: number): void {
    this.#clock.after(LAST_WORDS_MS, () => {
      const silentSinceMs = this.#clock.now() - minSilentMs;
      for (const lane of [...worker.lanes]) {
        if (!lane.isPaused && lane.activeSinceMs <= silentSinceMs) lane.destroy();
      }
      if (worker.lanes.length > 0) this.#closeLater(worker, LAST_WORDS_MS);
    });
  }

  stalled(worker: WorkerPeer, isStalled: boolean): void {
    this.workers.stalled(worker, isStalled);
    this.#pump();
  }

  returned(worker: WorkerPeer, laneIndex: number, ids: readonly number[], runningId: number): void {
    const lane = worker.lanes.find((each) => each.index === laneIndex);
    if (lane === undefined) return;
    lane.isAsked = false;
    const jobs: Job[] = [];
    for (const id of ids) {
      const job = lane.remove(id);
      if (job !== null) jobs.push(job);
    }
    lane.isUnread = worker.hasGreenlets && runningId === 0 && lane.jobs.length > 0;
    if (lane.isUnread) this.#watch.wake();
    if (!lane.isFed) this.workers.settle(worker);
    this.#putBack(jobs);
  }

  leaving(worker: WorkerPeer, reason: string): void {
    this.workers.leaving(worker, reason);
  }

  #laneOverdue(lane: Lane, silentMs: number): void {
    const { worker } = lane;
    const job = lane.jobs[0] ?? null;
    this.#events.workerOverdue(worker, job, silentMs);
    worker.interrupt(job?.id ?? lane.lastId, lane.index);
    // First: with its answer the connection's next request may come.
    this.workers.noteOverdue(worker);
    if (job !== null && !job.isOver) {
      if (job.hasBegun) job.abort('it was silent past its deadline');
      else job.fail('overdue');
    }
  }

  // --- stopping ---

  /** The application does not load, and there is no older one that what waits could run on. */
  giveUpWaiting(): void {
    if (this.isReady) return;
    for (const job of this.#queue.expired(Number.POSITIVE_INFINITY)) job.fail('not-loaded');
  }

  /** Calls back once, when nothing waits and nothing runs. */
  whenIdle(callback: () => void): void {
    this.#whenIdle = callback;
    this.#checkIdle();
  }

  /** The grace is over: whatever is not answered yet gets its answer now. */
  giveUp(): void {
    for (const job of this.#queue.expired(Number.POSITIVE_INFINITY)) job.fail('stopping');
    for (const job of this.#graveyard.takeAll()) {
      if (!job.isOver) job.fail('stopping');
    }
    for (const lane of this.workers.lanes) {
      for (const job of lane.jobs) {
        if (job.isOver) continue;
        if (job.hasBegun) job.abort('the server stops');
        else job.fail('stopping');
      }
    }
  }

  #checkIdle(): void {
    if (this.#whenIdle === null || this.#queue.length > 0 || this.#graveyard.size > 0) return;
    if (this.workers.lanes.some((lane) => lane.jobs.some((job) => !job.isOver))) return;
    const callback = this.#whenIdle;
    this.#whenIdle = null;
    callback();
  }
}

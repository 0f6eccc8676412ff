import type { Dispatcher } from '../../../../src/dispatcher/dispatcher.ts';
import { Lane } from '../../../../src/dispatcher/lane.ts';
import { type WorkerFacts, WorkerPeer } from '../../../../src/dispatcher/worker-peer.ts';
import type { Random } from './random.ts';
import type { SimulatedJob } from './simulated-job.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A worker sends what it has finished when it has nothing more at hand, or at the latest after this time (lane.py). */
const FLUSH_MS = 2;
/** From one process to another. */
const WIRE_MS = 0.02;

export interface World {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly dispatcher: Dispatcher;
  /** Whether the control thread gets to run only between requests: applications that hold the interpreter's lock. */
  readonly holdsLock: boolean;
  /** A lane begins a request that it was given so long ago. */
  readonly begun: (behindMs: number) => void;
}

/** A worker's process and its connections: python/kirin_worker/lane.py as a model. */
export class SimulatedWorker extends WorkerPeer {
  readonly #world: World;
  readonly #own: SimulatedLane[] = [];
  isDead = false;
  /** What runs past the deadline does not end by being told so. */
  readonly isDeaf: boolean;

  constructor(world: World, facts: WorkerFacts) {
    super(facts);
    this.#world = world;
    this.isDeaf = world.random.chance(0.5);
    world.dispatcher.workers.add(this);
    for (let index = 0; index < facts.laneCount; index += 1) {
      const lane = new SimulatedLane(this, index, world);
      this.#own.push(lane);
      world.dispatcher.addLane(lane);
    }
  }

  reclaim(laneIndex: number): void {
    this.#world.clock.after(WIRE_MS, () => this.#own[laneIndex]?.reclaimed());
  }

  release(): void {}

  cancel(id: number): void {
    const job = this.#own.flatMap(({ jobs }) => jobs).find((each) => each.id === id) as
      | SimulatedJob
      | undefined;
    this.#world.clock.after(WIRE_MS, () => {
      if (job?.id === id) job.isCancelled = true;
    });
  }

  interrupt(_id: number, laneIndex: number): void {
    this.#world.clock.after(WIRE_MS, () => {
      if (!this.isDeaf) this.#own[laneIndex]?.interrupted();
    });
  }

  quit(): void {
    if (this.hasQuit) return;
    this.hasQuit = true;
    this.#world.clock.after(WIRE_MS, () => {
      for (const lane of this.#own) lane.assertDone();
      this.die();
    });
  }

  destroy(): void {}

  /** Its process ends. The end of its connections and the report of it come in any order. */
  die(): void {
    if (this.isDead) return;
    this.isDead = true;
    const { clock, random, dispatcher } = this.#world;
    const running = this.#own.map((lane) => lane.stop()).filter((id) => id !== 0);
    clock.after(random.next() * 2, () => dispatcher.exited(this.pid, running));
    for (const lane of this.#own) clock.after(WIRE_MS + random.next() * 2, () => lane.close(dispatcher));
  }
}

export class SimulatedLane extends Lane {
  readonly #world: World;
  /** Not yet written to the socket. */
  #unwritten: SimulatedJob[] = [];
  /** At the worker, and not begun. */
  #pending: SimulatedJob[] = [];
  #running: SimulatedJob | null = null;
  /** Finished, and not yet sent. */
  #finished: { job: SimulatedJob; serviceUs: number }[] = [];
  #flushedAtMs = 0;
  #wantsReclaim = false;
  #isDead = false;

  constructor(worker: SimulatedWorker, index: number, world: World) {
    super(worker, index);
    this.#world = world;
  }

  // --- the edge's end ---

  take(job: SimulatedJob): void {
    job.givenAtMs = this.#world.clock.now();
    this.#unwritten.push(job);
  }

  writeText(): void {}

  writeBody(): void {}

  flush(): void {
    if (this.#unwritten.length === 0) return;
    const jobs = this.#unwritten;
    this.#unwritten = [];
    this.#world.clock.after(WIRE_MS, () => this.#receive(jobs));
  }

  destroy(): void {}

  protected pauseReading(): void {}

  protected resumeReading(): void {}

  close(dispatcher: Dispatcher): void {
    this.vacate();
    dispatcher.laneClosed(this);
  }

  #answered(answers: readonly { job: SimulatedJob; serviceUs: number }[]): void {
    if (answers.length === 0) return;
    for (const { job, serviceUs } of answers) {
      this.lastId = job.id;
      job.answer(serviceUs);
      this.forget(this.jobs.indexOf(job), job);
    }
    this.#world.dispatcher.laneActive(this);
  }

  // --- the worker's end ---

  #receive(jobs: readonly SimulatedJob[]): void {
    if (this.#isDead) return;
    this.#pending.push(...jobs);
    if (this.#running !== null) return;
    this.#flushedAtMs = this.#world.clock.now();
    this.#beginNext();
  }

  #beginNext(): void {
    const job = this.#pending.shift();
    if (job === undefined) {
      this.#send();
      return;
    }
    const { clock } = this.#world;
    this.#running = job;
    if (!job.isCancelled) {
      job.starts += 1;
      this.#world.begun(clock.now() - job.givenAtMs);
    }
    clock.after(job.isCancelled ? 0 : job.serviceMs, () => {
      if (this.#running === job) this.#finish(job);
    });
  }

  #finish(job: SimulatedJob): void {
    const { clock } = this.#world;
    this.#running = null;
    this.#finished.push({ job, serviceUs: job.serviceMs * 1000 });
    if (clock.now() - this.#flushedAtMs > FLUSH_MS) this.#send();
    if (this.#wantsReclaim) this.#giveBack();
    this.#beginNext();
  }

  #send(): void {
    const answers = this.#finished;
    this.#finished = [];
    this.#flushedAtMs = this.#world.clock.now();
    if (answers.length > 0) this.#world.clock.after(WIRE_MS, () => this.#answered(answers));
  }

  reclaimed(): void {
    if (this.#isDead) return;
    if (this.#world.holdsLock && this.#running !== null) this.#wantsReclaim = true;
    else this.#giveBack();
  }

  #giveBack(): void {
    const { clock, random, dispatcher } = this.#world;
    this.#wantsReclaim = false;
    const ids = this.#pending.map((job) => job.id);
    this.#pending = [];
    this.#send();
    // The control connection is another one than the lane: what comes first is open.
    clock.after(WIRE_MS * 2 * random.next(), () => dispatcher.returned(this.worker, this.index, ids));
  }

  interrupted(): void {
    const job = this.#running;
    if (job === null || this.#isDead) return;
    this.#running = null;
    this.#finished.push({ job, serviceUs: job.serviceMs * 1000 });
    this.#beginNext();
  }

  /** The process is gone, and what it had not sent with it: returns the id of what it was running, or 0. */
  stop(): number {
    this.#isDead = true;
    const job = this.#running;
    this.#running = null;
    for (const { job: unsent } of this.#finished) unsent.kills += 1;
    if (job === null) return 0;
    if (!job.isCancelled) job.kills += 1;
    return job.id;
  }

  assertDone(): void {
    if (this.#running !== null || this.#pending.length > 0 || this.#finished.length > 0) {
      throw new Error('a worker was told to go while it had something to do');
    }
  }
}

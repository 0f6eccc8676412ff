import type { Dispatcher } from '../../../../src/dispatcher/dispatcher.ts';
import { Lane } from '../../../../src/dispatcher/lane.ts';
import { type WorkerFacts, WorkerPeer } from '../../../../src/dispatcher/worker-peer.ts';
import type { Random } from '../../../support/random.ts';
import type { SimulatedJob } from './simulated-job.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A worker sends what it has finished when it has nothing more at hand, or at the latest after this time (lane.py). */
const FLUSH_MS = 2;
/** The answer of a request that took this long is sent at once. */
const LONG_MS = 0.5;
/** From one process to another. */
const WIRE_MS = 0.02;
/** From the wish for more lanes to their coming. */
const OPENING_MS = 1;

export interface World {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly dispatcher: Dispatcher;
  /** Whether the control thread gets to run only between requests: applications that hold the interpreter's lock. */
  readonly holdsLock: boolean;
  /** A lane begins a request that it was given so long ago. */
  readonly begun: (behindMs: number) => void;
}

/** What a lane says to the edge. */
interface Said {
  readonly what: 'piece' | 'end' | 'end, and close() runs' | 'done';
  readonly job: SimulatedJob;
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
    for (let index = 0; index < facts.laneCount; index += 1) this.#open(index);
  }

  #open(index: number): void {
    const lane = new SimulatedLane(this, index, this.#world);
    this.#own[index] = lane;
    this.#world.dispatcher.addLane(lane);
  }

  widen(count: number): void {
    this.#world.clock.after(OPENING_MS, () => {
      let left = this.isDead || this.hasQuit ? 0 : count;
      for (let index = 0; left > 0 && index < this.maxLanes; index += 1) {
        if (this.#own[index]?.isClosed === false) continue;
        this.#open(index);
        left -= 1;
      }
    });
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
      if (this.isDead) return;
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
  /** The response of what runs is complete, and its close() runs. */
  #isTail = false;
  /** The same, and the edge has been told. */
  #isTailSent = false;
  /** Not yet sent. */
  #out: Said[] = [];
  #flushedAtMs = 0;
  #wantsReclaim = false;
  #isDead = false;
  /** Arrived while the edge does not read. */
  #kept: Said[] = [];
  #whenRead: (() => void) | null = null;
  /** Whose close() runs on at the edge's end. */
  tailJob: SimulatedJob | null = null;
  /** By the edge, which did not need it. */
  isClosed = false;

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

  destroy(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#isDead = true;
    this.#world.clock.after(WIRE_MS, () => this.close(this.#world.dispatcher));
  }

  protected pauseReading(): void {}

  protected resumeReading(): void {
    this.#world.clock.after(0, () => this.#read());
  }

  /** A socket's end is seen when everything has been read. */
  close(dispatcher: Dispatcher): void {
    this.#whenRead = () => {
      this.vacate();
      dispatcher.laneClosed(this);
    };
    this.#read();
  }

  #read(): void {
    if (this.isPaused) return;
    const said = this.#kept.splice(0);
    for (const one of said) this.#hear(one);
    if (said.length > 0) this.#world.dispatcher.laneActive(this);
    if (this.isPaused || this.#kept.length > 0) return;
    this.#whenRead?.();
    this.#whenRead = null;
  }

  /** As LaneConnection does with a frame. */
  #hear({ what, job }: Said): void {
    if (what === 'done') {
      this.tailJob = null;
      this.noteTail(false);
      return;
    }
    if (what === 'piece') {
      job.hasBegun = true;
      if (!job.isOver) this.#pauseFor(job);
      return;
    }
    if (!this.jobs.includes(job)) throw new Error(`an answer of nobody: ${job.summary}`);
    this.lastId = job.id;
    const hasTail = what === 'end, and close() runs';
    this.tailJob = hasTail ? job : null;
    this.noteTail(hasTail);
    job.answer(job.serviceMs * 1000);
    this.forget(this.jobs.indexOf(job), job);
  }

  #pauseFor(job: SimulatedJob): void {
    if (job.pauseMs === 0) return;
    const { clock } = this.#world;
    this.pause();
    clock.after(job.pauseMs, () => {
      if (!job.isOver) this.resume(clock.now());
    });
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
    const run = (ms: number, then: () => void) =>
      clock.after(job.isCancelled ? 0 : ms, () => {
        if (this.#running === job) then();
      });
    const pieceMs = job.serviceMs / (job.pieces + 1);
    const goOn = (piece: number) => {
      if (piece < job.pieces && !job.isCancelled) {
        this.#say('piece', job);
        this.#send();
        run(pieceMs, () => goOn(piece + 1));
        return;
      }
      this.#isTail = job.tailMs > 0;
      if (this.#isTail) run(job.tailMs, () => this.#finish(job));
      else this.#finish(job);
    };
    run(pieceMs, () => goOn(0));
  }

  #finish(job: SimulatedJob): void {
    const { clock } = this.#world;
    this.#end(job);
    if (job.serviceMs > LONG_MS || clock.now() - this.#flushedAtMs > FLUSH_MS) this.#send();
    if (this.#wantsReclaim) this.#giveBack();
    this.#beginNext();
  }

  #end(job: SimulatedJob): void {
    this.#running = null;
    this.#say(this.#isTailSent ? 'done' : 'end', job);
    this.#isTail = false;
    this.#isTailSent = false;
  }

  #say(what: Said['what'], job: SimulatedJob): void {
    this.#out.push({ what, job });
  }

  #send(): void {
    const out = this.#out;
    this.#out = [];
    this.#flushedAtMs = this.#world.clock.now();
    if (out.length === 0) return;
    this.#world.clock.after(WIRE_MS, () => {
      this.#kept.push(...out);
      this.#read();
    });
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
    if (this.#isTail && !this.#isTailSent && this.#running !== null) {
      this.#say('end, and close() runs', this.#running);
      this.#isTailSent = true;
    }
    this.#send();
    // The control connection is another one than the lane: what comes first is open.
    clock.after(WIRE_MS * 2 * random.next(), () =>
      dispatcher.returned(this.worker, this.index, ids, this.#running?.id ?? 0),
    );
  }

  interrupted(): void {
    const job = this.#running;
    if (job === null || this.#isDead) return;
    this.#end(job);
    this.#beginNext();
  }

  /** The process is gone, and what it had not sent with it: returns the id of what it was running, or 0. */
  stop(): number {
    this.#isDead = true;
    const job = this.#running;
    this.#running = null;
    for (const { what, job: unsent } of this.#out) if (what === 'end') unsent.kills += 1;
    if (job === null) return 0;
    if (!job.isCancelled) job.kills += 1;
    return job.id;
  }

  assertDone(): void {
    if (this.#running !== null || this.#pending.length > 0 || this.#out.length > 0) {
      throw new Error('a worker was told to go while it had something to do');
    }
  }
}

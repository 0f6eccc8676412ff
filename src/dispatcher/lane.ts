import type { Socket } from 'node:net';
import { FrameReader, type FrameSink } from '../protocol/lane/frame-reader.ts';
import { KIND, RESPONSE_FLAG } from '../protocol/lane/frames.ts';
import type { Job } from './job.ts';
import type { LaneLoad } from './policy.ts';
import type { WorkerPeer } from './worker-peer.ts';

export interface LaneOwner {
  /** Something came from this lane, and may have freed it. */
  laneActive(lane: Lane): void;
  laneClosed(lane: Lane): void;
}

/** Of a response only the head must be whole; and where a file is, where its body is a file. */
const isAtomic = (kind: number, flags: number) =>
  (kind !== KIND.response && kind !== KIND.body) || (flags & RESPONSE_FLAG.file) !== 0;

/** The edge's end of one lane: what is on it, and the socket. */
export class Lane implements LaneLoad, FrameSink {
  readonly worker: WorkerPeer;
  readonly index: number;
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  /** In the order in which they were given, which is the order in which they are answered. */
  readonly jobs: Job[] = [];
  loadUs = 0;
  isOpen = true;
  isFed = false;
  /** When the job at the head was begun, or last gave a sign of life. */
  activeSinceMs = 0;
  /** RECLAIM was sent since the last sign of life. */
  isReclaimed = false;
  isOverdue = false;
  isPaused = false;
  /** Everything on it may have others behind it. */
  #areAllFast = true;
  /** The last response's `close()` still runs. */
  #hasTail = false;
  /** The job whose payload is being streamed; null when it is over and the rest is thrown away. */
  #streaming: Job | null = null;
  #streamEnds = false;
  #text = '';

  constructor(worker: WorkerPeer, index: number, socket: Socket, owner: LaneOwner) {
    this.worker = worker;
    this.index = index;
    this.#socket = socket;
    this.#reader = new FrameReader(this, isAtomic);
    socket.on('data', (chunk) => {
      this.#reader.push(chunk);
      owner.laneActive(this);
    });
    socket.on('error', () => {});
    socket.on('close', () => owner.laneClosed(this));
  }

  get depth(): number {
    return this.jobs.length + (this.#hasTail ? 1 : 0);
  }

  /** The worker has been heard of, or given its first request. */
  noteLife(nowMs: number): void {
    this.activeSinceMs = nowMs;
    if (!this.isReclaimed) return;
    this.isReclaimed = false;
    this.#reopen();
  }

  /** Asks for what it has not begun. Until it is heard of, nothing more is put behind what it runs. */
  reclaim(): void {
    this.isReclaimed = true;
    this.isOpen = false;
    this.worker.reclaim(this.index);
  }

  add(job: Job): void {
    job.lane = this;
    this.jobs.push(job);
    this.loadUs += job.estimateUs;
    if (!job.canPipeline) {
      this.#areAllFast = false;
      this.isOpen = false;
    }
    job.send(this);
  }

  #reopen(): void {
    this.isOpen = this.#areAllFast && !this.isReclaimed && !this.isPaused && !this.#hasTail;
  }

  /** Takes back a job that the worker has not started. */
  remove(id: number): Job | null {
    const at = this.jobs.findIndex((job) => job.id === id);
    if (at < 0) return null;
    const job = this.jobs[at] as Job;
    this.#forget(at, job);
    return job;
  }

  /** Kept until `flush`. */
  writeText(text: string): void {
    this.#text += text;
  }

  /** A larger body, after the text that announced it. */
  writeBody(body: readonly Buffer[]): void {
    this.#socket.cork();
    this.flush();
    for (const part of body) this.#socket.write(part);
    this.#socket.uncork();
  }

  flush(): void {
    if (this.#text === '') return;
    this.#socket.write(this.#text, 'latin1');
    this.#text = '';
  }

  pause(): void {
    this.isPaused = true;
    this.isOpen = false;
    this.#socket.pause();
  }

  /** What the worker had to wait is not held against it. */
  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.activeSinceMs = performance.now();
    this.#reopen();
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  frame(
    kind: number,
    flags: number,
    id: number,
    a: number,
    b: number,
    bytes: Buffer,
    start: number,
    end: number,
    isWhole: boolean,
  ): void {
    if (kind === KIND.done) {
      this.#hasTail = false;
      this.#reopen();
      return;
    }
    // Mostly the head of the lane. Others stand before it only while the list of what was handed back is on its way.
    const at = this.jobs[0]?.id === id ? 0 : this.jobs.findIndex((each) => each.id === id);
    const job = this.jobs[at];
    if (job === undefined) {
      // A frame for a request that was given up: its payload is thrown away.
      this.#streaming = null;
      this.#streamEnds = false;
      return;
    }
    const isLast = kind === KIND.abort || (flags & RESPONSE_FLAG.end) !== 0;
    if (kind === KIND.response) {
      job.hasBegun = true;
      if (!job.isOver) job.begin(flags, a, bytes, start, end, isLast && isWhole);
      else if ((flags & RESPONSE_FLAG.file) !== 0) this.worker.release(id);
    } else if (kind === KIND.body) {
      if (!job.isOver) job.more(bytes, start, end, isLast && isWhole);
    } else if (kind === KIND.abort && !job.isOver) {
      job.abort(bytes.toString('utf8', start, end));
    }
    if (isLast) {
      this.#hasTail = (flags & RESPONSE_FLAG.tail) !== 0;
      // What was broken off tells nothing of how long it takes.
      if (kind !== KIND.abort) job.route.record(b);
    }
    this.#streaming = isWhole ? null : job;
    this.#streamEnds = isLast;
    if (isWhole && isLast) this.#forget(at, job);
  }

  more(bytes: Buffer, start: number, end: number, isLast: boolean): void {
    const job = this.#streaming;
    if (job === null) return;
    const isEnd = isLast && this.#streamEnds;
    if (!job.isOver) job.more(bytes, start, end, isEnd);
    if (isEnd) {
      this.#streaming = null;
      this.#forget(this.jobs.indexOf(job), job);
    }
  }

  #forget(at: number, job: Job): void {
    this.jobs.splice(at, 1);
    // It was paused for this job's client; the next one's is another.
    if (at === 0 && this.isPaused) this.resume();
    if (this.jobs.length === 0) {
      this.loadUs = 0;
      this.#areAllFast = true;
      this.#reopen();
    } else {
      this.loadUs -= job.estimateUs;
    }
  }
}

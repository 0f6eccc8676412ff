import type { Socket } from 'node:net';
import { FrameReader, type FrameSink } from '../protocol/lane/frame-reader.ts';
import { KIND, RESPONSE_FLAG } from '../protocol/lane/frames.ts';
import type { Job } from './job.ts';
import { Lane, type LaneOwner } from './lane.ts';
import type { WorkerPeer } from './worker-peer.ts';

/** Of a response only the head must be whole; and where a file is, where its body is a file. */
const isAtomic = (kind: number, flags: number) =>
  (kind !== KIND.response && kind !== KIND.body) || (flags & RESPONSE_FLAG.file) !== 0;

/** A lane that is a socket: the edge's end of it. */
export class LaneConnection extends Lane implements FrameSink {
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  /** The job whose payload is being streamed; null when it is over and the rest is thrown away. */
  #streaming: Job | null = null;
  #streamEnds = false;
  #text = '';

  constructor(worker: WorkerPeer, index: number, socket: Socket, owner: LaneOwner) {
    super(worker, index);
    this.#socket = socket;
    this.#reader = new FrameReader(this, isAtomic);
    socket.on('data', (chunk) => {
      this.#reader.push(chunk);
      owner.laneActive(this);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.vacate();
      owner.laneClosed(this);
    });
  }

  writeText(text: string): void {
    this.#text += text;
  }

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

  destroy(): void {
    this.#socket.destroy();
  }

  protected pauseReading(): void {
    this.#socket.pause();
  }

  protected resumeReading(): void {
    this.#socket.resume();
  }

  // --- frames ---

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
      this.noteTail(false);
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
    if (isLast) {
      this.lastId = id;
      this.noteTail((flags & RESPONSE_FLAG.tail) !== 0);
      // What was broken off tells nothing of how long it takes.
      if (kind !== KIND.abort) job.took(b);
    }
    if (kind === KIND.response) {
      job.hasBegun = true;
      if (!job.isOver) job.begin(flags, a, bytes, start, end, isLast && isWhole);
      else if ((flags & RESPONSE_FLAG.file) !== 0) this.worker.release(id);
    } else if (kind === KIND.body) {
      if (!job.isOver) job.more(bytes, start, end, isLast && isWhole);
    } else if (kind === KIND.hints) {
      if (!job.isOver && !job.hasBegun) job.hints(bytes.toString('latin1', start, end));
    } else if (kind === KIND.abort && !job.isOver) {
      job.abort(bytes.toString('utf8', start, end));
    }
    this.#streaming = isWhole ? null : job;
    this.#streamEnds = isLast;
    if (isWhole && isLast) this.forget(at, job);
  }

  more(bytes: Buffer, start: number, end: number, isLast: boolean): void {
    const job = this.#streaming;
    if (job === null) return;
    const isEnd = isLast && this.#streamEnds;
    if (!job.isOver) job.more(bytes, start, end, isEnd);
    if (isEnd) {
      this.#streaming = null;
      this.forget(this.jobs.indexOf(job), job);
    }
  }
}

import type { Socket } from 'node:net';
import { FrameReader, type FrameSink } from '../protocol/lane/frame-reader.ts';
import { controlFrame, KIND } from '../protocol/lane/frames.ts';
import type { Lane } from './lane.ts';

export interface WorkerPeerOwner {
  /** The worker handed back these requests, which it had not started. */
  returned(worker: WorkerPeer, laneIndex: number, ids: readonly number[]): void;
  /** The worker asks to be replaced. */
  leaving(worker: WorkerPeer, reason: string): void;
}

/** A worker as the edge sees it: its control connection and its lanes. python/kirin_worker/worker.py is the other end. */
export class WorkerPeer implements FrameSink {
  readonly pid: number;
  readonly generation: number;
  readonly laneCount: number;
  readonly lanes: Lane[] = [];
  /** Requests it has been given; for max-requests. */
  given = 0;
  /** It is asked to leave after this many. */
  readonly maxGiven: number;
  hasAskedToLeave = false;
  isRetiring = false;
  isOverdue = false;
  isCondemned = false;
  hasQuit = false;
  readonly #control: Socket;
  readonly #owner: WorkerPeerOwner;

  constructor(
    facts: {
      readonly pid: number;
      readonly generation: number;
      readonly laneCount: number;
      readonly maxGiven: number;
    },
    control: Socket,
    owner: WorkerPeerOwner,
  ) {
    this.pid = facts.pid;
    this.generation = facts.generation;
    this.laneCount = facts.laneCount;
    this.maxGiven = facts.maxGiven;
    this.#control = control;
    this.#owner = owner;
    const reader = new FrameReader(this, () => true);
    control.on('data', (chunk) => reader.push(chunk));
    control.on('error', () => {});
  }

  welcome(canOpenFiles: boolean): void {
    this.#control.write(controlFrame(KIND.welcome, 0, 0, { files: canOpenFiles }), 'latin1');
  }

  reclaim(laneIndex: number): void {
    this.#control.write(controlFrame(KIND.reclaim, 0, laneIndex), 'latin1');
  }

  release(id: number): void {
    this.#control.write(controlFrame(KIND.release, id), 'latin1');
  }

  cancel(id: number): void {
    this.#control.write(controlFrame(KIND.cancel, id), 'latin1');
  }

  quit(): void {
    if (this.hasQuit) return;
    this.hasQuit = true;
    this.#control.write(controlFrame(KIND.quit), 'latin1');
  }

  destroy(): void {
    this.#control.destroy();
    for (const lane of this.lanes) lane.destroy();
  }

  frame(
    kind: number,
    _flags: number,
    _id: number,
    a: number,
    _b: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    if (kind === KIND.returned) {
      const ids: number[] = [];
      for (let at = start; at + 4 <= end; at += 4) ids.push(bytes.readUInt32LE(at));
      this.#owner.returned(this, a, ids);
    } else if (kind === KIND.leaving) {
      this.#owner.leaving(this, bytes.toString('utf8', start, end));
    }
  }

  more(): void {}
}

import type { Socket } from 'node:net';
import { FrameReader, type FrameSink } from '../protocol/lane/frame-reader.ts';
import { controlFrame, KIND, RECLAIM_FLAG, RETURNED_FLAG } from '../protocol/lane/frames.ts';
import { type WorkerFacts, WorkerPeer, type WorkerPeerOwner } from './worker-peer.ts';

/** A worker that is a process, by its control connection. python/kirin_worker/worker.py is the other end. */
export class ControlConnection extends WorkerPeer implements FrameSink {
  readonly #socket: Socket;
  readonly #owner: WorkerPeerOwner;

  constructor(facts: WorkerFacts, socket: Socket, owner: WorkerPeerOwner) {
    super(facts);
    this.#socket = socket;
    this.#owner = owner;
    const reader = new FrameReader(this, () => true);
    socket.on('data', (chunk) => reader.push(chunk));
    socket.on('error', () => {});
  }

  welcome(canOpenFiles: boolean): void {
    this.#send(controlFrame(KIND.welcome, 0, 0, { files: canOpenFiles }));
  }

  reclaim(laneIndex: number, wantsUnread: boolean): void {
    this.#send(controlFrame(KIND.reclaim, 0, laneIndex, null, wantsUnread ? RECLAIM_FLAG.unread : 0));
  }

  widen(count: number): void {
    this.#send(controlFrame(KIND.widen, 0, count));
  }

  release(id: number): void {
    this.#send(controlFrame(KIND.release, id));
  }

  cancel(id: number, isSure: boolean): void {
    this.#send(controlFrame(KIND.cancel, id, isSure ? 0 : 1));
  }

  interrupt(id: number, laneIndex: number): void {
    this.#send(controlFrame(KIND.interrupt, id, laneIndex));
  }

  quit(isQuick = false): void {
    if (this.hasQuit) return;
    this.hasQuit = true;
    this.#send(controlFrame(KIND.quit, 0, isQuick ? 1 : 0));
  }

  destroy(): void {
    this.#socket.destroy();
    for (const lane of this.lanes) lane.destroy();
  }

  #send(frame: string): void {
    this.#socket.write(frame, 'latin1');
  }

  // --- frames ---

  frame(
    kind: number,
    flags: number,
    _id: number,
    a: number,
    b: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    if (kind === KIND.returned) {
      const ids: number[] = [];
      for (let at = start; at + 4 <= end; at += 4) ids.push(bytes.readUInt32LE(at));
      if ((flags & RETURNED_FLAG.stalled) !== 0) this.#owner.stalled(this, true);
      this.#owner.returned(this, a, ids, b);
    } else if (kind === KIND.resumed) {
      this.#owner.stalled(this, false);
    } else if (kind === KIND.leaving) {
      this.#owner.leaving(this, bytes.toString('utf8', start, end));
    }
  }

  more(): void {}
}

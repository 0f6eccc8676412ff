import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { ControlConnection } from '../../../src/dispatcher/control-connection.ts';
import type { Dispatcher } from '../../../src/dispatcher/dispatcher.ts';
import type { Lane } from '../../../src/dispatcher/lane.ts';
import { LaneConnection } from '../../../src/dispatcher/lane-connection.ts';
import type { WorkerPeer } from '../../../src/dispatcher/worker-peer.ts';
import { HEADER_BYTES, KIND, RESPONSE_FLAG, RETURNED_FLAG } from '../../../src/protocol/lane/frames.ts';

/** A socket that delivers at once, and keeps what is written to it. */
export class FakeSocket extends EventEmitter {
  written = '';
  isPaused = false;
  destroyed = false;
  #kept: Buffer[] = [];

  write(data: string | Buffer): boolean {
    this.written += typeof data === 'string' ? data : data.toString('latin1');
    return true;
  }

  cork(): void {}

  uncork(): void {}

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    process.nextTick(() => {
      for (const bytes of this.#kept.splice(0)) this.deliver(bytes);
    });
  }

  deliver(bytes: Buffer): void {
    if (this.isPaused) this.#kept.push(bytes);
    else this.emit('data', bytes);
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

export interface SentFrame {
  readonly kind: number;
  readonly id: number;
  readonly a: number;
}

export function frame(
  kind: number,
  { flags = 0, id = 0, a = 0, b = 0 }: { flags?: number; id?: number; a?: number; b?: number } = {},
  payload: Buffer | string = '',
): Buffer {
  const bytes = Buffer.from(payload as string, 'latin1');
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(bytes.length, 0);
  header[4] = kind;
  header[5] = flags;
  header.writeUInt32LE(id, 8);
  header.writeUInt32LE(a, 12);
  header.writeUInt32LE(b, 16);
  return Buffer.concat([header, bytes]);
}

/** A whole response: head `200 OK`, and a body. */
export function responseFrame(id: number, body = '', flags: number = RESPONSE_FLAG.end, b = 50): Buffer {
  const head = '200 OK\r\n';
  return frame(KIND.response, { flags, id, a: head.length, b }, head + body);
}

export interface FakeWorkerFacts {
  readonly pid?: number;
  readonly generation?: number;
  readonly lanes?: number;
  /** More than `lanes`: its lanes are greenlets. */
  readonly maxLanes?: number;
  readonly maxGiven?: number;
}

/** A worker's process as far as the edge can see it. */
export class FakeWorker {
  readonly control = new FakeSocket();
  readonly sockets: FakeSocket[] = [];
  readonly lanes: Lane[] = [];
  readonly peer: WorkerPeer;

  constructor(
    dispatcher: Dispatcher,
    {
      pid = 100,
      generation = 1,
      lanes = 1,
      maxLanes = lanes,
      maxGiven = Number.POSITIVE_INFINITY,
    }: FakeWorkerFacts = {},
  ) {
    const facts = { pid, generation, laneCount: lanes, maxLanes, hasGreenlets: maxLanes > lanes, maxGiven };
    this.peer = new ControlConnection(facts, this.control as unknown as Socket, dispatcher);
    dispatcher.workers.add(this.peer);
    for (let index = 0; index < lanes; index += 1) {
      const socket = new FakeSocket();
      this.sockets.push(socket);
      this.lanes.push(new LaneConnection(this.peer, index, socket as unknown as Socket, dispatcher));
    }
  }

  /** Connects its lanes. */
  connect(dispatcher: Dispatcher): this {
    for (const lane of this.lanes) dispatcher.addLane(lane);
    return this;
  }

  send(lane: number, ...frames: readonly Buffer[]): void {
    this.sockets[lane]?.deliver(Buffer.concat(frames));
  }

  answer(lane: number, id: number, body = ''): void {
    this.send(lane, responseFrame(id, body));
  }

  returned(lane: number, ...ids: readonly number[]): void {
    this.answerReclaim(lane, ids);
  }

  /** `runningId`: what the lane runs; `isStalled`: some of the ids had not been read. */
  answerReclaim(
    lane: number,
    ids: readonly number[],
    { runningId = 0, isStalled = false }: { runningId?: number; isStalled?: boolean } = {},
  ): void {
    const payload = Buffer.alloc(ids.length * 4);
    for (const [at, id] of ids.entries()) payload.writeUInt32LE(id, at * 4);
    const flags = isStalled ? RETURNED_FLAG.stalled : 0;
    this.control.deliver(frame(KIND.returned, { flags, a: lane, b: runningId }, payload));
  }

  resume(): void {
    this.control.deliver(frame(KIND.resumed));
  }

  /** Of each RECLAIM since the last call; whatever else has been said is forgotten. */
  takeReclaimFlags(): number[] {
    const bytes = Buffer.from(this.control.written, 'latin1');
    this.control.written = '';
    const flags: number[] = [];
    for (let at = 0; at < bytes.length; at += HEADER_BYTES + bytes.readUInt32LE(at)) {
      if (bytes[at + 4] === KIND.reclaim) flags.push(bytes[at + 5] as number);
    }
    return flags;
  }

  /** What the edge has said over the control connection since the last call. */
  takeControl(): SentFrame[] {
    const bytes = Buffer.from(this.control.written, 'latin1');
    this.control.written = '';
    const frames: SentFrame[] = [];
    for (let at = 0; at < bytes.length; at += HEADER_BYTES + bytes.readUInt32LE(at)) {
      frames.push({
        kind: bytes[at + 4] as number,
        id: bytes.readUInt32LE(at + 8),
        a: bytes.readUInt32LE(at + 12),
      });
    }
    return frames;
  }

  /** All its connections end, as when its process does. */
  die(): void {
    for (const socket of this.sockets) socket.destroy();
    this.control.destroy();
  }
}

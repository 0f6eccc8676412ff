import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import {
  block,
  type Fields,
  FLAG,
  FRAME,
  type Frame,
  frame,
  framesIn,
  PREFACE,
  padded,
  rstStream,
  SETTING,
  settings,
  windowUpdate,
} from '../../support/http2-frames.ts';
import type { Random } from '../../support/random.ts';
import { within } from '../../support/wait-for.ts';

const FIRST_WINDOW_BYTES = 65_535;
const MAX_FRAME_BYTES = 16_384;
/** It grants what it has got in steps, as browsers do. */
const GRANT_BYTES = 20_000;

/** What a client does with a request. */
export interface Plan {
  readonly fields: Fields;
  readonly bodyBytes: number;
  /** Resets it: never, with the request, once some of the response is there, or once all of it is. */
  readonly resets?: 'at-once' | 'midway' | 'answered';
  /** The body never ends: somebody else has to end the stream. */
  readonly isEndless?: boolean;
  readonly hasTrailers?: boolean;
}

interface Asked {
  readonly id: number;
  readonly plan: Plan;
  bodyLeft: number;
  hasSentEnd: boolean;
  /** That it may send, and that it may be sent. */
  sendWindow: number;
  window: number;
  ungranted: number;
  receivedBytes: number;
  hasReceivedEnd: boolean;
}

/** One long connection, whose client keeps account of all windows. */
export class AccountingClient {
  readonly #socket: Socket;
  readonly #random: Random;
  #rest: Buffer = Buffer.alloc(0);
  #lastId = -1;
  readonly #open = new Map<number, Asked>();
  /** Of the connection: what it may send, and what it may be sent. */
  sendWindow = FIRST_WINDOW_BYTES;
  window = FIRST_WINDOW_BYTES;
  #initialWindow = FIRST_WINDOW_BYTES;
  #ungranted = 0;
  #pongs = 0;
  #pings = 0;
  /** While false nothing of what comes is granted anew. */
  grants = true;
  /** Why the connection has ended; null: it has not. */
  end: string | null = null;
  /** Streams that have ended, by how. */
  readonly ended = { whole: 0, resetByServer: 0, resetByClient: 0 };
  #wake: () => void = () => {};

  constructor(socket: Socket, random: Random) {
    this.#socket = socket;
    this.#random = random;
    socket.on('data', (bytes) => this.#read(bytes));
    socket.on('close', () => {
      this.end ??= 'closed';
      this.#wake();
    });
    this.#send(Buffer.from(PREFACE), settings([SETTING.window, FIRST_WINDOW_BYTES]));
  }

  get open(): number {
    return this.#open.size;
  }

  /** What of the open streams' responses has come. */
  get receivedBytes(): number {
    return [...this.#open.values()].reduce((sum, { receivedBytes }) => sum + receivedBytes, 0);
  }

  ask(plan: Plan): number {
    this.#lastId += 2;
    const id = this.#lastId;
    const hasSentEnd = plan.bodyBytes === 0 && plan.isEndless !== true;
    const asked: Asked = {
      id,
      plan,
      bodyLeft: plan.bodyBytes,
      hasSentEnd,
      sendWindow: this.#initialWindow,
      window: FIRST_WINDOW_BYTES,
      ungranted: 0,
      receivedBytes: 0,
      hasReceivedEnd: false,
    };
    this.#open.set(id, asked);
    const flags = FLAG.endHeaders | (hasSentEnd ? FLAG.endStream : 0);
    this.#send(frame(FRAME.headers, flags, id, block(plan.fields)));
    if (plan.resets === 'at-once') this.#reset(asked);
    else this.#sendBodies();
    return id;
  }

  /** Whatever was sent before has been dealt with. */
  async settle(): Promise<void> {
    this.#pings += 1;
    const wanted = this.#pings;
    this.#send(frame(FRAME.ping, 0, 0, Buffer.alloc(8)));
    await this.until('the answer to a PING', () => this.#pongs >= wanted);
  }

  /** Looked at whenever something has come. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      assert.equal(this.end, null, 'the connection has ended');
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await within(30_000, what, woken);
    }
  }

  /** `streamId` 0: of the connection. */
  grant(streamId: number, bytes: number): void {
    const asked = this.#open.get(streamId);
    if (streamId === 0) this.window += bytes;
    else if (asked !== undefined) asked.window += bytes;
    this.#send(windowUpdate(streamId, bytes));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #send(...frames: readonly Buffer[]): void {
    this.#socket.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
  }

  // --- bodies ---

  #sendBodies(): void {
    for (const asked of this.#open.values()) this.#sendBody(asked);
  }

  #sendBody(asked: Asked): void {
    while (!asked.hasSentEnd) {
      const isPadded = this.#random.chance(0.2);
      const framing = isPadded ? 1 + this.#random.below(256) : 0;
      const most = Math.min(MAX_FRAME_BYTES, this.sendWindow, asked.sendWindow) - framing;
      if (most <= 0) return;
      const length = Math.min(
        asked.bodyLeft,
        this.#random.chance(0.7) ? most : this.#random.between(1, most),
      );
      if (length === 0 && asked.plan.isEndless === true) return;
      asked.bodyLeft -= length;
      asked.sendWindow -= length + framing;
      this.sendWindow -= length + framing;
      const isLast = asked.bodyLeft === 0 && asked.plan.isEndless !== true;
      const isEnd = isLast && asked.plan.hasTrailers !== true;
      const flags = (isEnd ? FLAG.endStream : 0) | (isPadded ? FLAG.padded : 0);
      const content = Buffer.alloc(length, 'b');
      this.#send(frame(FRAME.data, flags, asked.id, isPadded ? padded(content, framing - 1) : content));
      if (isLast && !isEnd) {
        const trailers = block([['x-checksum', '1']]);
        this.#send(frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, asked.id, trailers));
      }
      asked.hasSentEnd = isLast;
      if (isLast) this.#closeWhereDone(asked);
    }
  }

  #reset(asked: Asked): void {
    this.#send(rstStream(asked.id, 8));
    this.#open.delete(asked.id);
    this.ended.resetByClient += 1;
  }

  #closeWhereDone(asked: Asked): void {
    if (!asked.hasSentEnd || !asked.hasReceivedEnd || !this.#open.delete(asked.id)) return;
    this.ended.whole += 1;
  }

  // --- what comes ---

  #read(bytes: Buffer): void {
    const { frames, rest } = framesIn(this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]));
    this.#rest = rest;
    for (const each of frames) this.#take(each);
    this.#sendBodies();
    this.#wake();
  }

  #take(frame: Frame): void {
    const { type, flags, stream, payload } = frame;
    switch (type) {
      case FRAME.settings:
        if ((flags & FLAG.ack) === 0) this.#takeSettings(payload);
        break;
      case FRAME.ping:
        this.#pongs += 1;
        break;
      case FRAME.goaway:
        this.end = payload.toString('latin1', 8);
        break;
      case FRAME.windowUpdate:
        this.#takeGrant(stream, payload.readUInt32BE());
        break;
      case FRAME.headers:
        if ((flags & FLAG.endStream) !== 0) this.#takeEnd(stream);
        break;
      case FRAME.data:
        this.#takeData(frame);
        break;
      case FRAME.rstStream:
        if (this.#open.delete(stream)) this.ended.resetByServer += 1;
        break;
      default:
    }
  }

  #takeSettings(payload: Buffer): void {
    for (let at = 0; at < payload.length; at += 6) {
      if (payload.readUInt16BE(at) === SETTING.window) this.#initialWindow = payload.readUInt32BE(at + 2);
    }
    this.#send(frame(FRAME.settings, FLAG.ack, 0));
  }

  #takeGrant(streamId: number, bytes: number): void {
    if (streamId === 0) this.sendWindow += bytes;
    const asked = this.#open.get(streamId);
    if (asked !== undefined) asked.sendWindow += bytes;
  }

  #takeData({ stream, flags, payload }: Frame): void {
    this.window -= payload.length;
    assert.ok(this.window >= 0, 'the window of the connection is overrun');
    this.#ungranted += payload.length;
    if (this.grants && this.#ungranted >= GRANT_BYTES) {
      this.grant(0, this.#ungranted);
      this.#ungranted = 0;
    }
    const asked = this.#open.get(stream);
    if (asked === undefined) return;
    asked.receivedBytes += payload.length;
    asked.window -= payload.length;
    asked.ungranted += payload.length;
    assert.ok(asked.window >= 0, 'the window of a stream is overrun');
    if ((flags & FLAG.endStream) !== 0) {
      this.#takeEnd(stream);
    } else if (asked.plan.resets === 'midway') {
      this.#reset(asked);
    } else if (this.grants && asked.ungranted >= GRANT_BYTES) {
      this.grant(stream, asked.ungranted);
      asked.ungranted = 0;
    }
  }

  #takeEnd(streamId: number): void {
    const asked = this.#open.get(streamId);
    if (asked === undefined) return;
    asked.hasReceivedEnd = true;
    if (asked.plan.resets !== undefined && !asked.hasSentEnd) this.#reset(asked);
    else this.#closeWhereDone(asked);
  }
}

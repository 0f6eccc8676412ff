import assert from 'node:assert/strict';
import { HpackDecoder } from '../../../../src/protocol/http2/hpack/decoder.ts';
import {
  block,
  ERROR,
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
  uint32,
  windowUpdate,
} from '../../../support/http2-frames.ts';
import type { Random } from '../../../support/random.ts';
import { numberedBytes } from './numbered-bytes.ts';

const FIRST_WINDOW_BYTES = 65_535;
const MAX_FRAME_BYTES = 16_384;
const TABLE_BYTES = 4096;
/** It offers no more than this, so that windows are often used up. */
const LARGEST_WINDOW = 500_000;
/** Of an application. Others are for clients that do what they may not. */
const RESET_CODES: readonly number[] = [ERROR.none, ERROR.internal, ERROR.cancel];
const NO_LIMIT = 1_000_000_000;

/** A request and its response, as the client sees them. */
export class ClientStream {
  readonly id: number;
  readonly bodyBytes: number;
  sentBytes = 0;
  hasSentEnd = false;
  sendWindow: number;
  /** What the server may send. */
  window: number;
  /** Of the response, by its head; -1: that has not come. */
  responseBytes = -1;
  receivedBytes = 0;
  hasReceivedEnd = false;
  resetBy: 'client' | 'server' | null = null;

  constructor(id: number, bodyBytes: number, sendWindow: number, window: number) {
    this.id = id;
    this.bodyBytes = bodyBytes;
    this.sendWindow = sendWindow;
    this.window = window;
  }

  get isOver(): boolean {
    return this.resetBy !== null || (this.hasSentEnd && this.hasReceivedEnd);
  }
}

/** A client that does what it may, at random, and does not put up with anything that the server may not. */
export class StrictClient {
  readonly streams = new Map<number, ClientStream>();
  /** What it has sent, and nobody has read. */
  pending: Buffer = Buffer.concat([Buffer.from(PREFACE), settings()]);
  readonly #random: Random;
  readonly #decoder = new HpackDecoder(TABLE_BYTES);
  #rest: Buffer = Buffer.alloc(0);
  #lastId = -1;
  #maxStreams = 0;
  // What it may send.
  #sendWindow = FIRST_WINDOW_BYTES;
  #sendInitial = FIRST_WINDOW_BYTES;
  // What the server may send: it goes by SETTINGS from when it acknowledges them.
  #window = FIRST_WINDOW_BYTES;
  #initial = FIRST_WINDOW_BYTES;
  readonly #unacknowledged: number[] = [FIRST_WINDOW_BYTES];
  readonly #pings: string[] = [];
  /** The beginning of a head that is not whole. */
  #head: { readonly id: number; readonly flags: number; readonly parts: Buffer[] } | null = null;

  constructor(random: Random) {
    this.#random = random;
  }

  get open(): ClientStream[] {
    return [...this.streams.values()].filter(({ isOver }) => !isOver);
  }

  get isAnswered(): boolean {
    return this.#unacknowledged.length === 0 && this.#pings.length === 0 && this.#head === null;
  }

  #send(...frames: readonly Buffer[]): void {
    this.pending = Buffer.concat([this.pending, ...frames]);
  }

  // --- what it does ---

  act(): void {
    const random = this.#random;
    const stream = this.open.length > 0 ? random.of(this.open) : null;
    const what = random.weighted({
      request: 4,
      data: 6,
      grant: 4,
      grantAll: 4,
      settings: 1,
      ping: 0.5,
      reset: 0.4,
      other: 0.5,
    });
    switch (what) {
      case 'request':
        if (this.open.length < this.#maxStreams) this.#request();
        break;
      case 'data':
        if (stream !== null) this.sendData(stream);
        break;
      case 'grant':
        if (stream !== null) this.grant(stream, random.of([1, 100, 5000, 70_000]));
        break;
      case 'grantAll':
        this.grantAll(random.of([1, 100, 20_000, 200_000]));
        break;
      case 'settings':
        this.#settings();
        break;
      case 'ping':
        this.#pings.push(String(random.between(10_000_000, 99_999_999)));
        this.#send(frame(FRAME.ping, 0, 0, Buffer.from(this.#pings.at(-1) as string)));
        break;
      case 'reset':
        if (stream === null) break;
        stream.resetBy = 'client';
        this.#send(rstStream(stream.id, 8));
        break;
      case 'other':
        this.#send(random.chance(0.5) ? frame(0x20, 255, this.#lastId + 8) : priority(this.#lastId + 8));
    }
  }

  #request(): void {
    const random = this.#random;
    this.#lastId += 2 * random.of([1, 1, 1, 2, 700]);
    const id = this.#lastId;
    const bodyBytes = random.chance(0.5) ? 0 : random.below(random.of([10, 3000, 150_000]));
    const stream = new ClientStream(id, bodyBytes, this.#sendInitial, this.#initial);
    this.streams.set(id, stream);
    stream.hasSentEnd = bodyBytes === 0 && random.chance(0.8);
    const fields: [string, string][] = [
      [':method', 'POST'],
      [':path', `/${id}`],
      ['x-body', `${bodyBytes}`],
    ];
    if (random.chance(0.5)) fields.push(['content-length', `${bodyBytes}`]);
    if (random.chance(0.1)) fields.push(['x-large', 'x'.repeat(random.below(4000))]);
    this.#writeHead(id, block(fields), stream.hasSentEnd);
  }

  /** Whole or in parts, with padding and priority or without. */
  #writeHead(id: number, content: Buffer, isEnd: boolean): void {
    const random = this.#random;
    const end = isEnd ? FLAG.endStream : 0;
    const how = random.weighted({ whole: 6, parts: 2, padded: 2 });
    if (how === 'parts') {
      const cut = random.below(content.length + 1);
      const again = random.between(cut, content.length);
      this.#send(
        frame(FRAME.headers, end, id, content.subarray(0, cut)),
        frame(FRAME.continuation, 0, id, content.subarray(cut, again)),
        frame(FRAME.continuation, FLAG.endHeaders, id, content.subarray(again)),
      );
    } else if (how === 'padded') {
      const payload = padded(Buffer.concat([uint32(0), Buffer.of(1), content]), random.below(256));
      this.#send(frame(FRAME.headers, end | FLAG.endHeaders | FLAG.padded | FLAG.priority, id, payload));
    } else {
      this.#send(frame(FRAME.headers, end | FLAG.endHeaders, id, content));
    }
  }

  /** Something of what is left of a body, if it may. */
  sendData(stream: ClientStream): void {
    const random = this.#random;
    if (stream.hasSentEnd) return;
    const rest = stream.bodyBytes - stream.sentBytes;
    const isPadded = random.chance(0.2);
    const padding = isPadded ? random.below(256) : 0;
    const framing = isPadded ? padding + 1 : 0;
    const most = Math.min(MAX_FRAME_BYTES, this.#sendWindow, stream.sendWindow) - framing;
    if (most < 0 || (most === 0 && rest > 0)) return;
    const length = Math.min(rest, random.chance(0.5) ? most : random.between(1, Math.max(1, most)));
    const isLast = length === rest;
    const content = numberedBytes(stream.id, stream.sentBytes, length);
    const withTrailers = isLast && random.chance(0.1);
    stream.hasSentEnd = isLast && (withTrailers || random.chance(0.7));
    stream.sentBytes += length;
    stream.sendWindow -= length + framing;
    this.#sendWindow -= length + framing;
    const flags = (stream.hasSentEnd && !withTrailers ? FLAG.endStream : 0) | (isPadded ? FLAG.padded : 0);
    this.#send(frame(FRAME.data, flags, stream.id, isPadded ? padded(content, padding) : content));
    if (withTrailers) this.#writeHead(stream.id, block([['x-checksum', '1']]), true);
  }

  grant(stream: ClientStream, bytes: number): void {
    if (stream.window + bytes > LARGEST_WINDOW) return;
    stream.window += bytes;
    this.#send(windowUpdate(stream.id, bytes));
  }

  grantAll(bytes: number): void {
    if (this.#window + bytes > LARGEST_WINDOW) return;
    this.#window += bytes;
    this.#send(windowUpdate(0, bytes));
  }

  #settings(): void {
    const random = this.#random;
    const window = random.of([0, 1, 1000, 40_000, FIRST_WINDOW_BYTES, 200_000]);
    const entries: [number, number][] = [[SETTING.window, window]];
    if (random.chance(0.5)) entries.push([SETTING.tableSize, random.of([0, 50, 500, 4096, 100_000])]);
    this.#unacknowledged.push(window);
    this.#send(settings(...entries));
  }

  // --- what it is sent ---

  receive(bytes: Buffer): void {
    const { frames, rest } = framesIn(Buffer.concat([this.#rest, bytes]));
    this.#rest = rest;
    for (const frame of frames) this.#take(frame);
  }

  #take(frame: Frame): void {
    const { type, flags, stream: id, payload } = frame;
    assert.ok(payload.length <= MAX_FRAME_BYTES, 'a frame is larger than it may be');
    if (this.#head !== null) assert.equal(type, FRAME.continuation, 'a head was interrupted');
    switch (type) {
      case FRAME.settings:
        this.#takeSettings(flags, payload);
        break;
      case FRAME.ping:
        assert.deepEqual([flags, String(payload)], [FLAG.ack, this.#pings.shift()]);
        break;
      case FRAME.headers:
        this.#head = { id, flags, parts: [payload] };
        this.#takeHead(flags);
        break;
      case FRAME.continuation:
        assert.equal(this.#head?.id, id, 'CONTINUATION of another stream');
        this.#head?.parts.push(payload);
        this.#takeHead(flags);
        break;
      case FRAME.data:
        this.#takeData(id, flags, payload);
        break;
      case FRAME.windowUpdate:
        this.#takeWindow(id, payload.readUInt32BE());
        break;
      case FRAME.rstStream:
        this.#takeReset(id, payload.readUInt32BE());
        break;
      default:
        assert.fail(`a frame of type ${type}: ${payload.toString('latin1')}`);
    }
  }

  #takeSettings(flags: number, payload: Buffer): void {
    if (flags === FLAG.ack) {
      const window = this.#unacknowledged.shift();
      assert.ok(window !== undefined, 'SETTINGS were acknowledged that were never sent');
      for (const stream of this.streams.values()) stream.window += window - this.#initial;
      this.#initial = window;
      return;
    }
    for (let at = 0; at < payload.length; at += 6) {
      const value = payload.readUInt32BE(at + 2);
      if (payload.readUInt16BE(at) === SETTING.maxStreams) this.#maxStreams = value;
      if (payload.readUInt16BE(at) !== SETTING.window) continue;
      for (const stream of this.streams.values()) stream.sendWindow += value - this.#sendInitial;
      this.#sendInitial = value;
    }
    this.#send(frame(FRAME.settings, FLAG.ack, 0));
  }

  #takeHead(flags: number): void {
    const head = this.#head;
    if (head === null || (flags & FLAG.endHeaders) === 0) return;
    this.#head = null;
    const bytes = Buffer.concat(head.parts);
    const fields = this.#decoder.decode(bytes, 0, bytes.length, NO_LIMIT);
    assert.ok(Array.isArray(fields), 'a head cannot be decoded');
    const stream = this.#receiving(head.id);
    if (stream === null) return;
    assert.equal(stream.responseBytes, -1, 'a second head');
    const field = (name: string) => fields[fields.indexOf(name) + 1];
    assert.equal(field('x-stream'), `${stream.id}`);
    stream.responseBytes = Number(field('x-response'));
    if ((head.flags & FLAG.endStream) !== 0) this.#takeEnd(stream);
  }

  #takeData(id: number, flags: number, payload: Buffer): void {
    this.#window -= payload.length;
    assert.ok(this.#window >= 0 || payload.length === 0, 'more than the window of the connection allows');
    const stream = this.#receiving(id);
    if (stream === null) return;
    assert.ok(stream.responseBytes >= 0, 'data without a head');
    stream.window -= payload.length;
    assert.ok(stream.window >= 0 || payload.length === 0, 'more than the window of a stream allows');
    const expected = numberedBytes(id, stream.receivedBytes, payload.length);
    assert.ok(payload.equals(expected), 'data is not as it was sent');
    stream.receivedBytes += payload.length;
    if ((flags & FLAG.endStream) !== 0) this.#takeEnd(stream);
  }

  #takeEnd(stream: ClientStream): void {
    assert.equal(stream.receivedBytes, stream.responseBytes, 'a response is not whole');
    stream.hasReceivedEnd = true;
  }

  /** Null: it was given up, which the server may not have known. */
  #receiving(id: number): ClientStream | null {
    const stream = this.streams.get(id);
    assert.ok(stream !== undefined, `a frame for stream ${id}, which there is not`);
    assert.ok(!stream.hasReceivedEnd, 'a stream goes on after its end');
    assert.notEqual(stream.resetBy, 'server', 'a stream goes on after it was reset');
    return stream.resetBy === null ? stream : null;
  }

  #takeWindow(id: number, bytes: number): void {
    assert.ok(bytes > 0, 'a grant of nothing');
    if (id === 0) {
      this.#sendWindow += bytes;
      assert.ok(this.#sendWindow <= 2 ** 31 - 1);
      return;
    }
    const stream = this.streams.get(id);
    assert.ok(stream !== undefined, `a grant for stream ${id}, which there is not`);
    assert.notEqual(stream.resetBy, 'server', 'a grant for a stream that was reset');
    stream.sendWindow += bytes;
  }

  #takeReset(id: number, code: number): void {
    const stream = this.streams.get(id);
    assert.ok(stream !== undefined, `a reset of stream ${id}, which there is not`);
    assert.notEqual(stream.resetBy, 'server', 'a second reset');
    assert.ok(RESET_CODES.includes(code), `a reset by ${code}, without a reason`);
    stream.resetBy ??= 'server';
  }

  // --- its end ---

  /** Whatever was begun goes on as fast as can be. */
  finish(): void {
    this.grantAll(Math.max(1, LARGEST_WINDOW - this.#window));
    for (const stream of this.open) {
      this.grant(stream, Math.max(1, LARGEST_WINDOW - stream.window));
      this.sendData(stream);
    }
  }
}

function priority(id: number): Buffer {
  return frame(FRAME.priority, 0, id, Buffer.concat([uint32(0), Buffer.of(1)]));
}

import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ByteStream, ByteTaker } from '../base/byte-stream.ts';
import { Timed } from '../base/deadlines.ts';
import { writeCorked, writeText, writeTogether } from '../base/direct-write.ts';
import { type ChunkTaker, SocketReader } from '../base/socket-reader.ts';
import type { ReceivedHead } from '../protocol/http1/received-head.ts';
import { CHUNKED } from '../protocol/http1/request-head.ts';
import { type ResponseLimits, ResponseParser } from '../protocol/http1/response-parser.ts';
import { reasonOf } from './failure-reason.ts';
import type { UpstreamRequest, UpstreamTimeouts } from './request.ts';
import type { EndpointAddress } from './upstream.ts';

/** Bodies up to this size are handed over whole, to be joined with their head and written at once. */
const MAX_WHOLE_BYTES = 16384;
/** Shorter ones are cheaper as text; of others each copy counts. */
const MIN_LENT_BYTES = 1024;

/** Pieces of a body that may wait until its upstream reads: each costs hundreds of bytes, and a client may send single ones. */
const MOST_WAITING_PIECES = 256;

/** Where a connection goes when it is not in use. */
export interface ConnectionHome {
  /** It can take the next request. */
  release(connection: UpstreamConnection, nowMs: number): void;
  /** It is gone. */
  forget(connection: UpstreamConnection): void;
}

/** Makes the TLS of a connection that is there. */
export type Secure = (socket: Socket) => TLSSocket;

const inSeconds = ({ durationMs }: { readonly durationMs: number }): string => `${durationMs / 1000} s`;

/** One connection to one server of an upstream: one request at a time. */
export class UpstreamConnection extends Timed implements ChunkTaker, ByteStream {
  readonly #home: ConnectionHome;
  readonly #parser: ResponseParser;
  #socket: Socket;
  readonly #isPlain: boolean;
  #request: UpstreamRequest | null = null;
  #isConnected = false;
  /** Requests that it has answered. */
  #served = 0;
  /** The whole request has been handed to the socket. */
  #isSent = false;
  /** Handed to the socket since it had none, at most. */
  #waitingPieces = 0;
  #isPaused = false;
  #isClosed = false;
  /** A short response whose body has not come whole. */
  #held: ReceivedHead | null = null;
  #isInBody = false;
  #keepAlive = false;
  /** After an upgrade. */
  #taker: ByteTaker | null = null;
  #silence: UpstreamTimeouts['silence'] | null = null;

  constructor(address: EndpointAddress, limits: ResponseLimits, secure: Secure | null, home: ConnectionHome) {
    super();
    this.#home = home;
    this.#parser = new ResponseParser(limits);
    // What TLS reads goes through buffers of its own.
    const reader = secure === null ? new SocketReader(null) : null;
    const socket = reader?.socket ?? new Socket({ allowHalfOpen: true });
    this.#socket = socket;
    this.#isPlain = secure === null;
    if (reader !== null) reader.taker = this;
    socket.setNoDelay(true);
    if (address.kind === 'unix') socket.connect({ path: address.path });
    else socket.connect({ host: address.host, port: address.port });
    if (secure === null) {
      socket.once('connect', () => this.#onConnected());
    } else {
      const secured = secure(socket);
      socket.on('error', (error) => secured.destroy(error));
      secured.once('secureConnect', () => this.#onConnected());
      secured.on('data', (chunk: Buffer) => this.takeChunk(chunk));
      this.#socket = secured;
    }
    this.#socket.on('end', () => this.#onEnd());
    this.#socket.on('error', (error) => this.#fail('error', reasonOf(error)));
    this.#socket.on('close', () => this.#fail('error', 'connection closed'));
    this.#socket.on('drain', () => this.#onDrain());
  }

  // --- the request ---

  /** Sends a head, latin-1, and what there is of a body. `isEnd`: that is the whole request. */
  send(request: UpstreamRequest, head: string, body: readonly Buffer[], isEnd: boolean, nowMs: number): void {
    this.#request = request;
    this.#parser.expect(request.method);
    this.#isSent = isEnd;
    const { connect, firstByte } = request.timeouts;
    (this.#isConnected ? firstByte : connect).add(this, nowMs);
    // Of a body that is yet to come it is the client who is waited for.
    if (this.#isConnected && !isEnd) this.#noteProgress();
    const [first] = body;
    if (!this.#isPlain || body.length > 1) writeCorked(this.#socket, head, body);
    else if (first === undefined) writeText(this.#socket, head);
    else writeTogether(this.#socket, head, first);
  }

  /** More of the request's body. False: it takes no more until `drained` is called. */
  sendMore(...parts: readonly Buffer[]): boolean {
    if (this.#isClosed) return true;
    const socket = this.#socket;
    if (socket.writableLength === 0) this.#waitingPieces = 0;
    this.#waitingPieces += parts.length;
    const areTooMany = this.#waitingPieces > MOST_WAITING_PIECES;
    const last = parts.length - 1;
    if (last > 0) socket.cork();
    for (let index = 0; index < last; index++) socket.write(parts[index] as Buffer);
    socket.write(parts[last] as Buffer, areTooMany ? this.#taken : undefined);
    if (last > 0) socket.uncork();
    this.#noteProgress();
    return !areTooMany && !socket.writableNeedDrain;
  }

  /** Else it drains, which tells of all. */
  readonly #taken = (): void => {
    if (!this.#socket.writableNeedDrain) this.#onDrain();
  };

  /** The request is complete. */
  endSending(): void {
    this.#isSent = true;
    this.#noteProgress();
  }

  /** It can be written to. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Nobody waits for the response any more. */
  abandon(): void {
    this.#request = null;
    this.destroy();
  }

  #onConnected(): void {
    this.#isConnected = true;
    this.#noteProgress();
    if (!this.#isSent) this.#request?.drained();
  }

  #onDrain(): void {
    this.#noteProgress();
    if (this.#taker !== null) this.#taker.drained();
    else if (!this.#isSent) this.#request?.drained();
  }

  /** Something goes on: whoever is silent from now on has the whole time. */
  #noteProgress(): void {
    if (this.#isPaused || !this.#isConnected) return;
    const request = this.#request;
    const now = performance.now();
    if (request === null) {
      if (this.#taker !== null) this.#silence?.add(this, now);
      return;
    }
    const { firstByte, silence } = request.timeouts;
    if (this.#parser.hasBegun) silence.add(this, now);
    else if (this.#isSent) firstByte.add(this, now);
    else if (this.#socket.writableLength > 0) silence.add(this, now);
    else this.deadlineList?.remove(this);
  }

  // --- the response ---

  get isReadingBody(): boolean {
    return this.#isInBody;
  }

  takeLentChunk(chunk: Buffer): void {
    // What has been held back of a body is handed on as it is.
    if (this.#isInBody) {
      this.takeChunk(Buffer.from(chunk));
      return;
    }
    this.#read(chunk, true);
    this.#parser.detach();
  }

  takeChunk(chunk: Buffer): void {
    this.#read(chunk, false);
  }

  #read(chunk: Buffer, isLent: boolean): void {
    if (this.#isClosed) return;
    if (this.#taker !== null) {
      this.#noteProgress();
      this.#taker.take(chunk);
      return;
    }
    if (this.#request === null) {
      // Nobody has asked: it cannot be the answer to what comes next.
      this.destroy();
      return;
    }
    this.#parser.push(chunk);
    this.#advance(isLent);
  }

  #advance(isLent: boolean): void {
    const held = this.#held;
    if (held !== null) {
      if (this.#parser.bufferedBytes >= held.bodyLength) this.#finishWhole(held);
      else this.#noteProgress();
      return;
    }
    for (let request = this.#request; request !== null; request = this.#request) {
      const event = this.#parser.next();
      if (event === null) {
        this.#noteProgress();
        return;
      }
      switch (event.type) {
        case 'head':
          if (this.#takeHead(event.head, request)) return;
          break;
        case 'body':
          // What lies in memory that is lent comes only once in a response.
          request.piece(isLent ? Buffer.from(event.data) : event.data);
          break;
        case 'end':
          this.#finish(performance.now());
          request.end();
          return;
        case 'error':
          this.#fail('error', event.error.message);
          return;
      }
    }
  }

  /** Whether nothing of what has come is left to be looked at. */
  #takeHead(head: ReceivedHead, request: UpstreamRequest): boolean {
    const { bodyLength } = head;
    if (head.status < 200) {
      if (head.status !== 101) return false;
      this.#switch(head, request);
      return true;
    }
    this.#keepAlive = head.keepAlive;
    if (bodyLength === 0) {
      const now = performance.now();
      this.#finish(now);
      request.whole(head, '', now);
      return true;
    }
    if (bodyLength > 0 && bodyLength <= MAX_WHOLE_BYTES) {
      if (bodyLength <= this.#parser.bufferedBytes) {
        this.#finishWhole(head);
        return true;
      }
      if (request.waitsForShortBodies) {
        this.#held = head;
        this.#noteProgress();
        return true;
      }
    }
    this.#isInBody = true;
    if (bodyLength === CHUNKED) return this.#takeChunks(head, request);
    request.begin(head);
    return false;
  }

  /** What has come of a chunked body: a short one is mostly here as a whole. */
  #takeChunks(head: ReceivedHead, request: UpstreamRequest): boolean {
    const pieces: Buffer[] = [];
    let bytes = 0;
    let event = this.#parser.next();
    for (; event?.type === 'body' && bytes <= MAX_WHOLE_BYTES; event = this.#parser.next()) {
      // The memory may be lent.
      pieces.push(Buffer.from(event.data));
      bytes += event.data.length;
    }
    if (event?.type === 'end') {
      const now = performance.now();
      this.#finish(now);
      request.whole(head, Buffer.concat(pieces).toString('latin1'), now);
      return true;
    }
    request.begin(head);
    for (const piece of pieces) request.piece(piece);
    if (event?.type === 'body') request.piece(Buffer.from(event.data));
    if (event?.type !== 'error') return false;
    this.#fail('error', event.error.message);
    return true;
  }

  #finishWhole(head: ReceivedHead): void {
    const request = this.#request;
    const isShort = head.bodyLength < MIN_LENT_BYTES;
    const body = isShort ? this.#parser.takeBodyText() : this.#parser.takeBody();
    this.#held = null;
    const now = performance.now();
    this.#finish(now);
    request?.whole(head, body, now);
  }

  /** The response is complete. */
  #finish(nowMs: number): void {
    this.#request = null;
    this.#isInBody = false;
    this.#served += 1;
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#socket.resume();
    }
    // A request that is not sent whole, and bytes that belong to no response, would be taken for what they are not.
    const isClean = this.#keepAlive && this.#isSent && this.#parser.isClean;
    if (isClean && this.#socket.writableLength === 0 && !this.#isClosed) this.#home.release(this, nowMs);
    else this.destroy();
  }

  pause(): void {
    if (this.#isPaused || this.#isClosed) return;
    this.#isPaused = true;
    // It is not the upstream who is waited for.
    this.deadlineList?.remove(this);
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused || this.#isClosed) return;
    this.#isPaused = false;
    this.#noteProgress();
    this.#socket.resume();
  }

  #onEnd(): void {
    if (this.#taker !== null) {
      this.#taker.ended();
      return;
    }
    const request = this.#request;
    if (request === null || !this.#isInBody) {
      this.#fail('error', 'connection closed before the response was complete');
      return;
    }
    const event = this.#parser.end();
    if (event.type === 'error') {
      this.#fail('error', event.error.message);
    } else {
      this.#keepAlive = false;
      this.#finish(performance.now());
      request.end();
    }
  }

  // --- its end ---

  expire(): void {
    const request = this.#request;
    if (request === null) {
      this.#fail('timeout', 'silent');
      return;
    }
    const { connect, firstByte, silence } = request.timeouts;
    if (!this.#isConnected) this.#fail('timeout', `not connected within ${inSeconds(connect)}`);
    else if (!this.#isSent && !this.#parser.hasBegun)
      this.#fail('timeout', `it took nothing of the request for ${inSeconds(silence)}`);
    else if (!this.#parser.hasBegun) this.#fail('timeout', `no response within ${inSeconds(firstByte)}`);
    else this.#fail('timeout', `silent for ${inSeconds(silence)} in the middle of the response`);
  }

  #fail(kind: 'error' | 'timeout', reason: string): void {
    const request = this.#request;
    const taker = this.#taker;
    const isUnsent = !this.#isConnected;
    const isStale = kind === 'error' && this.#served > 0 && !this.#parser.hasBegun;
    this.#request = null;
    this.#taker = null;
    this.destroy();
    request?.failed({ kind, reason, isUnsent, isStale });
    taker?.closed();
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.deadlineList?.remove(this);
    this.#home.forget(this);
    this.#socket.destroy();
  }

  // --- after an upgrade ---

  #switch(head: ReceivedHead, request: UpstreamRequest): void {
    if (!request.wantsUpgrade) {
      this.#fail('error', 'it changes the protocol (101), which nobody has asked for');
      return;
    }
    this.#request = null;
    this.#isInBody = true;
    this.#silence = request.timeouts.silence;
    this.#taker = request.switched(head, this, this.#parser.takeRest());
    if (this.#taker === null) this.destroy();
    else this.#noteProgress();
  }

  write(bytes: Buffer): boolean {
    return this.sendMore(bytes);
  }

  end(): void {
    this.#socket.end();
  }

  finish(): void {
    this.#taker = null;
    this.#isPaused = true;
    this.#socket.destroySoon();
  }
}

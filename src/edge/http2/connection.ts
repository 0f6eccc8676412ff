import type { Socket } from 'node:net';
import type { ChunkTaker } from '../../base/socket-reader.ts';
import type { Peer } from '../../handlers/exchange.ts';
import { refusalPage } from '../../handlers/refusal-page.ts';
import { HttpError } from '../../protocol/http1/errors.ts';
import { effectiveLimits } from '../../protocol/http1/limits.ts';
import { ERROR } from '../../protocol/http2/frames.ts';
import { SLAB_BYTES } from '../../protocol/http2/out-buffer.ts';
import { HeadReader } from '../../protocol/http2/request-head.ts';
import { Session, type SessionEvents } from '../../protocol/http2/session.ts';
import type { Stream } from '../../protocol/http2/stream.ts';
import type { Http2Limits } from '../../protocol/supervision/edge.ts';
import { ClientConnection, QUIET_MS } from '../client-connection.ts';
import type { ClientSpool } from '../client-spool.ts';
import { commonFields } from '../common-fields.ts';
import { borrowPiece } from '../piece-pool.ts';
import type { Server } from '../server.ts';
import { Discard } from './discard.ts';
import { Http2Exchange } from './exchange.ts';
import { OutputWriter } from './output-writer.ts';
import { Refusal } from './refusal.ts';

/** Requests that a client may give up, or get wrong, in this time, as in Gunicorn; somebody who clicks about gives up tens. A proxy has many clients. */
const MAX_WASTED = 200;
const WASTED_MS = 10_000;

/** "Unlimited". */
const MAX_HEAD_BYTES = 2 ** 24 - 1;

/** A client that takes nothing of what it is owed is not listened to. Data alone is never so much. */
const MAX_UNWRITTEN_BYTES = 262_144;

const SLABS = { borrow: () => borrowPiece(SLAB_BYTES) };

/** One client's HTTP/2 connection: each of its streams is an exchange. */
export class Http2Connection extends ClientConnection implements ChunkTaker, SessionEvents {
  readonly peer: Peer;
  readonly server: Server;
  readonly session: Session;
  /** Of all its streams. */
  readonly spool: ClientSpool;
  readonly #socket: Socket;
  readonly #carrier: Socket;
  readonly #heads: HeadReader;
  readonly #maxBodyBytes: number;
  readonly #writer: OutputWriter;
  /** When its client last took something. */
  takenMs = Number.NEGATIVE_INFINITY;
  #isReading = false;
  #isReadingPaused = false;
  /** While it was read. */
  #hasBecomeIdle = false;
  /** Since when no request is under way. */
  #idleSinceMs = performance.now();
  /** Until then requests are served that were sent before the client knew that the connection ends. */
  #leaving: NodeJS.Timeout | null = null;
  /** No further request is served. */
  #isClosing = false;
  /** Nothing is under way any more, and it ends when all that was written has been taken. */
  #isEnding = false;
  #wasted = 0;
  #wastedSinceMs = 0;
  /** Requests since then. */
  #asked = 0;

  /** Somebody hands it what the socket brings. */
  constructor(socket: Socket, carrier: Socket, peer: Peer, server: Server) {
    super();
    this.peer = peer;
    this.server = server;
    this.#socket = socket;
    this.#carrier = carrier;
    this.spool = server.newSpool();
    const limits = effectiveLimits(server.limits);
    this.#maxBodyBytes = limits.maxBodyBytes;
    this.#heads = new HeadReader(limits, server.leniency);
    this.session = new Session(sessionLimits(server.http2), SLABS, this);
    this.#writer = new OutputWriter(socket, this.session.sender.output, () => this.#noteTaken());
    // A client that closes its side can acknowledge nothing any more: it has left.
    socket.on('end', () => this.destroy());
    socket.on('error', () => {});
    carrier.on('close', () => {
      this.#isClosing = true;
      if (this.#leaving !== null) clearTimeout(this.#leaving);
      this.session.close();
      this.deadlineList?.remove(this);
      server.forget(this);
    });
    server.headDeadlines.add(this, performance.now());
    this.session.start();
  }

  // --- reading ---

  /** What is kept of a body is copied: most chunks hold heads, of many streams. */
  get isReadingBody(): boolean {
    return false;
  }

  takeChunk(chunk: Buffer): void {
    this.#read(chunk, false);
  }

  takeLentChunk(chunk: Buffer): void {
    this.#read(chunk, true);
  }

  #read(chunk: Buffer, isLent: boolean): void {
    this.#isReading = true;
    this.session.receive(chunk, isLent);
    this.#isReading = false;
    if (this.#hasBecomeIdle) this.#awaitRequest();
    this.#writer.write();
    if (this.session.sender.output.bytes > MAX_UNWRITTEN_BYTES) this.#pauseReading();
  }

  #pauseReading(): void {
    if (this.#isReadingPaused) return;
    this.#isReadingPaused = true;
    this.#socket.pause();
  }

  // --- writing ---

  outputBegun(): void {
    if (!this.#isReading) this.#writer.schedule();
  }

  /** The socket has got rid of something. */
  #noteTaken(): void {
    const { sender } = this.session;
    this.takenMs = performance.now();
    sender.pump();
    if (this.#isEnding) this.#endWhereWritten();
    if (!this.#isReadingPaused || sender.output.bytes > MAX_UNWRITTEN_BYTES) return;
    this.#isReadingPaused = false;
    this.#socket.resume();
  }

  // --- requests ---

  request(stream: Stream, fields: readonly string[] | null): void {
    this.deadlineList?.remove(this);
    this.#asked += 1;
    const head =
      fields === null ? new HttpError('head_too_large') : this.#heads.read(fields, stream.hasEnded);
    if (head instanceof HttpError) {
      this.#refuse(stream, head, fields !== null && isHead(fields));
    } else if ('malformed' in head) {
      this.server.noteRefused(head.malformed, this.peer);
      this.session.reset(stream, ERROR.protocol);
      this.countWaste();
    } else {
      stream.declaredBytes = head.bodyLength;
      const exchange = new Http2Exchange(this, stream, head, this.#maxBodyBytes);
      stream.taker = exchange;
      this.server.router.route(head).handle(exchange);
    }
  }

  /** A request that cannot be read. */
  #refuse(stream: Stream, error: HttpError, isHead: boolean): void {
    this.server.noteRefused(error, this.peer);
    const { head, body } = refusalPage(error.status, error.message, '', null);
    const { session } = this;
    session.sendHead(stream, head.status, head.text, commonFields(0, performance.now()), isHead);
    if (!isHead && !session.sender.sendAtOnce(stream, body)) {
      const refusal = new Refusal(this, stream);
      stream.taker = refusal;
      refusal.write(Buffer.from(body, 'latin1'));
      refusal.end();
    }
    this.countWaste();
  }

  answered(stream: Stream): void {
    const rest = new Discard(this, stream);
    stream.taker = rest;
    this.server.discardDeadlines.add(rest, performance.now());
    this.session.read(stream);
  }

  refused(): void {
    this.countWaste();
  }

  /**
   * A request that was given up, or that nobody can read. CVE-2023-44487: to ask and to leave at once costs a client nothing, and the
   * server each time the beginnings of an answer.
   */
  countWaste(): void {
    if (this.#isClosing) return;
    const now = performance.now();
    if (now - this.#wastedSinceMs > WASTED_MS) {
      this.#wastedSinceMs = now;
      this.#wasted = 0;
      this.#asked = 0;
    }
    this.#wasted += 1;
    if (this.#wasted <= MAX_WASTED || (this.peer.rules.isTrusted && 2 * this.#wasted <= this.#asked)) return;
    // What else is under way is wasted, too, and that is no news.
    this.#isClosing = true;
    this.server.noteRefused(new HttpError('too_many_wasted'), this.peer);
    this.session.fail(ERROR.enhanceYourCalm, 'too many requests were wasted');
  }

  /** For the access log. */
  noteFinished(exchange: Http2Exchange, nowMs: number): void {
    this.server.logAccess(exchange, exchange.peer, nowMs);
  }

  // --- the end ---

  idle(): void {
    // What has been read may hold another request.
    if (this.#isReading) this.#hasBecomeIdle = true;
    else this.#awaitRequest();
  }

  #awaitRequest(): void {
    this.#hasBecomeIdle = false;
    if (this.session.openStreams > 0) return;
    this.#idleSinceMs = performance.now();
    if (this.#isClosing) this.#endInOrder();
    else if (this.server.keepsAlive) this.server.awaitRequest(this, this.#idleSinceMs);
    else if (this.#leaving === null) this.closeIdle();
  }

  failed(reason: string): void {
    // Of requests that are wasted it has been told already.
    if (!this.#isClosing) this.server.noteFailedHttp2(reason, this.peer);
    this.#end();
  }

  /** The end of a response may still be on its way to a client that is slow: it has the time for that which it has for all of it. */
  #endInOrder(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#writer.write();
    this.#endWhereWritten();
  }

  #endWhereWritten(): void {
    if (this.session.sender.output.bytes === 0) this.#end();
    else this.server.sendDeadlines.add(this, performance.now());
  }

  expireSending(): void {
    this.destroy();
  }

  /** What was written is still sent; what the client still sends is thrown away for a while, see Connection. */
  #end(): void {
    this.#isEnding = false;
    this.#isClosing = true;
    this.session.close();
    this.#writer.writeAll();
    this.#socket.end();
    this.server.lingerDeadlines.add(this, performance.now());
  }

  override expireReading(): void {
    this.closeIdle();
  }

  /**
   * GOAWAY: it says which requests were taken, and those are answered. What the client has sent beyond was not looked at, and it may
   * send that again elsewhere (RFC 9113 6.8).
   */
  override closeIdle(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.deadlineList?.remove(this);
    this.session.drain();
    if (this.session.openStreams === 0) this.#endInOrder();
  }

  /** Not every client sends again what was not looked at: they are told first. */
  override drain(nowMs: number): void {
    if (this.#isClosing || this.#leaving !== null) return;
    if (this.session.openStreams === 0 && nowMs - this.#idleSinceMs >= QUIET_MS) {
      this.closeIdle();
      return;
    }
    this.deadlineList?.remove(this);
    this.session.announceDrain();
    this.#leaving = setTimeout(() => this.closeIdle(), QUIET_MS);
  }

  override destroy(): void {
    this.#socket.destroy();
    this.#carrier.destroy();
  }
}

function isHead(fields: readonly string[]): boolean {
  return fields[fields.indexOf(':method') + 1] === 'HEAD';
}

function sessionLimits({ maxHeaderListBytes, ...limits }: Http2Limits) {
  return { ...limits, maxHeadBytes: Math.min(maxHeaderListBytes || MAX_HEAD_BYTES, MAX_HEAD_BYTES) };
}

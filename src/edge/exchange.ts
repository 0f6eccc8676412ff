import type { ByteStream, ByteTaker } from '../base/byte-stream.ts';
import type { BodyFlow, BodyTaker, FileBody, Peer, RequestBody } from '../handlers/exchange.ts';
import type { RequestHead } from '../protocol/http1/request-head.ts';
import {
  type BodyFraming,
  chunkStart,
  earlyHints,
  framingFor,
  isBodiless,
  LAST_CHUNK,
  type ResponseContext,
  sizedHead,
  statusOf,
  streamedHead,
} from '../protocol/http1/response-writer.ts';
import { RESPONSE_FLAG } from '../protocol/lane/frames.ts';
import { BodyCollector } from './body-collector.ts';
import { ClientExchange } from './client-exchange.ts';
import { commonFields } from './common-fields.ts';
import type { Connection } from './connection.ts';

const CRLF = Buffer.from('\r\n');
const NO_BODY: RequestBody = { kind: 'none' };
const NO_FLOW: BodyFlow = { pause: () => {}, resume: () => {} };

interface BodyLimit {
  /** That may still come. */
  missingBytes: number;
  readonly exceeded: () => void;
}

/** One request on an HTTP/1 connection, and its response. */
export class Http1Exchange extends ClientExchange {
  readonly #connection: Connection;
  /** The whole request has been read. */
  isRead: boolean;
  #whenCollected: ((body: RequestBody) => void) | null = null;
  #bodyLimit: BodyLimit | null = null;
  #isAnswering = false;
  /** What came of the body before it was asked for. */
  #held: Buffer[] | null = null;
  #framing: BodyFraming = 'sized';
  #keepAlive = false;

  constructor(connection: Connection, head: RequestHead, receivedMs: number) {
    super(head, receivedMs);
    this.#connection = connection;
    this.isRead = head.bodyLength === 0;
  }

  protected get log() {
    return this.#connection.log;
  }

  protected get connectionPeer(): Peer {
    return this.#connection.peer;
  }

  /** Waits for a worker: nothing of it has been started. */
  get isQueued(): boolean {
    return this.producer?.isWaiting ?? false;
  }

  /** Somebody waits for more of the request's body. */
  get wantsBody(): boolean {
    return !this.isRead && (this.collector !== null || this.taker !== null);
  }

  get status(): number {
    return this.responseHead === '' ? 0 : statusOf(this.responseHead);
  }

  // --- the request's body ---

  limitBody(maxBytes: number, exceeded: () => void): void {
    const heldBytes = this.#held?.reduce((sum, { length }) => sum + length, 0) ?? 0;
    this.#bodyLimit = { missingBytes: maxBytes - heldBytes, exceeded };
  }

  collectBody(done: (body: RequestBody) => void): void {
    const held = this.#held;
    if (this.collected !== null || (this.isRead && held === null)) {
      done(this.collected ?? NO_BODY);
      return;
    }
    if (this.taker !== null) {
      // It went where it is no more to be had from.
      done(NO_BODY);
      return;
    }
    const connection = this.#connection;
    this.#whenCollected = done;
    this.collector = new BodyCollector(connection.bodyLimits, {
      pause: () => connection.pauseReading(),
      resume: () => connection.resumeReading(),
      failed: (error) => this.failCollecting(error),
    });
    if (held !== null) {
      if (this.#bodyLimit !== null && this.#isBeyond(this.#bodyLimit, 0)) return;
      this.#held = null;
      for (const data of held) this.collector.add(data);
      connection.resumeReading();
      if (this.isRead) this.takeEnd();
    } else {
      if (this.head.expectsContinue) connection.sayContinue();
      connection.startBody();
    }
  }

  streamBody(taker: BodyTaker): BodyFlow | null {
    if (this.isRead || this.collector !== null || this.taker !== null) return null;
    const connection = this.#connection;
    const held = this.#held;
    this.taker = taker;
    if (held !== null) {
      if (this.#bodyLimit !== null && this.#isBeyond(this.#bodyLimit, 0)) return NO_FLOW;
      this.#held = null;
      connection.resumeReading();
      for (const data of held) taker.takeBody(data);
    } else {
      if (this.head.expectsContinue) connection.sayContinue();
      connection.startBody();
    }
    return { pause: () => connection.pauseReading(), resume: () => connection.resumeReading() };
  }

  /** More of the body, from the connection. */
  takeBody(data: Buffer): void {
    if (this.#bodyLimit !== null && this.#isBeyond(this.#bodyLimit, data.length)) return;
    if (this.taker !== null) {
      if (!this.isOver) this.taker.takeBody(data);
    } else if (this.collector !== null) {
      this.collector.add(data);
    } else if (!this.isOver && !this.#isAnswering) {
      // Whoever answers has not made up his mind: the client waits, too.
      this.#held ??= [];
      this.#held.push(data);
      this.#connection.pauseReading();
    }
  }

  #isBeyond(limit: BodyLimit, bytes: number): boolean {
    limit.missingBytes -= bytes;
    if (limit.missingBytes >= 0) return false;
    this.#bodyLimit = null;
    this.#whenCollected = null;
    this.collector?.discard();
    this.collector = null;
    this.#beginAnswer();
    const { producer } = this;
    limit.exceeded();
    if (this.taker !== null) producer?.cancel();
    return true;
  }

  /** Nobody will ask for the body: the client must be rid of it, since some read nothing before. */
  #beginAnswer(): void {
    this.#isAnswering = true;
    if (this.#held === null) return;
    this.#held = null;
    this.#connection.resumeReading();
  }

  /** The body is complete. */
  takeEnd(): void {
    this.isRead = true;
    if (this.taker !== null) {
      if (!this.isOver) this.taker.endBody();
      return;
    }
    const done = this.#whenCollected;
    if (done === null || this.collector === null) return;
    this.#whenCollected = null;
    this.collector.finish((body) => {
      this.collected = body;
      if (!this.isOver) done(body);
    });
  }

  // --- the response ---

  protected override writeHints(fields: string): void {
    // RFC 9110 15.2: not to a client of HTTP/1.0.
    if (this.head.minor === 1) this.#connection.writeText(earlyHints(fields));
  }

  respond(head: string, flags: number, body: string | Buffer): void {
    this.#respond(head, flags, body, false);
  }

  override respondLent(head: string, flags: number, body: Buffer): void {
    this.#respond(head, flags, body, true);
  }

  #respond(head: string, flags: number, body: string | Buffer, isLent: boolean): void {
    if (this.isOver) return;
    const now = performance.now();
    const context = this.#context(flags, now);
    const text = sizedHead(head, flags, body.length, context);
    const sendsBody = body.length > 0 && !context.isHead && !isBodiless(statusOf(head));
    this.responseHead = head;
    this.bodyBytes = sendsBody ? body.length : 0;
    if (!sendsBody) this.#connection.writeText(text);
    else if (typeof body === 'string') this.#connection.writeText(text + body);
    else if (isLent) this.#connection.writeLent(text, body);
    else this.#connection.writeTogether(text, body);
    this.#finish(context.keepAlive, now);
  }

  begin(head: string, flags: number, body: Buffer, isEnd: boolean): void {
    if (this.isOver) return;
    this.#beginAnswer();
    const context = this.#context(flags, performance.now());
    const status = statusOf(head);
    this.responseHead = head;
    this.#framing = isEnd ? 'sized' : framingFor(flags, context, status);
    this.#keepAlive = context.keepAlive && this.#framing !== 'until-close';
    const finalContext = { ...context, keepAlive: this.#keepAlive };
    const text = isEnd
      ? sizedHead(head, flags, body.length, finalContext)
      : streamedHead(head, this.#framing, finalContext);
    this.outgoing = this.#connection.outgoing(this.producer, this.spools, (error) => this.failKeeping(error));
    this.#writeParts(Buffer.from(text, 'latin1'), body, isEnd);
  }

  write(body: Buffer, isEnd: boolean): void {
    this.#writeParts(null, body, isEnd);
  }

  #writeParts(head: Buffer | null, body: Buffer, isEnd: boolean): void {
    const outgoing = this.outgoing;
    if (this.isOver || outgoing === null) return;
    const parts = head === null ? [] : [head];
    const isChunked = this.#framing === 'chunked';
    if (body.length > 0 && !this.#isBodiless()) {
      this.bodyBytes += body.length;
      if (isChunked) parts.push(Buffer.from(chunkStart(body.length), 'latin1'), body, CRLF);
      else parts.push(body);
    }
    if (isEnd && isChunked) parts.push(Buffer.from(LAST_CHUNK, 'latin1'));
    if (parts.length > 0) outgoing.write(...parts);
    if (isEnd) outgoing.end(() => this.#finish(this.#keepAlive, performance.now()));
  }

  respondFile(head: string, flags: number, body: FileBody): void {
    if (this.isOver) {
      body.opened?.();
      return;
    }
    this.#beginAnswer();
    const context = this.#context(flags, performance.now());
    this.#connection.limitSending();
    const sendHead = () => {
      this.responseHead = head;
      this.#connection.writeText(sizedHead(head, flags, body.length, context));
      return !context.isHead;
    };
    this.sendFile(this.#connection.socket, body, sendHead, () =>
      this.#finish(context.keepAlive, performance.now()),
    );
  }

  switchProtocols(head: string, begun: (client: ByteStream) => ByteTaker): boolean {
    if (this.isOver || !this.isRead || this.head.minor === 0) return false;
    this.responseHead = head;
    const connection = this.#connection;
    connection.writeText(`HTTP/1.1 ${head}${commonFields(0, performance.now())}Connection: Upgrade\r\n\r\n`);
    connection.tunnel(begun, (bytes) => {
      this.bodyBytes += bytes;
    });
    return true;
  }

  protected override cut(): void {
    this.#connection.cut(this.#framing === 'until-close');
  }

  protected override noteFinished(): void {
    this.#connection.noteFinished(this, performance.now());
  }

  /** The client has closed its sending side while the response is made. */
  clientEnded(): void {
    this.producer?.clientEnded?.();
  }

  #isBodiless(): boolean {
    return this.head.method === 'HEAD' || isBodiless(this.status);
  }

  #context(flags: number, nowMs: number): ResponseContext {
    const head = this.head;
    return {
      minor: head.minor,
      isHead: head.method === 'HEAD',
      // An unread rest of the request would be taken for the next one.
      keepAlive:
        head.keepAlive && this.isRead && (flags & RESPONSE_FLAG.close) === 0 && this.#connection.canBeKept,
      commonFields: commonFields(flags, nowMs),
    };
  }

  #finish(keepAlive: boolean, nowMs: number): void {
    this.close();
    this.#connection.noteFinished(this, nowMs);
    this.#connection.next(keepAlive, nowMs);
  }

  protected override close(): void {
    this.#held = null;
    super.close();
  }
}

import type { BodyFlow, BodyTaker, FileBody, Peer, RequestBody } from '../../handlers/exchange.ts';
import type { RequestHead } from '../../protocol/http1/request-head.ts';
import { isBodiless, statusOf } from '../../protocol/http1/response-writer.ts';
import { ERROR } from '../../protocol/http2/frames.ts';
import type { Stream, StreamTaker } from '../../protocol/http2/stream.ts';
import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import { BodyCollector } from '../body-collector.ts';
import { ClientExchange } from '../client-exchange.ts';
import { commonFields } from '../common-fields.ts';
import { Outgoing } from '../outgoing.ts';
import { BodyDeadline } from './body-deadline.ts';
import type { Http2Connection } from './connection.ts';
import { StreamSink } from './stream-sink.ts';

interface BodyLimit {
  readonly maxBytes: number;
  readonly exceeded: () => void;
}

const NO_BODY: RequestBody = { kind: 'none' };
/** RFC 9110 15.3.6: it has no content. */
const RESET_CONTENT = 205;
const EARLY_HINTS = 103;
const CONTINUE_HEAD = '100 Continue\r\n';

/** One request on a stream of HTTP/2, and its response. */
export class Http2Exchange extends ClientExchange implements StreamTaker {
  readonly #connection: Http2Connection;
  readonly #stream: Stream;
  readonly #maxBodyBytes: number;
  #isRead: boolean;
  #bodyLimit: BodyLimit | null = null;
  #deadline: BodyDeadline | null = null;
  /** Where the body's pieces go, and where its end does. */
  #take: ((data: Buffer) => void) | null = null;
  #whenEnded: (() => void) | null = null;
  #bodyBytesRead = 0;
  #sink: StreamSink | null = null;

  constructor(connection: Http2Connection, stream: Stream, head: RequestHead, maxBodyBytes: number) {
    super(head, performance.now());
    this.#connection = connection;
    this.#stream = stream;
    this.#maxBodyBytes = maxBodyBytes;
    this.#isRead = head.bodyLength === 0;
  }

  protected get log() {
    return this.#connection.server.log;
  }

  protected get connectionPeer(): Peer {
    return this.#connection.peer;
  }

  // --- the request's body ---

  limitBody(maxBytes: number, exceeded: () => void): void {
    this.#bodyLimit = { maxBytes, exceeded };
  }

  collectBody(done: (body: RequestBody) => void): void {
    if (this.#isRead || this.taker !== null) {
      done(this.collected ?? NO_BODY);
      return;
    }
    const { server } = this.#connection;
    const collector = new BodyCollector(server.bodyLimits, {
      ...this.#flow,
      failed: (error) => this.failCollecting(error),
    });
    this.collector = collector;
    this.#read(
      (data) => collector.add(data),
      () =>
        collector.finish((body) => {
          this.collected = body;
          if (!this.isOver) done(body);
        }),
    );
  }

  streamBody(taker: BodyTaker): BodyFlow | null {
    if (this.#isRead || this.collector !== null || this.taker !== null) return null;
    this.taker = taker;
    this.#read(
      (data) => taker.takeBody(data),
      () => taker.endBody(),
    );
    return this.#flow;
  }

  get #flow(): BodyFlow {
    const { session } = this.#connection;
    return {
      pause: () => {
        if (this.isOver) return;
        this.#deadline?.stop();
        session.pause(this.#stream);
      },
      resume: () => {
        if (this.isOver) return;
        if (!this.#isRead) this.#deadline?.start();
        session.read(this.#stream);
      },
    };
  }

  #read(take: (data: Buffer) => void, end: () => void): void {
    const { server, session } = this.#connection;
    const stream = this.#stream;
    this.#take = take;
    this.#whenEnded = end;
    this.#deadline = new BodyDeadline(this, server.bodyDeadlines);
    this.#deadline.start();
    // RFC 9110 10.1.1: not needed once the client sends its body all the same.
    if (this.head.expectsContinue && stream.receivedBytes === 0 && !stream.isClosed) {
      session.sendHead(stream, 100, CONTINUE_HEAD, '', false);
    }
    session.read(stream);
  }

  takeData(data: Buffer): void {
    const take = this.#take;
    if (this.isOver || take === null) return;
    this.#bodyBytesRead += data.length;
    const limit = this.#bodyLimit;
    if (limit !== null && this.#bodyBytesRead > limit.maxBytes) {
      this.#take = null;
      this.#exceed(limit);
    } else if (this.#bodyBytesRead > this.#maxBodyBytes) {
      this.failBody(413, `The body is too large: at most ${this.#maxBodyBytes} are taken`);
    } else {
      this.#deadline?.start();
      take(data);
    }
  }

  takeEnd(): void {
    this.#isRead = true;
    this.#deadline?.stop();
    if (!this.isOver && this.#take !== null) this.#whenEnded?.();
  }

  #exceed(limit: BodyLimit): void {
    const { producer } = this;
    this.#bodyLimit = null;
    this.collector?.discard();
    this.collector = null;
    limit.exceeded();
    if (this.taker !== null) producer?.cancel();
  }

  /** Where nobody takes the body any more, or ever will, the client must be rid of it: some read nothing of the response before. */
  #leaveBody(): void {
    if (this.#isRead || this.#stream.isClosed) return;
    if (this.isOver || this.#take === null) this.#connection.session.read(this.#stream);
  }

  // --- the response ---

  protected override writeHints(fields: string): void {
    const head = `${EARLY_HINTS} Early Hints\r\n${fields}`;
    this.#connection.session.sendHead(this.#stream, EARLY_HINTS, head, '', false);
  }

  respond(head: string, flags: number, body: string | Buffer): void {
    if (this.isOver || this.#stream.isClosed) return;
    const isSent = body.length > 0 && !this.#isBodiless(head);
    this.responseHead = head;
    if (isSent) this.bodyBytes = body.length;
    // With its last byte the stream is closed, which must not look as if its client had left.
    this.#finish();
    this.#sendHead(head, flags, body.length, !isSent);
    if (!isSent || this.#connection.session.sender.sendAtOnce(this.#stream, body)) return;
    const sink = this.#openSink();
    sink.write(typeof body === 'string' ? Buffer.from(body, 'latin1') : body);
    sink.end();
  }

  #openSink(): StreamSink {
    this.#sink = new StreamSink(this.#connection, this.#stream);
    return this.#sink;
  }

  begin(head: string, flags: number, body: Buffer, isEnd: boolean): void {
    if (this.isOver || this.#stream.isClosed) return;
    this.#leaveBody();
    this.responseHead = head;
    this.#sendHead(head, flags, isEnd ? body.length : null, false);
    const { server, spool } = this.#connection;
    const limits = server.outgoingLimits(this.spools, spool);
    this.outgoing = new Outgoing(this.#openSink(), limits, this.producer, (error) => this.failKeeping(error));
    this.write(body, isEnd);
  }

  write(body: Buffer, isEnd: boolean): void {
    const outgoing = this.outgoing;
    if (this.isOver || outgoing === null) return;
    if (body.length > 0 && !this.#isBodiless(this.responseHead)) {
      this.bodyBytes += body.length;
      outgoing.write(body);
    }
    if (isEnd) outgoing.end(() => this.#end());
  }

  respondFile(head: string, flags: number, body: FileBody): void {
    if (this.isOver) {
      body.opened?.();
      return;
    }
    this.#leaveBody();
    const sendHead = () => {
      this.responseHead = head;
      this.#sendHead(head, flags, body.length, false);
      return !this.#isBodiless(head);
    };
    this.sendFile(this.#openSink(), body, sendHead, () => this.#end());
  }

  switchProtocols(): boolean {
    return false;
  }

  protected override cut(): void {
    this.#connection.session.reset(this.#stream, ERROR.internal);
  }

  protected override noteFinished(): void {
    this.#connection.noteFinished(this, performance.now());
  }

  noteSent(): void {
    this.#sink?.noteSent();
  }

  takeClose(): void {
    this.#sink?.noteClosed();
    if (this.isOver) return;
    // Its client has left before the end.
    this.clientLeft();
    this.#connection.countWaste();
  }

  /** `bodyBytes`: null, where nobody knows. */
  #sendHead(head: string, flags: number, bodyBytes: number | null, isEnd: boolean): void {
    const status = statusOf(head);
    const isReset = status === RESET_CONTENT;
    const addsLength =
      bodyBytes !== null &&
      (flags & RESPONSE_FLAG.length) === 0 &&
      !isBodiless(status) &&
      !(this.head.method === 'HEAD' && bodyBytes === 0);
    const length = isReset ? 'Content-Length: 0\r\n' : addsLength ? `Content-Length: ${bodyBytes}\r\n` : '';
    const added = length + commonFields(flags, performance.now());
    this.#connection.session.sendHead(
      this.#stream,
      status,
      isReset ? withoutLength(head) : head,
      added,
      isEnd,
    );
  }

  #isBodiless(head: string): boolean {
    const status = statusOf(head);
    return this.head.method === 'HEAD' || isBodiless(status) || status === RESET_CONTENT;
  }

  #end(): void {
    if (this.isOver) return;
    this.#finish();
    this.#sink?.end();
  }

  #finish(): void {
    this.close();
    this.#leaveBody();
    this.noteFinished();
  }

  protected override close(): void {
    this.#deadline?.stop();
    super.close();
  }
}

/** No content is sent with such a status, whatever was to be sent. */
function withoutLength(head: string): string {
  return head.replace(/^content-length:.*\r\n/im, '');
}

import type { ServerHttp2Stream } from 'node:http2';
import { Timed } from '../../base/deadlines.ts';
import {
  type BodyFlow,
  type BodyTaker,
  type Exchange,
  type FileBody,
  type Groups,
  type HeadEdit,
  NO_GROUPS,
  type Peer,
  type Producer,
  type RequestBody,
  type UpstreamRecord,
} from '../../handlers/exchange.ts';
import { refusalPage } from '../../handlers/refusal-page.ts';
import type { RequestSink } from '../../observe/request-sink.ts';
import type { RequestHead } from '../../protocol/http1/request-head.ts';
import { isBodiless, statusOf } from '../../protocol/http1/response-writer.ts';
import { responseFields } from '../../protocol/http2/response-fields.ts';
import { RESPONSE_FLAG } from '../../protocol/lane/frames.ts';
import { BodyCollector } from '../body-collector.ts';
import type { Reading } from '../client-connection.ts';
import { commonFields } from '../common-fields.ts';
import { FileSender } from '../file-sender.ts';
import { Outgoing } from '../outgoing.ts';
import type { Http2Connection } from './connection.ts';
import { endReading } from './end-reading.ts';
import { sendFields } from './send-fields.ts';

interface BodyLimit {
  readonly maxBytes: number;
  readonly exceeded: () => void;
}

const NO_BODY: RequestBody = { kind: 'none' };
/** RFC 9113 7. */
const INTERNAL_ERROR = 2;
const CANCEL = 8;
/** RFC 9110 15.3.6: it has no content. */
const RESET_CONTENT = 205;

/** One request on a stream of HTTP/2, and its response. */
export class Http2Exchange extends Timed implements Exchange, Reading {
  readonly head: RequestHead;
  readonly receivedMs = performance.now();
  producer: Producer | null = null;
  readonly redirects = 0;
  passed: Set<object> | null = null;
  groups: Groups = NO_GROUPS;
  requestId = '';
  upstream: UpstreamRecord | null = null;
  spools = true;
  workerPid = 0;
  queuedUs = -1;
  serviceUs = -1;
  remoteUser: string | null = null;
  cacheStatus = '';
  accessLog: RequestSink | null | undefined = undefined;
  /** For the access log. */
  responseHead = '';
  bodyBytes = 0;
  readonly #connection: Http2Connection;
  readonly #stream: ServerHttp2Stream;
  readonly #maxBodyBytes: number;
  #isRead: boolean;
  isOver = false;
  /** The body, once somebody has it; whoever is asked in his place gets it, too. */
  #collected: RequestBody | null = null;
  #bodyLimit: BodyLimit | null = null;
  #isAborted = false;
  #collector: BodyCollector | null = null;
  /** Who takes the body as it comes. */
  #taker: BodyTaker | null = null;
  #outgoing: Outgoing | null = null;
  #whenOver: (() => void)[] | null = null;

  constructor(
    connection: Http2Connection,
    stream: ServerHttp2Stream,
    head: RequestHead,
    maxBodyBytes: number,
  ) {
    super();
    this.#connection = connection;
    this.#stream = stream;
    this.head = head;
    this.#maxBodyBytes = maxBodyBytes;
    this.#isRead = head.bodyLength === 0;
  }

  get peer(): Peer {
    return this.#connection.peer;
  }

  get base(): Exchange {
    return this;
  }

  whenOver(callback: () => void): void {
    if (this.isOver) callback();
    else if (this.#whenOver === null) this.#whenOver = [callback];
    else this.#whenOver.push(callback);
  }

  // --- the request's body ---

  limitBody(maxBytes: number, exceeded: () => void): void {
    this.#bodyLimit = { maxBytes, exceeded };
  }

  collectBody(done: (body: RequestBody) => void): void {
    if (this.#isRead || this.#taker !== null) {
      done(this.#collected ?? NO_BODY);
      return;
    }
    const { server } = this.#connection;
    const collector = new BodyCollector(server.bodyLimits, {
      ...this.#flow,
      failed: (error) => {
        server.log.error(`A request body could not be kept: ${error.message}`);
        this.refuse(500);
      },
    });
    this.#collector = collector;
    this.#read(
      (data) => collector.add(data),
      () =>
        collector.finish((body) => {
          this.#collected = body;
          if (!this.isOver) done(body);
        }),
    );
  }

  get isBodyGone(): boolean {
    return this.#taker !== null;
  }

  streamBody(taker: BodyTaker): BodyFlow | null {
    if (this.#isRead || this.#collector !== null || this.#taker !== null) return null;
    this.#taker = taker;
    this.#read(
      (data) => taker.takeBody(data),
      () => taker.endBody(),
    );
    return this.#flow;
  }

  get #flow(): BodyFlow {
    return {
      pause: () => {
        this.deadlineList?.remove(this);
        this.#stream.pause();
      },
      resume: () => {
        if (!this.#isRead) this.#connection.server.bodyDeadlines.add(this, performance.now());
        this.#stream.resume();
      },
    };
  }

  #read(take: (data: Buffer) => void, end: () => void): void {
    const { server } = this.#connection;
    const stream = this.#stream;
    let bytes = 0;
    let isBeyond = false;
    stream.on('data', (data: Buffer) => {
      if (this.isOver || isBeyond) return;
      bytes += data.length;
      const limit = this.#bodyLimit;
      if (limit !== null && bytes > limit.maxBytes) {
        isBeyond = true;
        this.#exceed(limit);
        return;
      }
      if (bytes > this.#maxBodyBytes) {
        this.#failBody(413, `The body is too large: at most ${this.#maxBodyBytes} are taken`);
        return;
      }
      server.bodyDeadlines.add(this, performance.now());
      take(data);
    });
    stream.on('end', () => {
      this.#isRead = true;
      this.deadlineList?.remove(this);
      // A stream that was reset ends, too; it is closed next.
      if (!stream.aborted && !this.isOver && !isBeyond) end();
    });
    server.bodyDeadlines.add(this, this.receivedMs);
    if (this.head.expectsContinue && !stream.closed) stream.additionalHeaders({ ':status': 100 });
  }

  #exceed(limit: BodyLimit): void {
    const { producer } = this;
    this.#bodyLimit = null;
    this.#collector?.discard();
    this.#collector = null;
    limit.exceeded();
    if (this.#taker !== null) producer?.cancel();
  }

  /** The rest of the body does not come, or is too much. */
  #failBody(status: number, reason: string): void {
    const { producer } = this;
    this.refuse(status, reason);
    if (this.#taker !== null) producer?.cancel();
  }

  expireReading(): void {
    this.#failBody(408, 'The body did not arrive in time');
  }

  // --- the response ---

  respond(head: string, flags: number, body: string | Buffer): void {
    if (this.isOver) return;
    const isSent = body.length > 0 && !this.#isBodiless(head);
    if (!this.#sendHead(head, flags, body.length, isSent ? 'follows' : 'none')) return;
    if (isSent) {
      this.bodyBytes = body.length;
      this.#limitSending();
      this.#stream.end(typeof body === 'string' ? Buffer.from(body, 'latin1') : body);
    }
    this.#finish();
  }

  begin(head: string, flags: number, body: Buffer, isEnd: boolean): void {
    if (this.isOver) return;
    if (!this.#sendHead(head, flags, isEnd ? body.length : null, 'may-break-off')) return;
    const { server } = this.#connection;
    this.#limitSending();
    this.#outgoing = new Outgoing(
      this.#stream,
      server.outgoingLimits(this.spools),
      this.producer,
      (error) => {
        server.log.error(`A response could not be kept for a slow client: ${error.message}`);
        this.abort();
      },
    );
    this.write(body, isEnd);
  }

  write(body: Buffer, isEnd: boolean): void {
    const outgoing = this.#outgoing;
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
    this.#limitSending();
    new FileSender(this.#stream, body, {
      opened: () =>
        !this.isOver && this.#sendHead(head, flags, body.length, 'may-break-off') && !this.#isBodiless(head),
      sent: (bytes) => {
        this.bodyBytes += bytes;
      },
      done: () => this.#end(),
      failed: (error) => {
        if (this.isOver) return;
        const { method, target } = this.head;
        this.#connection.server.log.error(
          `The file that is the answer to ${method} ${target} could not be sent: ${error.message}`,
        );
        if (this.responseHead === '') this.refuse(502);
        else this.abort();
      },
    }).start();
  }

  switchProtocols(): boolean {
    return false;
  }

  abort(): void {
    if (this.isOver) return;
    this.#close();
    // Where it was not the producer himself who broke it off, he may be waiting.
    this.producer?.cancel();
    this.#isAborted = true;
    this.#stream.close(INTERNAL_ERROR);
    this.#connection.noteFinished(this, performance.now());
  }

  refuse(status: number, reason = '', extraFields = '', edit: HeadEdit | null = null): void {
    if (this.isOver) return;
    if (this.responseHead !== '') {
      this.abort();
      return;
    }
    const { head, body } = refusalPage(status, reason, extraFields, edit);
    this.respond(head.text, head.flags, body);
  }

  /** Answered, reset by the client, or gone with its connection. Returns whether its client has left before the end. */
  streamClosed(): boolean {
    if (this.isOver) return false;
    this.#close();
    this.producer?.cancel();
    this.#connection.noteFinished(this, performance.now());
    return true;
  }

  /** False: nothing more can be sent. */
  #sendHead(
    head: string,
    flags: number,
    bodyBytes: number | null,
    body: 'none' | 'follows' | 'may-break-off',
  ): boolean {
    const stream = this.#stream;
    // Its client has reset it, which `close` is about to tell.
    if (stream.destroyed || stream.closed) return false;
    const status = statusOf(head);
    const addsLength =
      bodyBytes !== null &&
      (flags & RESPONSE_FLAG.length) === 0 &&
      !isBodiless(status) &&
      !(this.head.method === 'HEAD' && bodyBytes === 0);
    const isReset = status === RESET_CONTENT;
    const length = isReset ? 'Content-Length: 0\r\n' : addsLength ? `Content-Length: ${bodyBytes}\r\n` : '';
    const added = length + commonFields(flags, performance.now());
    const fields = responseFields(status, isReset ? withoutLength(head) : head, added);
    const mayBreakOff = body === 'may-break-off';
    if (mayBreakOff) {
      // Without this, a stream that is closed in the middle is first ended, so that it looks whole.
      stream.once('wantTrailers', () => {
        if (!this.#isAborted && !stream.closed && !stream.destroyed) stream.sendTrailers({});
      });
    }
    try {
      sendFields(stream, fields, { endStream: body === 'none', waitForTrailers: mayBreakOff });
    } catch (error) {
      this.#cannotSend(error as Error, mayBreakOff);
      return false;
    }
    this.responseHead = head;
    return true;
  }

  /** HTTP/2 has no such status as 999, and perhaps there is more that Node does not send. */
  #cannotSend({ message }: Error, isProduced: boolean): void {
    const { method, target } = this.head;
    this.#connection.server.log.error(`The answer to ${method} ${target} cannot be sent: ${message}`);
    if (isProduced) this.producer?.cancel();
    this.refuse(502);
  }

  #isBodiless(head: string): boolean {
    const status = statusOf(head);
    return this.head.method === 'HEAD' || isBodiless(status) || status === RESET_CONTENT;
  }

  /** A client that takes nothing of a response for too long is given up. */
  #limitSending(): void {
    const stream = this.#stream;
    stream.setTimeout(this.#connection.server.sendTimeoutMs, () => {
      // Else it is the producer who is silent.
      if (stream.writableLength === 0) return;
      this.#isAborted = true;
      stream.close(CANCEL);
    });
  }

  #end(): void {
    if (this.isOver) return;
    if (!this.#stream.writableEnded) this.#stream.end();
    this.#finish();
  }

  #finish(): void {
    this.#close();
    this.#connection.noteFinished(this, performance.now());
    endReading(this.#stream);
  }

  #close(): void {
    this.isOver = true;
    this.deadlineList?.remove(this);
    this.#collector?.discard();
    this.#outgoing?.discard();
    this.#outgoing = null;
    const callbacks = this.#whenOver;
    if (callbacks === null) return;
    this.#whenOver = null;
    for (const callback of callbacks) callback();
  }
}

/** Node sends no content with such a status, whatever was to be sent. */
function withoutLength(head: string): string {
  return head.replace(/^content-length:.*\r\n/im, '');
}

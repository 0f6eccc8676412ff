import type { ByteStream, ByteTaker } from '../base/byte-stream.ts';
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
} from '../handlers/exchange.ts';
import { refusalPage } from '../handlers/refusal-page.ts';
import type { ErrorLog } from '../observe/error-log.ts';
import type { RequestSink } from '../observe/request-sink.ts';
import type { RequestHead } from '../protocol/http1/request-head.ts';
import type { BodyCollector } from './body-collector.ts';
import type { FinishedExchange } from './exchange-record.ts';
import { FileSender } from './file-sender.ts';
import type { Outgoing } from './outgoing.ts';
import { forwardedPeer } from './proxied-peer.ts';
import type { Sink } from './sink.ts';

/** What is between one client and handlers, whichever version of HTTP it speaks; and what of that is left for the access log. */
export abstract class ClientExchange implements Exchange, FinishedExchange {
  readonly head: RequestHead;
  readonly receivedMs: number;
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
  responseHead = '';
  bodyBytes = 0;
  isOver = false;
  protected collector: BodyCollector | null = null;
  /** The request's body, once somebody has it; whoever is asked in his place gets it, too. */
  protected collected: RequestBody | null = null;
  /** Who takes the request's body as it comes. */
  protected taker: BodyTaker | null = null;
  protected outgoing: Outgoing | null = null;
  #peer: Peer | null = null;
  #whenOver: (() => void)[] | null = null;

  constructor(head: RequestHead, receivedMs: number) {
    this.head = head;
    this.receivedMs = receivedMs;
  }

  protected abstract readonly connectionPeer: Peer;
  protected abstract readonly log: ErrorLog;

  get peer(): Peer {
    this.#peer ??= forwardedPeer(this.connectionPeer, this.head.fields);
    return this.#peer;
  }

  get base(): Exchange {
    return this;
  }

  whenOver(callback: () => void): void {
    if (this.isOver) callback();
    else if (this.#whenOver === null) this.#whenOver = [callback];
    else this.#whenOver.push(callback);
  }

  get isBodyGone(): boolean {
    return this.taker !== null;
  }

  abstract limitBody(maxBytes: number, exceeded: () => void): void;
  abstract collectBody(done: (body: RequestBody) => void): void;
  abstract streamBody(taker: BodyTaker): BodyFlow | null;
  abstract switchProtocols(head: string, begun: (client: ByteStream) => ByteTaker): boolean;
  protected abstract writeHints(fields: string): void;
  abstract respond(head: string, flags: number, body: string | Buffer): void;
  abstract begin(head: string, flags: number, body: Buffer, isEnd: boolean): void;
  abstract write(body: Buffer, isEnd: boolean): void;
  abstract respondFile(head: string, flags: number, body: FileBody): void;
  /** That what was sent so far cannot be taken for a whole response. */
  protected abstract cut(): void;
  /** For the access log. */
  protected abstract noteFinished(): void;

  sendHints(fields: string): void {
    if (!this.isOver && this.responseHead === '') this.writeHints(fields);
  }

  respondLent(head: string, flags: number, body: Buffer): void {
    this.respond(head, flags, body.toString('latin1'));
  }

  abort(): void {
    if (this.isOver) return;
    this.close();
    // Where it was not the producer himself who broke it off, he may be waiting.
    this.producer?.cancel();
    this.cut();
    this.noteFinished();
  }

  refuse(status: number, reason = '', extraFields = '', edit: HeadEdit | null = null): void {
    if (this.isOver) return;
    if (this.responseHead !== '') {
      // A second head would be taken for a part of the body.
      this.abort();
      return;
    }
    const { head, body } = refusalPage(status, reason, extraFields, edit);
    this.respond(head.text, head.flags, body);
  }

  /** The request's body does not come whole, or is too much. */
  failBody(status: number, reason: string): void {
    const { producer } = this;
    this.refuse(status, reason);
    if (this.taker !== null) producer?.cancel();
  }

  /** The client has left: nothing that is still produced has a reader. */
  clientLeft(): void {
    if (this.isOver) return;
    this.close();
    this.producer?.cancel();
    this.noteFinished();
  }

  protected failCollecting(error: Error): void {
    this.log.error(`A request body could not be kept: ${error.message}`);
    if (!this.isOver) this.refuse(500);
  }

  protected failKeeping(error: Error): void {
    this.log.error(`A response could not be kept for a slow client: ${error.message}`);
    this.abort();
  }

  /** `sendHead` returns whether the bytes are wanted, too. */
  protected sendFile(sink: Sink, body: FileBody, sendHead: () => boolean, done: () => void): void {
    new FileSender(sink, body, {
      opened: () => !this.isOver && sendHead(),
      sent: (bytes) => {
        this.bodyBytes += bytes;
      },
      done: () => {
        if (!this.isOver) done();
      },
      failed: (error) => {
        if (this.isOver) return;
        const { method, target } = this.head;
        this.log.error(
          `The file that is the answer to ${method} ${target} could not be sent: ${error.message}`,
        );
        // Mostly because the worker that holds it has just ended.
        if (this.responseHead === '') this.refuse(502);
        else this.abort();
      },
    }).start();
  }

  /** Nothing more is read or sent. */
  protected close(): void {
    this.isOver = true;
    this.collector?.discard();
    this.outgoing?.discard();
    this.outgoing = null;
    const callbacks = this.#whenOver;
    if (callbacks === null) return;
    this.#whenOver = null;
    for (const callback of callbacks) callback();
  }
}

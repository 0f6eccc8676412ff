import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Peer } from '../../handlers/exchange.ts';
import { refusalPage } from '../../handlers/refusal-page.ts';
import { HttpError } from '../../protocol/http1/errors.ts';
import { effectiveLimits } from '../../protocol/http1/limits.ts';
import type { Violation } from '../../protocol/http2/frame-watch.ts';
import { HeadReader } from '../../protocol/http2/request-head.ts';
import { responseFields } from '../../protocol/http2/response-fields.ts';
import { ClientConnection } from '../client-connection.ts';
import { commonFields } from '../common-fields.ts';
import type { Server } from '../server.ts';
import { endReading } from './end-reading.ts';
import { Http2Exchange } from './exchange.ts';
import { sendFields } from './send-fields.ts';
import { sessionOptions, windowBytes } from './session-options.ts';
import { WatchedSocket } from './watched-socket.ts';

/** Requests that a client may give up, or get wrong, in this time, as in Gunicorn; somebody who clicks about gives up tens. */
const MAX_WASTED = 200;
const WASTED_MS = 10_000;
/** RFC 9113 7. */
const ENHANCE_YOUR_CALM = 11;

/** One client's HTTP/2 connection: each of its streams is an exchange. Frames, flow control and floods are Node's and nghttp2's. */
export class Http2Connection extends ClientConnection {
  readonly peer: Peer;
  readonly server: Server;
  readonly #carrier: Socket;
  readonly #socket: WatchedSocket;
  readonly #session: ServerHttp2Session;
  readonly #reader = new HeadReader();
  #openStreams = 0;
  #isClosing = false;
  #wasted = 0;
  #wastedSinceMs = 0;

  constructor(socket: Socket, carrier: Socket, peer: Peer, server: Server) {
    super();
    this.peer = peer;
    this.server = server;
    this.#carrier = carrier;
    // A client that closes its side can acknowledge nothing any more: it has left.
    socket.allowHalfOpen = false;
    // Only where it is needed, as with TLS.
    const { performServerHandshake } = process.getBuiltinModule('node:http2');
    this.#socket = new WatchedSocket(socket, (violation) => this.#end(violation));
    this.#session = performServerHandshake(this.#socket, sessionOptions(server.http2, server.limits));
    this.#session.on('stream', (stream, _headers, _flags, rawHeaders: readonly string[] = []) =>
      this.#onStream(stream, rawHeaders),
    );
    // A client that breaks the protocol ends its connection; what it had asked for learns of that by its streams.
    this.#session.on('error', () => {});
    this.#session.setLocalWindowSize(windowBytes(server.http2));
    carrier.on('close', () => {
      this.deadlineList?.remove(this);
      server.forget(this);
    });
    server.headDeadlines.add(this, performance.now());
  }

  #onStream(stream: ServerHttp2Stream, rawHeaders: readonly string[]): void {
    this.deadlineList?.remove(this);
    this.#openStreams += 1;
    stream.on('error', () => {});
    if (stream.destroyed || stream.closed) {
      // Asked and given up in one breath.
      stream.on('close', () => this.#streamClosed());
      this.#countWaste();
      return;
    }
    const { limits, leniency } = this.server;
    const effective = effectiveLimits(limits);
    const head = this.#reader.read(rawHeaders, stream.endAfterHeaders, effective, leniency);
    if (head instanceof HttpError) {
      stream.on('close', () => this.#streamClosed());
      this.#refuse(stream, head);
      return;
    }
    const exchange = new Http2Exchange(this, stream, head, effective.maxBodyBytes);
    stream.on('close', () => {
      if (exchange.streamClosed()) this.#countWaste();
      this.#streamClosed();
    });
    this.server.router.route(head).handle(exchange);
  }

  /**
   * A request that was given up, or that nobody can read. CVE-2023-44487: to ask and to leave at once costs a client nothing, and the
   * server each time the beginnings of an answer.
   */
  #countWaste(): void {
    if (this.#session.destroyed) return;
    const now = performance.now();
    if (now - this.#wastedSinceMs > WASTED_MS) {
      this.#wastedSinceMs = now;
      this.#wasted = 0;
    }
    this.#wasted += 1;
    if (this.#wasted <= MAX_WASTED) return;
    this.server.noteRefused(new HttpError('too_many_wasted'), this.peer);
    this.#session.destroy(new Error('too many requests were wasted'), ENHANCE_YOUR_CALM);
  }

  /** The client has broken the protocol in a way that nghttp2 would ignore. */
  #end({ code, reason }: Violation): void {
    this.#isClosing = true;
    this.server.lingerDeadlines.add(this, performance.now());
    this.#socket.whenWritten(() => {
      if (!this.#session.destroyed) this.#session.destroy(new Error(reason), code);
    });
  }

  #streamClosed(): void {
    this.#openStreams -= 1;
    if (this.#openStreams > 0 || this.#session.destroyed) return;
    const now = performance.now();
    if (this.#isClosing) this.server.lingerDeadlines.add(this, now);
    else if (this.server.keepsAlive) this.server.awaitRequest(this, now);
    else this.drain(now);
  }

  /** A request that cannot be read. */
  #refuse(stream: ServerHttp2Stream, error: HttpError): void {
    this.server.noteRefused(error, this.peer);
    this.#countWaste();
    if (stream.destroyed) return;
    const { head, body } = refusalPage(error.status, error.message, '', null);
    const fields = responseFields(head.status, head.text, commonFields(0, performance.now()));
    sendFields(stream, fields, {});
    stream.end(body);
    endReading(stream);
  }

  /** For the access log. */
  noteFinished(exchange: Http2Exchange, nowMs: number): void {
    this.server.logAccess(exchange, this.peer, nowMs);
  }

  override expireReading(): void {
    this.closeIdle();
  }

  override closeIdle(): void {
    this.drain(performance.now());
  }

  /**
   * GOAWAY: it says which requests were taken, and those are answered. What the client has sent beyond was not looked at, and it may
   * send that again elsewhere (RFC 9113 6.8).
   */
  override drain(nowMs: number): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.deadlineList?.remove(this);
    this.#session.close();
    if (this.#openStreams === 0) this.server.lingerDeadlines.add(this, nowMs);
  }

  override destroy(): void {
    this.#session.destroy();
    this.#carrier.destroy();
  }
}

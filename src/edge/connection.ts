import type { Socket } from 'node:net';
import type { ByteStream, ByteTaker } from '../base/byte-stream.ts';
import { writeCorked, writeLent, writeText, writeTogether } from '../base/direct-write.ts';
import type { ChunkTaker } from '../base/socket-reader.ts';
import type { Peer, Producer } from '../handlers/exchange.ts';
import { HttpError, REASON_PHRASES } from '../protocol/http1/errors.ts';
import type { RequestParser } from '../protocol/http1/request-parser.ts';
import { CONTINUE } from '../protocol/http1/response-writer.ts';
import type { ProxyReader } from '../protocol/proxy-protocol/proxy-reader.ts';
import { ClientConnection, QUIET_MS } from './client-connection.ts';
import type { ClientSpool } from './client-spool.ts';
import { commonFields } from './common-fields.ts';
import { Http1Exchange } from './exchange.ts';
import { Outgoing } from './outgoing.ts';
import { proxiedPeer } from './proxied-peer.ts';
import type { Server } from './server.ts';
import { SocketStream } from './socket-stream.ts';

/** Requests that a client sends ahead are held up to this size; then it has to wait. */
const MAX_AHEAD_BYTES = 65536;

/** With TLS, the next request is begun while so much of the last response has not been taken by the system. */
const MAX_HELD_BYTES = 16384;

/** One client's HTTP/1 connection: reads requests, one at a time, and gives each to its handler. */
export class Connection extends ClientConnection implements ChunkTaker {
  readonly socket: Socket;
  /** What carries it: with TLS the socket below, else the same. */
  readonly #carrier: Socket;
  /** Does not change once the first request has begun. */
  peer: Peer;
  readonly #server: Server;
  readonly #parser: RequestParser;
  /** Until it has been read: what stands before the first request. */
  #proxyReader: ProxyReader | null;
  #exchange: Http1Exchange | null = null;
  #isAdvancing = false;
  #isReadingPaused = false;
  /** After an upgrade: who takes what the client sends. */
  #tunnel: ByteTaker | null = null;
  /** The last response has not been taken by the system whole: the next request waits for that, or a client that reads nothing could fill
   * the memory. */
  #isSending = false;
  /** The client has sent its last byte. */
  #hasEnded = false;
  /** Nothing more is read: the last response is on its way, or the connection is being closed. */
  #isClosing = false;
  /** When the last response ended, or the connection was accepted. */
  idleSinceMs: number;
  #spool: ClientSpool | null = null;

  /** Somebody hands it what the socket brings. `proxyReader`: what reads the beginning of the connection; null: nothing does. */
  constructor(socket: Socket, carrier: Socket, peer: Peer, server: Server, proxyReader: ProxyReader | null) {
    super();
    this.socket = socket;
    this.#carrier = carrier;
    this.peer = peer;
    this.#server = server;
    this.#parser = server.newParser();
    this.idleSinceMs = performance.now();
    this.#proxyReader = proxyReader;
    socket.on('end', () => this.#onEnd());
    socket.on('error', () => {});
    socket.on('close', () => this.#onClose());
    // Counts only while the client is the one who is waited for, not while a worker is silent.
    socket.on('timeout', () => socket.writableLength > 0 && socket.destroy());
    server.headDeadlines.add(this, this.idleSinceMs);
  }

  get log() {
    return this.#server.log;
  }

  get bodyLimits() {
    return this.#server.bodyLimits;
  }

  /** Whether the connection may be used for another request. */
  get canBeKept(): boolean {
    return !this.#isExhausted && this.#server.keepsAlive;
  }

  /** The client sends nothing more, and nothing is left of what it has sent. */
  get #isExhausted(): boolean {
    return this.#hasEnded && this.#parser.bufferedBytes === 0;
  }

  get isIdle(): boolean {
    return this.#exchange === null && !this.#isSending && !this.#isClosing && !this.#isReadingHead;
  }

  get #isReadingHead(): boolean {
    return this.#parser.isMidMessage || this.#proxyReader?.isInside === true;
  }

  // --- reading ---

  get isReadingBody(): boolean {
    return this.#tunnel !== null || (this.#exchange !== null && !this.#exchange.isRead);
  }

  takeLentChunk(chunk: Buffer): void {
    // Of a body that began behind another request, the first chunk was asked for before it was known.
    if (this.#proxyReader !== null || this.isReadingBody) {
      this.takeChunk(Buffer.from(chunk));
    } else {
      this.#onData(chunk);
      this.#parser.detach();
    }
  }

  takeChunk(chunk: Buffer): void {
    if (this.#proxyReader === null) this.#onData(chunk);
    else this.#readProxyHeader(this.#proxyReader, chunk);
  }

  /** Where connections may begin with the PROXY protocol. */
  #readProxyHeader(reader: ProxyReader, chunk: Buffer): void {
    if (this.#isClosing) return;
    const reading = reader.read(chunk);
    if (reading === null) {
      this.#awaitBytes();
      return;
    }
    this.#proxyReader = null;
    if (reading instanceof HttpError) {
      this.#refuse(reading);
      return;
    }
    if (reading.header !== null) this.peer = proxiedPeer(this.peer, reading.header);
    if (reading.rest.length > 0) this.#onData(reading.rest);
  }

  #onData(chunk: Buffer): void {
    if (this.#isClosing) return;
    if (this.#tunnel !== null) {
      this.#tunnel.take(chunk);
      return;
    }
    this.#parser.push(chunk);
    const exchange = this.#exchange;
    if (!this.#isSending && (exchange === null || !exchange.isRead)) this.#advance();
    else if (this.#parser.bufferedBytes > MAX_AHEAD_BYTES) this.pauseReading();
  }

  /** Takes from the parser what can be taken now. */
  #advance(): void {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    try {
      while (!this.#isClosing && !this.#isSending && (this.#exchange === null || !this.#exchange.isRead)) {
        const event = this.#parser.next();
        if (event === null) {
          this.#awaitBytes();
          break;
        }
        switch (event.type) {
          case 'head': {
            this.deadlineList?.remove(this);
            // Its handler keeps what there is of the body.
            if (event.head.bodyLength !== 0) this.#parser.detach();
            const exchange = new Http1Exchange(this, event.head, performance.now());
            this.#exchange = exchange;
            this.#server.router.route(event.head).handle(exchange);
            break;
          }
          case 'body':
            this.#exchange?.takeBody(event.data);
            break;
          case 'end':
            this.deadlineList?.remove(this);
            this.#exchange?.takeEnd();
            break;
          case 'error':
            this.#refuse(event.error);
            break;
        }
      }
    } finally {
      this.#isAdvancing = false;
    }
  }

  /** The parser needs more bytes: how long they may take depends on of what. */
  #awaitBytes(): void {
    if (this.#hasEnded) {
      // The client closed its side in the middle of a request, or between two.
      this.#exchange?.clientLeft();
      this.#exchange = null;
      this.socket.destroy();
      return;
    }
    const server = this.#server;
    if (this.#exchange !== null) {
      if (!this.#isReadingPaused) this.#awaitBody(this.#exchange);
    } else if (this.#isReadingHead && !this.#isOn(server.headDeadlines)) {
      // From its first byte; further bytes do not prolong it.
      server.headDeadlines.add(this, performance.now());
    }
  }

  /** A client may keep its body until somebody wants it, and for ever if nobody does. */
  #awaitBody(exchange: Http1Exchange): void {
    if (exchange.wantsBody) this.#server.bodyDeadlines.add(this, performance.now());
  }

  /** The exchange wants its body from now on. */
  startBody(): void {
    // Else what has come of it is still being looked at, or it is wanted too late.
    if (!this.#isAdvancing && this.#exchange !== null) this.#awaitBytes();
  }

  pauseReading(): void {
    if (this.#isReadingPaused) return;
    this.#isReadingPaused = true;
    this.deadlineList?.remove(this);
    this.socket.pause();
  }

  resumeReading(): void {
    if (!this.#isReadingPaused) return;
    this.#isReadingPaused = false;
    if (this.#exchange !== null) this.#awaitBody(this.#exchange);
    this.socket.resume();
  }

  #onEnd(): void {
    this.#hasEnded = true;
    if (this.#tunnel !== null) {
      this.#tunnel.ended();
      return;
    }
    const exchange = this.#exchange;
    if (this.#isClosing || this.#isSending) {
      // What is on its way is still sent; then the socket closes, since both sides have ended.
    } else if (exchange === null || !exchange.isRead) {
      this.#awaitBytes();
    } else if (exchange.isQueued) {
      // It may be a client that only closed its sending side, but far more often it has left; a request that has
      // not been started is not started for nobody.
      exchange.clientLeft();
      this.socket.destroy();
    } else {
      exchange.clientEnded();
    }
  }

  #onClose(): void {
    this.deadlineList?.remove(this);
    this.#isClosing = true;
    this.#tunnel?.closed();
    this.#exchange?.clientLeft();
    this.#exchange = null;
    this.#server.forget(this);
  }

  // --- writing ---

  writeText(text: string): void {
    if (this.#isPlain) writeText(this.socket, text);
    else this.socket.write(text, 'latin1');
  }

  /** With one system call, where the socket takes it. */
  writeTogether(text: string, bytes: Buffer): void {
    if (this.#isPlain) writeTogether(this.socket, text, bytes);
    else writeCorked(this.socket, text, [bytes]);
  }

  /** The same with bytes that change after this returns. */
  writeLent(text: string, bytes: Buffer): void {
    if (this.#isPlain) writeLent(this.socket, text, bytes);
    else this.writeText(text + bytes.toString('latin1'));
  }

  get #isPlain(): boolean {
    return this.socket === this.#carrier;
  }

  sayContinue(): void {
    // RFC 9110 10.1.1: not needed once the client sends its body all the same.
    if (this.#parser.bufferedBytes === 0) this.writeText(CONTINUE);
  }

  /** While a response is being sent, a client that takes nothing for too long is given up. */
  limitSending(): void {
    this.socket.setTimeout(this.#server.sendTimeoutMs);
  }

  outgoing(producer: Producer | null, spools: boolean, fail: (error: Error) => void): Outgoing {
    this.limitSending();
    this.#spool ??= this.#server.newSpool();
    return new Outgoing(this.socket, this.#server.outgoingLimits(spools, this.#spool), producer, fail);
  }

  /** The exchange is over: for the access log. */
  noteFinished(exchange: Http1Exchange, nowMs: number): void {
    this.#server.logAccess(exchange, exchange.peer, nowMs);
  }

  /** The response has been handed to the socket whole: on to the next request. */
  next(keepAlive: boolean, nowMs: number): void {
    this.#exchange = null;
    // With TLS a write is never done at once.
    const held = this.peer.tls === null ? 0 : MAX_HELD_BYTES;
    if (this.socket.writableLength > held) this.#awaitSent(keepAlive);
    else this.#goOn(keepAlive, nowMs);
  }

  #awaitSent(keepAlive: boolean): void {
    this.#isSending = true;
    this.deadlineList?.remove(this);
    this.limitSending();
    // With TLS, an empty write first reads: what is lent of the chunk before must not change under the parser.
    this.#parser.detach();
    // Writes are called back in order.
    this.socket.write('', () => {
      this.#isSending = false;
      if (!this.socket.destroyed) this.#goOn(keepAlive, performance.now());
    });
  }

  #goOn(keepAlive: boolean, nowMs: number): void {
    if (this.socket.timeout) this.socket.setTimeout(0);
    if (!keepAlive || this.#isExhausted) {
      this.#linger();
      return;
    }
    this.idleSinceMs = nowMs;
    this.#server.awaitRequest(this, nowMs);
    if (this.#isReadingPaused) this.resumeReading();
    if (this.#parser.bufferedBytes === 0) return;
    this.#advance();
    if (this.#hasEnded) this.#exchange?.clientEnded();
  }

  /** From now on it is two streams of bytes. `sent`: counts those to the client. */
  tunnel(begun: (client: ByteStream) => ByteTaker, sent: (bytes: number) => void): void {
    const { socket } = this;
    this.limitSending();
    const taker = begun(new SocketStream(socket, sent));
    this.#tunnel = taker;
    socket.on('drain', () => taker.drained());
    if (this.#isReadingPaused) this.resumeReading();
    const rest = this.#parser.takeRest();
    if (rest.length > 0) taker.take(rest);
    if (this.#hasEnded) taker.ended();
  }

  /** Ends the connection so that the response cannot be taken for a complete one. */
  cut(mustReset: boolean): void {
    this.#exchange = null;
    this.#isClosing = true;
    // Without any framing an orderly close would say "complete"; a reset does not.
    if (mustReset && this.socket.remoteFamily !== undefined) this.#carrier.resetAndDestroy();
    else this.socket.destroy();
  }

  /** A request that cannot be read. */
  #refuse(error: HttpError): void {
    const exchange = this.#exchange;
    if (exchange !== null) {
      // Bad in the middle of its body: the handler has been told nothing yet.
      exchange.failBody(error.status, error.message);
      return;
    }
    this.refuseAll(error);
  }

  /** Nothing that this client sends can be read. */
  refuseAll(error: HttpError): void {
    this.#server.noteRefused(error, this.peer);
    this.#answerAndClose(error.status, error.message);
  }

  /** For a client with no exchange: one too slow with its head, or one whose head cannot be read. */
  #answerAndClose(status: number, message: string): void {
    const body = `${status} ${REASON_PHRASES[status]}\n${message}\n`;
    this.writeText(
      `HTTP/1.1 ${status} ${REASON_PHRASES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
        `Content-Length: ${body.length}\r\n${commonFields(0, performance.now())}Connection: close\r\n\r\n${body}`,
    );
    this.#linger();
  }

  override expireReading(): void {
    if (this.#exchange !== null) {
      this.#exchange.failBody(408, 'The body did not arrive in time');
    } else if (this.#isReadingHead) {
      this.#answerAndClose(408, 'The request did not arrive in time');
    } else {
      this.closeIdle();
    }
  }

  override closeIdle(): void {
    // A client that still takes the end of its response is given the time that others have for that.
    if (this.socket.writableLength > 0 && !this.#isSending) this.#awaitSent(false);
    else this.#linger();
  }

  /** From now on every response is its connection's last, and an idle connection is closed once it is quiet. */
  override drain(nowMs: number): void {
    if (!this.isIdle) return;
    if (nowMs - this.idleSinceMs >= QUIET_MS) this.closeIdle();
    else this.#server.awaitRequest(this, nowMs);
  }

  override destroy(): void {
    this.socket.destroy();
  }

  /**
   * Closes in order (RFC 9112 9.6): our side first, then what the client still sends is read and thrown away for a while. Closing
   * both at once could make its system discard the response that it has not read yet.
   */
  #linger(): void {
    this.#isClosing = true;
    if (this.#isReadingPaused) this.resumeReading();
    this.socket.end();
    this.#server.lingerDeadlines.add(this, performance.now());
  }

  #isOn(list: unknown): boolean {
    return this.deadlineList === list;
  }
}

import type { Socket } from 'node:net';
import type { Peer } from '../handlers/exchange.ts';
import { HttpError } from '../protocol/http1/errors.ts';
import type { ProxyReader } from '../protocol/proxy-protocol/proxy-reader.ts';
import { ClientConnection, QUIET_MS } from './client-connection.ts';
import { proxiedPeer } from './proxied-peer.ts';
import type { Server } from './server.ts';

/**
 * A connection that is not yet known to speak what it should: it may begin with the PROXY protocol's header, and what comes behind that is
 * looked at before anybody else gets it.
 */
export abstract class Opening extends ClientConnection {
  protected readonly socket: Socket;
  protected readonly server: Server;
  protected peer: Peer;
  readonly #acceptedMs = performance.now();
  readonly #onData = (chunk: Buffer) => this.#read(chunk);
  readonly #onEnd = () => this.destroy();
  #proxyReader: ProxyReader | null;
  #isKnown = false;
  #isDraining = false;

  constructor(socket: Socket, peer: Peer, server: Server) {
    super();
    this.socket = socket;
    this.peer = peer;
    this.server = server;
    this.#proxyReader = server.proxyReader(peer);
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.deadlineList?.remove(this);
      server.forget(this);
    });
    // From the first byte to the last of what is awaited; no byte prolongs it.
    server.headDeadlines.add(this, this.#acceptedMs);
  }

  /** The next bytes, behind the PROXY protocol's header. */
  protected abstract look(bytes: Buffer): void;

  #read(chunk: Buffer): void {
    const bytes = this.#withoutProxyHeader(chunk);
    if (bytes === null) return;
    if (bytes instanceof HttpError) this.refuse(bytes);
    else if (bytes.length > 0) this.look(bytes);
  }

  /** What stands behind the header; null: it is not there whole. */
  #withoutProxyHeader(chunk: Buffer): Buffer | HttpError | null {
    if (this.#proxyReader === null) return chunk;
    const reading = this.#proxyReader.read(chunk);
    if (reading === null || reading instanceof HttpError) return reading;
    this.#proxyReader = null;
    if (reading.header !== null) this.peer = proxiedPeer(this.peer, reading.header);
    return reading.rest;
  }

  /** It speaks what it should: the socket is another's from now on, who finds the bytes in it. */
  protected handOver(bytes: Buffer): void {
    this.#isKnown = true;
    // In a drain it was taken for idle.
    if (this.#isDraining) this.server.headDeadlines.add(this, performance.now());
    this.#letGo();
    this.socket.pause();
    this.socket.unshift(bytes);
  }

  /** It does not: it is told so in plain HTTP/1. */
  protected refuse(error: HttpError): void {
    this.deadlineList?.remove(this);
    this.#letGo();
    this.server.servePlainly(this, this.socket, this.peer).refuseAll(error);
  }

  #letGo(): void {
    this.socket.off('data', this.#onData);
    this.socket.off('end', this.#onEnd);
  }

  protected get isKnown(): boolean {
    return this.#isKnown;
  }

  override expireReading(): void {
    this.destroy();
  }

  override closeIdle(): void {
    this.destroy();
  }

  /** One that has begun may still bring a request. */
  override drain(nowMs: number): void {
    this.#isDraining = true;
    if (this.#isKnown) return;
    if (nowMs - this.#acceptedMs >= QUIET_MS) this.closeIdle();
    else this.server.awaitRequest(this, nowMs);
  }

  override destroy(): void {
    this.socket.destroy();
  }
}

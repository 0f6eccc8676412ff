import type { Socket } from 'node:net';
import type { Peer } from '../../handlers/exchange.ts';
import { HttpError } from '../../protocol/http1/errors.ts';
import type { ProxyReader } from '../../protocol/proxy-protocol/proxy-reader.ts';
import { ClientConnection, QUIET_MS } from '../client-connection.ts';
import { proxiedPeer } from '../proxied-peer.ts';
import type { Server } from '../server.ts';
import type { TlsTerminator } from './terminator.ts';
import { tlsVariables } from './tls-variables.ts';

/** The first byte of every TLS record of a handshake. */
const TLS_HANDSHAKE = 0x16;

/**
 * A connection until it is encrypted. What comes before TLS is read here: the PROXY protocol's header, and the first byte, which
 * tells TLS from plain HTTP. A client that sends nothing gets no state of OpenSSL's, which takes some ten times the memory of its socket.
 */
export class Handshake extends ClientConnection {
  readonly #socket: Socket;
  readonly #server: Server;
  readonly #terminator: TlsTerminator;
  readonly #acceptedMs = performance.now();
  readonly #onData = (chunk: Buffer) => this.#read(chunk);
  readonly #onEnd = () => this.destroy();
  #peer: Peer;
  #proxyReader: ProxyReader | null;
  #hasBegun = false;
  #isDraining = false;

  constructor(socket: Socket, peer: Peer, server: Server, terminator: TlsTerminator) {
    super();
    this.#socket = socket;
    this.#peer = peer;
    this.#server = server;
    this.#terminator = terminator;
    this.#proxyReader = server.proxyReader(peer);
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.deadlineList?.remove(this);
      server.forget(this);
    });
    // From the first to the last byte of the handshake; no byte prolongs it.
    server.headDeadlines.add(this, this.#acceptedMs);
  }

  #read(chunk: Buffer): void {
    const bytes = this.#withoutProxyHeader(chunk);
    if (bytes === null) return;
    if (bytes instanceof HttpError) this.#refuse(bytes);
    else if (bytes.length === 0) return;
    else if (bytes[0] !== TLS_HANDSHAKE) this.#refuse(new HttpError('plain_http'));
    else this.#begin(bytes);
  }

  /** What stands behind the header; null: it is not there whole. */
  #withoutProxyHeader(chunk: Buffer): Buffer | HttpError | null {
    if (this.#proxyReader === null) return chunk;
    const reading = this.#proxyReader.read(chunk);
    if (reading === null || reading instanceof HttpError) return reading;
    this.#proxyReader = null;
    if (reading.header !== null) this.#peer = proxiedPeer(this.#peer, reading.header);
    return reading.rest;
  }

  #begin(bytes: Buffer): void {
    this.#hasBegun = true;
    // In a drain it was taken for idle.
    if (this.#isDraining) this.#server.headDeadlines.add(this, performance.now());
    this.#letGo();
    this.#socket.pause();
    this.#socket.unshift(bytes);
    this.#terminator.begin(this.#socket, {
      secured: (secured) => {
        this.deadlineList?.remove(this);
        const tls = tlsVariables(secured, this.#terminator.config);
        this.#server.serveSecured(this, secured, this.#socket, { ...this.#peer, tls });
      },
      failed: (reason) => this.#server.noteFailedHandshake(reason, this.#peer),
    });
  }

  /** In plain text, as the client speaks. */
  #refuse(error: HttpError): void {
    this.deadlineList?.remove(this);
    this.#letGo();
    this.#server.servePlainly(this, this.#socket, this.#peer).refuseAll(error);
  }

  #letGo(): void {
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
  }

  override expireReading(): void {
    if (this.#hasBegun) this.#server.noteFailedHandshake('it took too long', this.#peer);
    this.destroy();
  }

  override closeIdle(): void {
    this.destroy();
  }

  /** One that has begun may still bring a request. */
  override drain(nowMs: number): void {
    this.#isDraining = true;
    if (this.#hasBegun) return;
    if (nowMs - this.#acceptedMs >= QUIET_MS) this.closeIdle();
    else this.#server.awaitRequest(this, nowMs);
  }

  override destroy(): void {
    this.#socket.destroy();
  }
}

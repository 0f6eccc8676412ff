import { createServer, type Server as NetServer, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { DeadlineList } from '../base/deadlines.ts';
import { type ChunkTaker, SocketReader } from '../base/socket-reader.ts';
import type { Peer } from '../handlers/exchange.ts';
import type { Router } from '../handlers/router.ts';
import type { TrustPolicy } from '../handlers/trust.ts';
import type { ErrorLog } from '../observe/error-log.ts';
import type { RequestSink } from '../observe/request-sink.ts';
import type { HttpError } from '../protocol/http1/errors.ts';
import type { Leniency } from '../protocol/http1/leniency.ts';
import type { HttpLimits } from '../protocol/http1/limits.ts';
import { RequestParser } from '../protocol/http1/request-parser.ts';
import { ProxyReader } from '../protocol/proxy-protocol/proxy-reader.ts';
import type { EdgeConfig, Http2Limits, ListenerSpec } from '../protocol/supervision/edge.ts';
import type { TlsConfig } from '../protocol/supervision/tls-config.ts';
import { acceptHandles, type ConnectionHandle } from './accept-handles.ts';
import type { BodyLimits } from './body-collector.ts';
import { type ClientConnection, QUIET_MS, type Reading, type Sending } from './client-connection.ts';
import { ClientSpool } from './client-spool.ts';
import { Connection } from './connection.ts';
import { ExchangeRecord, type FinishedExchange } from './exchange-record.ts';
import { Http2Connection } from './http2/connection.ts';
import type { Discard } from './http2/discard.ts';
import { Preface } from './http2/preface.ts';
import { largestBody } from './largest-body.ts';
import { leniencyOf } from './leniency.ts';
import type { Opening } from './opening.ts';
import type { OutgoingLimits } from './outgoing.ts';
import { RefusalLog } from './refusal-log.ts';
import { Handshake } from './tls/handshake.ts';
import { readLent } from './tls/lent-reading.ts';
import { Terminators } from './tls/terminators.ts';
import type { TlsChallenges } from './tls/tls-challenges.ts';

/** How long what a client still sends is read after its connection's last response; Gunicorn's value. */
const LINGER_MS = 2000;

/** What a reload may change. */
export interface ServerParts {
  readonly config: EdgeConfig;
  readonly router: Router;
  readonly trust: TrustPolicy;
  /** null: nobody wants to know of requests. */
  readonly requests: RequestSink | null;
  /** Who counts requests, wherever their lines go; null: nobody. */
  readonly meter: RequestSink | null;
}

/** The sockets that face clients, and what their connections share. */
export class Server {
  readonly log: ErrorLog;
  readonly headDeadlines: DeadlineList<ClientConnection>;
  readonly bodyDeadlines: DeadlineList<Reading>;
  readonly #idleDeadlines: DeadlineList<ClientConnection>;
  readonly sendDeadlines: DeadlineList<Sending>;
  readonly discardDeadlines: DeadlineList<Discard>;
  readonly lingerDeadlines: DeadlineList<ClientConnection>;
  readonly #quietDeadlines: DeadlineList<ClientConnection>;
  readonly #runDir: string;
  readonly #connections = new Set<ClientConnection>();
  readonly #listeners: NetServer[] = [];
  #parts: ServerParts;
  #leniency: Leniency | null;
  #maxBodyBytes: number;
  /** null: connections are not encrypted. */
  #terminators: Terminators | null;
  /** What an authority asks for by handshakes; null: nothing. */
  challenges: TlsChallenges | null = null;
  readonly #failedHandshakes = new RefusalLog((line) => this.log.info(line), 'handshakes');
  readonly #failedHttp2 = new RefusalLog((line) => this.log.info(line), 'connections');
  #isDraining = false;
  #accepted = 0;
  #whenEmpty: (() => void) | null = null;

  constructor(runDir: string, log: ErrorLog, parts: ServerParts) {
    this.#runDir = runDir;
    this.log = log;
    this.#parts = parts;
    const { config } = parts;
    this.#leniency = leniencyOf(config);
    this.#maxBodyBytes = largestBody(config);
    this.#terminators = config.tls === null ? null : new Terminators(config.tls, null);
    this.headDeadlines = new DeadlineList(config.headTimeoutMs, (connection) => connection.expireReading());
    this.bodyDeadlines = new DeadlineList(config.bodyTimeoutMs, (connection) => connection.expireReading());
    this.#idleDeadlines = new DeadlineList(config.keepAliveMs, (connection) => connection.closeIdle());
    this.sendDeadlines = new DeadlineList(config.sendTimeoutMs, (sending) => sending.expireSending());
    this.discardDeadlines = new DeadlineList(LINGER_MS, (rest) => rest.expire());
    this.lingerDeadlines = new DeadlineList(LINGER_MS, (connection) => connection.destroy());
    this.#quietDeadlines = new DeadlineList(QUIET_MS, (connection) => connection.closeIdle());
  }

  /** After a reload: for new connections, and for what existing ones do next. */
  reconfigure(parts: ServerParts): void {
    this.#replaceTerminator(parts.config.tls);
    this.#parts = parts;
    this.#leniency = leniencyOf(parts.config);
    this.#maxBodyBytes = largestBody(parts.config);
    this.headDeadlines.durationMs = parts.config.headTimeoutMs;
    this.bodyDeadlines.durationMs = parts.config.bodyTimeoutMs;
    this.sendDeadlines.durationMs = parts.config.sendTimeoutMs;
    this.#idleDeadlines.durationMs = parts.config.keepAliveMs;
  }

  /** Handshakes that have begun, and sessions that may be resumed, keep the one that they know as long as nothing has changed. */
  #replaceTerminator(tls: TlsConfig | null): void {
    if (isDeepStrictEqual(tls, this.#parts.config.tls)) return;
    try {
      this.#terminators = tls === null ? null : new Terminators(tls, this.#terminators);
    } catch (error) {
      this.log.error(
        `TLS goes on as it was, the new certificate cannot be used: ${(error as Error).message}`,
      );
    }
  }

  get router(): Router {
    return this.#parts.router;
  }

  newParser(): RequestParser {
    return new RequestParser(this.limits, this.#leniency);
  }

  get leniency(): Leniency | null {
    return this.#leniency;
  }

  get http2(): Http2Limits {
    return this.#parts.config.http2;
  }

  get limits(): HttpLimits {
    const { config } = this.#parts;
    return {
      maxRequestLineBytes: config.limitRequestLine,
      maxFields: config.limitRequestFields,
      maxFieldBytes: config.limitRequestFieldSize,
      maxBodyBytes: this.#maxBodyBytes,
    };
  }

  /** What reads the PROXY protocol off a new connection; null: nothing does. */
  proxyReader(peer: Peer): ProxyReader | null {
    const { config, trust } = this.#parts;
    if (config.proxyProtocol === 'off') return null;
    return new ProxyReader(config.proxyProtocol, trust.takesProxyHeaderFrom(peer.remoteAddress));
  }

  get bodyLimits(): BodyLimits {
    return { memoryBytes: this.#parts.config.bodyBufferBytes, folder: this.#runDir };
  }

  /** For one client. */
  newSpool(): ClientSpool {
    return new ClientSpool(this.#runDir);
  }

  /** `spools`: what a slow client has not taken may wait in a file. */
  outgoingLimits(spools: boolean, spool: ClientSpool): OutgoingLimits {
    const { bodyBufferBytes, responseSpoolBytes } = this.#parts.config;
    return {
      memoryBytes: bodyBufferBytes,
      spoolBytes: spools ? responseSpoolBytes : 0,
      spool,
    };
  }

  get sendTimeoutMs(): number {
    return this.#parts.config.sendTimeoutMs;
  }

  get keepsAlive(): boolean {
    return !this.#isDraining && this.#parts.config.keepAliveMs > 0;
  }

  /** Listens on a socket that the arbiter bound. */
  listen(spec: ListenerSpec): Promise<void> {
    return new Promise((resolve, reject) => {
      // A client that closes its sending side after its request still gets its response.
      const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
        this.#accept(socket, spec),
      );
      listener.once('error', reject);
      listener.listen({ fd: spec.fd, backlog: this.#parts.config.backlog }, () => {
        acceptHandles(listener, (handle) => this.#acceptHandle(handle, spec));
        listener.off('error', reject);
        listener.on('error', (error) => this.log.error(`Could not accept a connection: ${error.message}`));
        resolve();
      });
      this.#listeners.push(listener);
    });
  }

  /** Plain connections alone: what TLS reads goes through buffers of its own. */
  #acceptHandle(handle: ConnectionHandle, spec: ListenerSpec): boolean {
    if (this.#terminatorsFor(spec) !== null || this.#parts.config.http2Cleartext) return false;
    const reader = new SocketReader(handle);
    reader.socket.setNoDelay(true);
    const peer = this.#meet(reader.socket, spec);
    if (peer === null) return true;
    const connection = new Connection(reader.socket, reader.socket, peer, this, this.proxyReader(peer));
    reader.taker = connection;
    this.#connections.add(connection);
    return true;
  }

  #accept(socket: Socket, spec: ListenerSpec): void {
    const peer = this.#meet(socket, spec);
    if (peer === null) return;
    this.#connections.add(this.#begin(socket, peer, spec));
  }

  #begin(socket: Socket, peer: Peer, spec: ListenerSpec): ClientConnection {
    const terminators = this.#terminatorsFor(spec);
    if (terminators !== null) return new Handshake(socket, peer, this, terminators);
    // Anybody else is served HTTP/1, as in Gunicorn.
    if (this.#parts.config.http2Cleartext && peer.rules.isTrusted) return new Preface(socket, peer, this);
    return this.#connection(socket, socket, peer, this.proxyReader(peer));
  }

  /** null: plain HTTP is spoken there. */
  #terminatorsFor({ scheme }: ListenerSpec): Terminators | null {
    return scheme === 'http' ? null : this.#terminators;
  }

  /** Who has connected. null: it has been reset already, and its address is lost: without one it would pass for a peer on a unix socket. */
  #meet(socket: Socket, spec: ListenerSpec): Peer | null {
    this.#accepted += 1;
    if (spec.kind === 'unix' || socket.remoteAddress !== undefined) return this.#peer(socket, spec);
    socket.destroy();
    return null;
  }

  #connection(socket: Socket, carrier: Socket, peer: Peer, proxyReader: ProxyReader | null): Connection {
    const connection = new Connection(socket, carrier, peer, this, proxyReader);
    socket.on('data', (chunk) => connection.takeChunk(chunk));
    return connection;
  }

  /** A handshake is done. `carrier` is the socket below. */
  serveSecured(handshake: Opening, socket: TLSSocket, carrier: Socket, peer: Peer): void {
    if (socket.alpnProtocol === 'h2') {
      const connection = new Http2Connection(socket, carrier, peer, this);
      readSecured(socket, connection);
      this.#replace(handshake, connection);
    } else this.#replace(handshake, this.#securedConnection(socket, carrier, peer));
  }

  #securedConnection(socket: TLSSocket, carrier: Socket, peer: Peer): Connection {
    const connection = new Connection(socket, carrier, peer, this, null);
    readSecured(socket, connection);
    return connection;
  }

  /** Its preface has come. */
  serveHttp2(opening: Opening, socket: Socket, peer: Peer): void {
    const connection = new Http2Connection(socket, socket, peer, this);
    socket.on('data', (chunk: Buffer) => connection.takeChunk(chunk)).resume();
    this.#replace(opening, connection);
  }

  /** It does not speak what it should. */
  servePlainly(opening: Opening, socket: Socket, peer: Peer): Connection {
    const connection = this.#connection(socket, socket, peer, null);
    this.#replace(opening, connection);
    return connection;
  }

  #replace(before: ClientConnection, after: ClientConnection): void {
    this.#connections.delete(before);
    this.#connections.add(after);
    if (this.#isDraining) after.drain(performance.now());
  }

  #peer(socket: Socket, spec: ListenerSpec): Peer {
    const isUnix = spec.kind === 'unix';
    // An IPv4 client on a dual-stack socket is known by its IPv4 address.
    const remoteAddress = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
    return {
      remoteAddress,
      remotePort: isUnix ? '' : String(socket.remotePort ?? ''),
      serverName: isUnix ? '' : spec.host,
      serverPort: isUnix ? '' : String(spec.port),
      proxyHeader: null,
      tls: null,
      clientRule: '',
      rules: this.#parts.trust.rulesFor(remoteAddress),
    };
  }

  /** The connection is idle. */
  awaitRequest(connection: ClientConnection, nowMs: number): void {
    (this.#isDraining ? this.#quietDeadlines : this.#idleDeadlines).add(connection, nowMs);
  }

  forget(connection: ClientConnection): void {
    this.#connections.delete(connection);
    this.#checkEmpty();
  }

  logAccess(exchange: FinishedExchange, peer: Peer, nowMs: number): void {
    const { requests, meter } = this.#parts;
    const { accessLog } = exchange;
    if (accessLog === undefined) {
      if (requests !== null) requests.write(new ExchangeRecord(exchange, peer, nowMs));
      return;
    }
    if (accessLog === null && meter === null) return;
    const record = new ExchangeRecord(exchange, peer, nowMs);
    accessLog?.write(record);
    meter?.write(record);
  }

  noteRefused(error: HttpError, peer: Peer): void {
    this.log.warning(`Invalid request from ip=${peer.remoteAddress}: ${error.message}`);
  }

  noteFailedHandshake(reason: string, peer: Peer): void {
    this.#failedHandshakes.note(() => `TLS handshake with ip=${peer.remoteAddress} failed: ${reason}`);
  }

  noteFailedHttp2(reason: string, peer: Peer): void {
    this.#failedHttp2.note(() => `HTTP/2 connection of ip=${peer.remoteAddress} was ended: ${reason}`);
  }

  // --- stopping ---

  drainConnections(): void {
    this.#isDraining = true;
    const now = performance.now();
    for (const connection of this.#connections) connection.drain(now);
  }

  /** Accepts what waits in the backlog, until a turn of the event loop brings nothing, and then stops listening. */
  async drainBacklog(): Promise<void> {
    let before = -1;
    // Node accepts one connection per socket and turn; two empty turns mean that none is left.
    for (let emptyTurns = 0; emptyTurns < 2; ) {
      emptyTurns = this.#accepted === before ? emptyTurns + 1 : 0;
      before = this.#accepted;
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const listener of this.#listeners) listener.close();
  }

  whenEmpty(callback: () => void): void {
    this.#whenEmpty = callback;
    this.#checkEmpty();
  }

  destroyAll(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  #checkEmpty(): void {
    if (this.#connections.size > 0 || this.#whenEmpty === null) return;
    const callback = this.#whenEmpty;
    this.#whenEmpty = null;
    callback();
  }
}

function readSecured(socket: TLSSocket, taker: ChunkTaker): void {
  if (!readLent(socket, taker)) socket.on('data', (chunk: Buffer) => taker.takeChunk(chunk));
}

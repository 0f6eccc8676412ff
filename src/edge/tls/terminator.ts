import type { Socket } from 'node:net';
import type { TLSSocket, Server as TlsServer } from 'node:tls';
import type { OcspStaple, TlsIdentity, TlsTerms } from '../../protocol/supervision/tls-config.ts';
import { clientRule } from '../../tls/client-rule.ts';
import { contextOptions } from '../../tls/context-options.ts';

export interface HandshakeEvents {
  /** From now on this socket is the client's. */
  secured(socket: TLSSocket): void;
  /** The socket is being destroyed. */
  failed(reason: string): void;
}

/** Handshakes have a deadline of Kirin's; Node's own is out of its way. */
const NEVER_MS = 2 ** 31 - 1;

/** Of Node: a name, and keys for a signature and a cipher. */
const TICKET_KEYS_BYTES = 48;

/** Node does not document it: the socket that a TLS socket lies on. */
interface Layered {
  readonly _parent: Socket;
}

/** Ends TLS: a connection's socket in, one that speaks plainly out. */
export class TlsTerminator {
  /** Which of all it is. */
  readonly key: string;
  readonly config: TlsIdentity & TlsTerms;
  /** By which its clients are let in. */
  readonly clientRule: string;
  /** It never listens: sockets are given to it, as Node's documentation of `connection` has it. */
  readonly #server: TlsServer;
  readonly #handshakes = new WeakMap<Socket, HandshakeEvents>();

  /** @throws what OpenSSL says of certificate, key or ciphers */
  constructor(key: string, config: TlsIdentity & TlsTerms, ticketSecret: string) {
    this.key = key;
    this.config = config;
    this.clientRule = clientRule(config);
    // Only where it is needed: it takes a start 10 ms, and the edge some megabytes.
    const { createServer } = process.getBuiltinModule('node:tls');
    this.#server = createServer({
      ticketKeys: this.#ticketKeys(ticketSecret),
      ...contextOptions(config),
      ALPNProtocols: [...config.protocols],
      requestCert: config.clientCertificates !== 'ignored',
      rejectUnauthorized: config.clientCertificates === 'required',
      handshakeTimeout: NEVER_MS,
    });
    this.#server.on('secureConnection', (socket: TLSSocket) => this.#onSecured(socket));
    // With a listener Node interrupts every handshake to ask.
    if (config.ocsp !== null) this.#staple(config.ocsp);
    this.#server.on('tlsClientError', (error: Error & { reason?: string }, socket: TLSSocket) => {
      // A certificate that does not do ends as if the client had left.
      this.#eventsOf(socket)?.failed(certificateProblem(socket) ?? error.reason ?? error.message);
    });
  }

  #staple({ response, untilMs }: OcspStaple): void {
    const bytes = Buffer.from(response, 'base64');
    this.#server.on(
      'OCSPRequest',
      (_certificate, _issuer, answer: (error: null, response: Buffer | null) => void) => {
        const holds = untilMs === null || Date.now() < untilMs;
        answer(null, holds ? bytes : null);
      },
    );
  }

  /** Sessions that were begun with another secret begin anew. */
  useTickets(secret: string): void {
    this.#server.setTicketKeys(this.#ticketKeys(secret));
  }

  /** Nobody takes up a session of another host's, or one whose client was let in by another rule. */
  #ticketKeys(secret: string): Buffer {
    const { hkdfSync } = process.getBuiltinModule('node:crypto');
    const info = `kirin session tickets\n${this.key}\n${this.clientRule}`;
    return Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'base64'), '', info, TICKET_KEYS_BYTES));
  }

  /** What the client has sent so far must have been put back. */
  begin(socket: Socket, events: HandshakeEvents): void {
    this.#handshakes.set(socket, events);
    // The TLS socket takes this over: a client that ends within its handshake has left.
    socket.allowHalfOpen = false;
    this.#server.emit('connection', socket);
  }

  #onSecured(socket: TLSSocket): void {
    const events = this.#eventsOf(socket);
    const isRefused =
      this.config.clientCertificates === 'optional' &&
      !socket.authorized &&
      socket.getPeerX509Certificate() !== undefined;
    if (!isRefused) {
      socket.allowHalfOpen = true;
      events?.secured(socket);
      return;
    }
    events?.failed(certificateProblem(socket) ?? 'the certificate is not valid');
    socket.destroy();
  }

  #eventsOf(socket: TLSSocket): HandshakeEvents | undefined {
    return this.#handshakes.get((socket as unknown as Layered)._parent);
  }
}

/** Node's code for it, such as CERT_HAS_EXPIRED, in words; null: there is none. */
function certificateProblem(socket: TLSSocket): string | null {
  const code = socket.authorizationError as Error | string | null | undefined;
  if (code === null || code === undefined) return null;
  const isMissing = socket.getPeerX509Certificate() === undefined;
  if (isMissing) return 'the client has no certificate';
  return `the client's certificate is not taken: ${String(code).toLowerCase().replaceAll('_', ' ')}`;
}

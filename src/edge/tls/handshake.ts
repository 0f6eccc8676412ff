import type { Socket } from 'node:net';
import type { Peer } from '../../handlers/exchange.ts';
import { HttpError } from '../../protocol/http1/errors.ts';
import { Opening } from '../opening.ts';
import type { Server } from '../server.ts';
import type { TlsTerminator } from './terminator.ts';
import { tlsVariables } from './tls-variables.ts';

/** The first byte of every TLS record of a handshake. */
const TLS_HANDSHAKE = 0x16;

/**
 * A connection until it is encrypted. Its first byte tells TLS from plain HTTP; a client that sends nothing gets no state of
 * OpenSSL's, which takes some ten times the memory of its socket.
 */
export class Handshake extends Opening {
  readonly #terminator: TlsTerminator;

  constructor(socket: Socket, peer: Peer, server: Server, terminator: TlsTerminator) {
    super(socket, peer, server);
    this.#terminator = terminator;
  }

  protected override look(bytes: Buffer): void {
    if (bytes[0] === TLS_HANDSHAKE) this.#begin(bytes);
    else this.refuse(new HttpError('plain_http'));
  }

  #begin(bytes: Buffer): void {
    this.handOver(bytes);
    this.#terminator.begin(this.socket, {
      secured: (secured) => {
        this.deadlineList?.remove(this);
        const tls = tlsVariables(secured, this.#terminator.config);
        this.server.serveSecured(this, secured, this.socket, { ...this.peer, tls });
      },
      failed: (reason) => this.server.noteFailedHandshake(reason, this.peer),
    });
  }

  override expireReading(): void {
    if (this.isKnown) this.server.noteFailedHandshake('it took too long', this.peer);
    super.expireReading();
  }
}

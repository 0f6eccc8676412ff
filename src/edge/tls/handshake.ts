import type { Socket } from 'node:net';
import type { Peer } from '../../handlers/exchange.ts';
import { HttpError } from '../../protocol/http1/errors.ts';
import { readClientHello } from '../../protocol/tls/client-hello.ts';
import { Opening } from '../opening.ts';
import type { Server } from '../server.ts';
import type { TlsTerminator } from './terminator.ts';
import type { Terminators } from './terminators.ts';
import { answerChallenge, type TlsChallenge } from './tls-challenges.ts';
import { tlsVariables } from './tls-variables.ts';

/** The first byte of every TLS record of a handshake. */
const TLS_HANDSHAKE = 0x16;

/** A hello has some 2 kB, with a session to be resumed and a client's certificate in it some more. Of longer ones nobody is chosen by the name. */
const MAX_HELLO_BYTES = 32_768;

/**
 * A connection until it is encrypted. Its first byte tells TLS from plain HTTP; a client that sends nothing gets no state of
 * OpenSSL's, which takes some ten times the memory of its socket.
 */
export class Handshake extends Opening {
  readonly #terminators: Terminators;
  /** What there is of the client's hello, while it is not whole. */
  readonly #hello: Buffer[] = [];
  #helloBytes = 0;
  #wantedBytes = 0;

  constructor(socket: Socket, peer: Peer, server: Server, terminators: Terminators) {
    super(socket, peer, server);
    this.#terminators = terminators;
  }

  protected override look(bytes: Buffer): void {
    if (this.#helloBytes === 0 && bytes[0] !== TLS_HANDSHAKE) this.refuse(new HttpError('plain_http'));
    else if (this.#terminators.hasSeveral) this.#choose(bytes);
    else this.#begin(bytes, this.#terminators.usual);
  }

  #choose(bytes: Buffer): void {
    this.#hello.push(bytes);
    this.#helloBytes += bytes.length;
    // However small its pieces are, they are not put together for each of them.
    if (this.#helloBytes < this.#wantedBytes) return;
    const whole = Buffer.concat(this.#hello);
    const hello = readClientHello(whole, MAX_HELLO_BYTES);
    if ('atLeast' in hello) {
      this.#wantedBytes = hello.atLeast;
      return;
    }
    const challenge = this.server.challenges?.find(hello) ?? null;
    if (challenge === null) this.#begin(whole, this.#terminators.find(hello.serverName));
    else this.#answer(challenge, whole);
  }

  #answer(challenge: TlsChallenge, bytes: Buffer): void {
    this.handOver(bytes);
    answerChallenge(this.socket, challenge);
  }

  #begin(bytes: Buffer, terminator: TlsTerminator): void {
    this.handOver(bytes);
    terminator.begin(this.socket, {
      secured: (secured) => {
        this.deadlineList?.remove(this);
        const tls = tlsVariables(secured, terminator.config);
        const { clientRule } = terminator;
        this.server.serveSecured(this, secured, this.socket, { ...this.peer, tls, clientRule });
      },
      failed: (reason) => this.server.noteFailedHandshake(reason, this.peer),
    });
  }

  override expireReading(): void {
    if (this.isKnown) this.server.noteFailedHandshake('it took too long', this.peer);
    super.expireReading();
  }
}

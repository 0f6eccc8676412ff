import type { Socket } from 'node:net';
import type { Challenge } from '../../protocol/supervision/acme.ts';
import type { ClientHello } from '../../protocol/tls/client-hello.ts';

const PROTOCOL = 'acme-tls/1';

export type TlsChallenge = Extract<Challenge, { type: 'tls-alpn-01' }>;

/** By which an authority asks whether a host is ours (RFC 8737). */
export class TlsChallenges {
  readonly #byHost: ReadonlyMap<string, TlsChallenge>;

  private constructor(challenges: readonly TlsChallenge[]) {
    this.#byHost = new Map(challenges.map((challenge) => [challenge.host, challenge]));
  }

  /** null: there are none. */
  static of(challenges: readonly Challenge[]): TlsChallenges | null {
    const ours = challenges.filter((challenge) => challenge.type === 'tls-alpn-01');
    return ours.length === 0 ? null : new TlsChallenges(ours);
  }

  /** null: this is any other client. */
  find({ serverName, protocols }: ClientHello): TlsChallenge | null {
    if (serverName === null || !protocols.includes(PROTOCOL)) return null;
    return this.#byHost.get(serverName) ?? null;
  }
}

/** The handshake is all that there is, with a certificate that is for nobody else. What the client has sent so far must have been put back. */
export function answerChallenge(socket: Socket, { certificate, key }: TlsChallenge): void {
  const { createServer } = process.getBuiltinModule('node:tls');
  const server = createServer({ cert: certificate, key, ALPNProtocols: [PROTOCOL] });
  server.on('secureConnection', (secured) => {
    secured.on('error', () => {});
    secured.resume();
    secured.end();
  });
  server.on('tlsClientError', () => socket.destroy());
  socket.allowHalfOpen = false;
  server.emit('connection', socket);
}

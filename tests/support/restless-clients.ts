import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Random } from './random.ts';

const BODY = 'a'.repeat(100_000);
const HEAD = 'HTTP/1.1\r\nHost: restless\r\n';

/** What one of them sends, and after how many bytes of the answers it leaves; a body that is not all there never gets one. */
const WAYS: readonly (readonly [sent: string, leavesAfter: number])[] = [
  [`GET / ${HEAD}\r\n`, 0],
  [`GET / ${HEAD}\r\n`, 1],
  [`GET /large ${HEAD}\r\n`, 1],
  [`GET /large ${HEAD}\r\n`, 100_000],
  [`GET /large ${HEAD}Connection: close\r\n\r\n`, Number.POSITIVE_INFINITY],
  [`POST / ${HEAD}Content-Length: ${BODY.length}\r\n\r\n${BODY}`, 1],
  [`POST / ${HEAD}Content-Length: ${BODY.length}\r\n\r\n${BODY.slice(1)}`, 0],
  [`POST / ${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, 1],
  [`GET / ${HEAD}\r\nGET /large ${HEAD}\r\nGET / ${HEAD}\r\n`, 400],
  [`GET / ${HEAD}Connection: Upgrade\r\nUpgrade: echo\r\n\r\nhello`, 1],
  [`GET / ${HEAD}Connection: Upgrade\r\nUpgrade: echo\r\n\r\n${BODY}`, 50_000],
  [`HEAD /large ${HEAD}\r\n`, 1],
];

/** Clients that come and go in all ways, most before they have their answers. What becomes of their requests nobody wants to know. */
export class RestlessClients {
  readonly #port: number;
  readonly #random: Random;
  readonly #clients: readonly Promise<void>[];
  #visits = 0;
  #isStopped = false;

  constructor(port: number, count: number, random: Random) {
    this.#port = port;
    this.#random = random;
    this.#clients = Array.from({ length: count }, () => this.#run());
  }

  /** How many have come. */
  async stop(): Promise<number> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
    return this.#visits;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const [sent, leavesAfter] = this.#random.of(WAYS);
      const socket = connect(this.#port, '127.0.0.1');
      const closed = once(socket, 'close').catch(() => {});
      socket.on('error', () => {});
      socket.write(sent, 'latin1', () => leavesAfter === 0 && socket.destroy());
      leaveAfter(socket, leavesAfter);
      await closed;
      this.#visits += 1;
    }
  }
}

function leaveAfter(socket: Socket, bytes: number): void {
  let received = 0;
  socket.on('data', (data) => {
    received += data.length;
    if (received >= bytes) socket.destroy();
  });
}

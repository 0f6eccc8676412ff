import { connect } from 'node:net';

/** How a request of a load ended. `refused`: the connection was, so that nothing was accepted. */
export interface LoadResult {
  readonly answered: number;
  /** Status codes other than 200, and connections that broke after they had been accepted. */
  readonly failures: readonly string[];
  readonly bodies: readonly string[];
}

interface LoadOptions {
  readonly port: number;
  readonly path?: string;
  readonly clients?: number;
}

/** Clients that send one request after another, each on a connection of its own, until they are stopped or refused. */
export class SteadyLoad {
  readonly #options: Required<LoadOptions>;
  readonly #clients: Promise<void>[];
  readonly #failures: string[] = [];
  readonly #bodies: string[] = [];
  #isStopped = false;

  constructor({ port, path = '/', clients = 4 }: LoadOptions) {
    this.#options = { port, path, clients };
    this.#clients = Array.from({ length: clients }, () => this.#run());
  }

  get answered(): number {
    return this.#bodies.length;
  }

  /** Bodies of the responses so far, in the order in which they came. */
  get bodies(): readonly string[] {
    return this.#bodies;
  }

  get failures(): readonly string[] {
    return this.#failures;
  }

  async stop(): Promise<LoadResult> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
    return { answered: this.#bodies.length, failures: this.#failures, bodies: this.#bodies };
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const answer = await this.#request();
      if (answer === 'refused') return;
      if (answer.status === '200') this.#bodies.push(answer.body);
      else this.#failures.push(`${answer.status} ${answer.body}`.trim());
    }
  }

  #request(): Promise<{ status: string; body: string } | 'refused'> {
    const { port, path } = this.#options;
    return new Promise((resolve) => {
      let received = '';
      let isConnected = false;
      const socket = connect(port, '127.0.0.1', () => {
        isConnected = true;
        socket.write(`GET ${path} HTTP/1.1\r\nHost: load\r\nConnection: close\r\n\r\n`);
      });
      socket.setEncoding('latin1').on('data', (text: string) => {
        received += text;
      });
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (!isConnected && error.code === 'ECONNREFUSED') resolve('refused');
        else resolve({ status: `${error.code}`, body: received });
      });
      socket.on('close', () => {
        const [, status = 'no response', body = ''] =
          /^HTTP\/1\.1 (\d+)[\s\S]*?\r\n\r\n([\s\S]*)$/.exec(received) ?? [];
        resolve({ status, body });
      });
    });
  }
}

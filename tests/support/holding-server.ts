import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Another service, which the application asks: it holds its answers until it is told to give them. */
export class HoldingServer {
  readonly #server: Server;
  #held: ServerResponse[] = [];
  #isOpen = false;

  private constructor() {
    this.#server = createServer((_, response) => {
      if (this.#isOpen) response.end('told');
      else this.#held.push(response);
    });
  }

  static async start(): Promise<HoldingServer> {
    const holding = new HoldingServer();
    await new Promise<void>((resolve) => {
      holding.#server.listen(0, '127.0.0.1', 4096, resolve);
    });
    return holding;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Requests that wait for their answer at this moment. */
  get held(): number {
    return this.#held.length;
  }

  letGo(): void {
    this.#isOpen = true;
    for (const response of this.#held.splice(0)) response.end('told');
  }

  hold(): void {
    this.#isOpen = false;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

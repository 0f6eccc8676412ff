import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KirinProcess } from './kirin.ts';
import { RawConnection } from './raw-connection.ts';
import type { RawResponse } from './response-reader.ts';
import { waitFor } from './wait-for.ts';

let requests = 0;

/** A request to dangerous.py that runs until it is let go, and so holds a lane. */
export class HeldRequest {
  readonly connection: RawConnection;
  readonly #file: string;

  private constructor(connection: RawConnection, folder: string) {
    requests += 1;
    this.connection = connection;
    this.#file = join(folder, `go-${requests}`);
    connection.send(`GET ${this.target} HTTP/1.1\r\nHost: a\r\n\r\n`);
  }

  get target(): string {
    return `/wait-for-file?path=${this.#file}`;
  }

  static async send(kirin: KirinProcess, folder: string, connection?: RawConnection): Promise<HeldRequest> {
    return new HeldRequest(connection ?? (await RawConnection.open({ port: kirin.port })), folder);
  }

  get hasStarted(): boolean {
    return existsSync(`${this.#file}.started`);
  }

  async started(): Promise<void> {
    await waitFor(() => this.hasStarted, { what: 'the start of a request that is held' });
  }

  letGo(): void {
    writeFileSync(this.#file, '');
  }

  async answer(): Promise<RawResponse> {
    return this.connection.readResponse();
  }
}

/** How many requests wait for a lane. Needs `--health-path /health`. */
export async function queueLength(kirin: KirinProcess): Promise<number> {
  const response = await fetch(`${kirin.url}/health/metrics`);
  return ((await response.json()) as { queue: { length: number } }).queue.length;
}

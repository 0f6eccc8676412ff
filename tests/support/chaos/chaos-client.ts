import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../random.ts';
import { RawConnection } from '../raw-connection.ts';
import { fieldValue } from '../response-reader.ts';
import type { NumberedRequest } from './numbered-request.ts';

/** More than a request may take at all, the wait for a worker included. */
const ANSWER_TIMEOUT_MS = 60_000;

/** Where a client's requests come from. */
export interface RequestSource {
  /** Null: enough. */
  next(random: Random): NumberedRequest | null;
}

/** One client: sends requests over a keep-alive connection, and opens another when that has ended. */
export class ChaosClient {
  readonly #port: number;
  readonly #source: RequestSource;
  readonly #random: Random;
  /** Asks again at once: enough of these, and requests are put behind one another. */
  readonly #isEager: boolean;
  #connection: RawConnection | null = null;

  constructor(port: number, source: RequestSource, random: Random) {
    this.#port = port;
    this.#source = source;
    this.#random = random;
    this.#isEager = random.chance(0.4);
  }

  /** Until the source has no more. */
  async run(): Promise<void> {
    const random = this.#random;
    for (let request = this.#next(); request !== null; request = this.#next()) {
      this.#connection ??= await RawConnection.open({ port: this.#port });
      const connection = this.#connection;
      const manner = random.weighted({ waits: 80, leaves: 5, pipelines: 10, 'closes after': 5 });
      if (manner === 'leaves') await this.#leave(connection, request);
      else if (manner === 'pipelines') await this.#pipeline(connection, request);
      else await this.#exchange(connection, [request]);
      if (manner === 'closes after') this.#hangUp();
      if (random.chance(0.05)) await pause(random.between(100, 500));
      else if (!this.#isEager) await pause(random.between(0, 20));
    }
    this.#hangUp();
  }

  #next(): NumberedRequest | null {
    return this.#source.next(this.#random);
  }

  #hangUp(): void {
    this.#connection?.destroy();
    this.#connection = null;
  }

  async #pipeline(connection: RawConnection, first: NumberedRequest): Promise<void> {
    const requests = [first];
    const count = this.#random.between(2, 8);
    while (requests.length < count) {
      const request = this.#next();
      if (request === null) break;
      requests.push(request);
    }
    await this.#exchange(connection, requests);
  }

  /** Sends all of them at once, and reads the answers in order. */
  async #exchange(connection: RawConnection, requests: readonly NumberedRequest[]): Promise<void> {
    const sentMs = performance.now();
    connection.send(Buffer.concat(requests.map(({ bytes }) => bytes)));
    for (const request of requests) request.sentMs = sentMs;
    for (const [at, request] of requests.entries()) {
      const isLast = await this.#readAnswer(connection, request);
      request.endedMs = performance.now();
      if (!isLast) continue;
      for (const behind of requests.slice(at + 1)) behind.outcome = { kind: 'cut-behind' };
      this.#hangUp();
      return;
    }
  }

  /** Returns whether the connection is of no more use. */
  async #readAnswer(connection: RawConnection, request: NumberedRequest): Promise<boolean> {
    const { method } = request;
    try {
      const response = await connection.readResponse({ method, timeoutMs: ANSWER_TIMEOUT_MS });
      const { status } = response;
      const fault = status === 200 ? request.faultOf(response) : null;
      request.outcome = fault === null ? { kind: 'answered', status } : { kind: 'wrong', why: fault };
      return fault !== null || fieldValue(response, 'Connection')?.toLowerCase() === 'close';
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const isCut = why.startsWith('the connection ended inside');
      request.outcome = { kind: isCut ? 'cut' : 'wrong', why };
      return true;
    }
  }

  /** Goes away a moment after the request was sent, or in the middle of it. */
  async #leave(connection: RawConnection, request: NumberedRequest): Promise<void> {
    const random = this.#random;
    const { bytes } = request;
    const wasWhole = random.chance(0.8);
    request.sentMs = performance.now();
    connection.send(wasWhole ? bytes : bytes.subarray(0, random.between(1, bytes.length - 1)));
    await pause(random.between(0, 60));
    const way = random.of(['end', 'destroy', 'reset'] as const);
    if (way === 'end') {
      connection.end();
      await connection.readToEnd(ANSWER_TIMEOUT_MS);
    }
    if (way === 'reset') connection.reset();
    else connection.destroy();
    request.endedMs = performance.now();
    request.outcome = { kind: 'left', wasWhole };
    this.#connection = null;
  }
}

// A request's body on its way to an upstream.

import { createReadStream, type ReadStream } from 'node:fs';
import { chunkStart, LAST_CHUNK } from '../../protocol/http1/response-writer.ts';
import type { UpstreamConnection } from '../../upstreams/connection.ts';
import type { BodyFlow, BodyTaker, Exchange, RequestBody } from '../exchange.ts';
import type { BodyFraming } from './request-text.ts';

const NO_PARTS: readonly Buffer[] = [];
const CRLF = Buffer.from('\r\n');
const LAST = Buffer.from(LAST_CHUNK, 'latin1');

/** How a body is sent. */
export interface SentBody {
  readonly framing: BodyFraming;
  /** What is sent with the head. */
  readonly parts: readonly Buffer[];
  /** That is all of it. */
  readonly isWhole: boolean;
  /** It can be sent once more. */
  readonly isRepeatable: boolean;
  /** The connection takes more: begins, or goes on. */
  flow(connection: UpstreamConnection): void;
  /** It is sent no further. */
  stop(): void;
}

/** `failed`: the rest cannot be read. */
export function sentBodyOf(body: RequestBody, exchange: Exchange, failed: (why: Error) => void): SentBody {
  if (body.kind === 'file') return new FileBody(body.path, body.bytes, failed);
  return {
    framing: body.kind === 'memory' ? body.bytes : emptyFraming(exchange),
    parts: body.kind === 'memory' ? body.parts : NO_PARTS,
    isWhole: true,
    isRepeatable: true,
    flow: () => {},
    stop: () => {},
  };
}

/** A request that may have a body says that it has none; another says nothing. */
function emptyFraming({ head: { fields } }: Exchange): BodyFraming {
  const isTold = fields.get('content-length') !== undefined || fields.get('transfer-encoding') !== undefined;
  return isTold ? 0 : 'none';
}

/** One that was too large for the memory. */
class FileBody implements SentBody {
  readonly framing: number;
  readonly parts = NO_PARTS;
  readonly isWhole = false;
  readonly isRepeatable = true;
  readonly #path: string;
  readonly #failed: (why: Error) => void;
  #file: ReadStream | null = null;

  constructor(path: string, bytes: number, failed: (why: Error) => void) {
    this.#path = path;
    this.framing = bytes;
    this.#failed = failed;
  }

  flow(connection: UpstreamConnection): void {
    if (this.#file !== null) {
      this.#file.resume();
      return;
    }
    const file = createReadStream(this.#path);
    this.#file = file;
    file.on('data', (piece) => {
      if (!connection.sendMore(piece as Buffer)) file.pause();
    });
    file.on('end', () => connection.endSending());
    file.on('error', (error) => this.#failed(error));
  }

  stop(): void {
    this.#file?.destroy();
    this.#file = null;
  }
}

/** One that is sent on as it comes. It is asked for once there is a connection: before, another server can still be chosen. */
export class StreamedBody implements SentBody, BodyTaker {
  readonly framing: BodyFraming;
  readonly parts = NO_PARTS;
  readonly isWhole = false;
  readonly #exchange: Exchange;
  #flow: BodyFlow | null = null;
  /** One that was collected before. */
  #file: ReadStream | null = null;
  #hasBegun = false;
  #connection: UpstreamConnection | null = null;

  constructor(exchange: Exchange) {
    const { bodyLength } = exchange.head;
    this.#exchange = exchange;
    this.framing = bodyLength < 0 ? 'chunked' : bodyLength;
  }

  get isRepeatable(): boolean {
    return !this.#hasBegun;
  }

  flow(connection: UpstreamConnection): void {
    if (this.#hasBegun) {
      this.#flow?.resume();
      return;
    }
    this.#hasBegun = true;
    this.#connection = connection;
    this.#flow = this.#exchange.streamBody(this);
    // Somebody has had it read already.
    if (this.#flow === null) this.#exchange.collectBody((body) => this.#sendCollected(body));
  }

  #sendCollected(body: RequestBody): void {
    if (body.kind === 'memory') for (const part of body.parts) this.takeBody(part);
    if (body.kind !== 'file') {
      this.endBody();
      return;
    }
    const file = createReadStream(body.path);
    this.#flow = file;
    this.#file = file;
    file.on('data', (piece) => this.takeBody(piece as Buffer));
    file.on('end', () => this.endBody());
    file.on('error', () => this.#exchange.refuse(500));
  }

  takeBody(data: Buffer): void {
    const parts =
      this.framing === 'chunked' ? [Buffer.from(chunkStart(data.length), 'latin1'), data, CRLF] : [data];
    if (this.#connection?.sendMore(...parts) === false) this.#flow?.pause();
  }

  endBody(): void {
    if (this.framing === 'chunked') this.#connection?.sendMore(LAST);
    this.#connection?.endSending();
  }

  stop(): void {
    this.#connection = null;
    this.#file?.destroy();
  }
}

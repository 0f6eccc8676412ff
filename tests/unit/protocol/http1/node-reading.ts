// How Node's own HTTP server reads the same bytes, in strict mode, over a stream in this process.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import { Duplex } from 'node:stream';

export interface NodeMessage {
  readonly method: string;
  readonly target: string;
  readonly minor: number;
  readonly fields: readonly (readonly [string, string])[];
  /** As latin-1. */
  body: string;
  trailers: readonly (readonly [string, string])[];
  isComplete: boolean;
}

export interface NodeReading {
  readonly messages: readonly NodeMessage[];
  /** Its parser's error code, or its answer of its own accord, or null. */
  readonly refusal: string | null;
}

export class NodeReader {
  readonly #server: Server;
  #messages: NodeMessage[] = [];
  #refusal: string | null = null;

  constructor() {
    const options = { insecureHTTPParser: false, maxHeaderSize: 4 * 1024 * 1024, keepAlive: false };
    this.#server = createServer(options, (request, response) => {
      this.#note(request);
      response.end();
    });
    // Its own answers to these would hide how the message is framed.
    this.#server.on('checkContinue', (request, response) => this.#server.emit('request', request, response));
    this.#server.on('checkExpectation', (request, response) =>
      this.#server.emit('request', request, response),
    );
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      this.#refusal ??= error.code ?? String(error);
      // Whole messages before the bad one are still on their way through their streams.
      setImmediate(() => setImmediate(() => socket.destroy()));
    });
    this.#server.maxHeadersCount = 0;
  }

  async read(bytes: Buffer): Promise<NodeReading> {
    this.#messages = [];
    this.#refusal = null;
    const answers: string[] = [];
    const socket = new Duplex({
      read() {},
      write(chunk, _encoding, done) {
        answers.push(String(chunk));
        done();
      },
    });
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    this.#server.emit('connection', socket);
    socket.push(bytes);
    socket.push(null);
    await closed;
    // A missing Host is answered without the parser's help, and without asking us.
    if (answers.join('').includes(' 400 Bad Request')) this.#refusal ??= 'answered 400';
    return { messages: this.#messages, refusal: this.#refusal };
  }

  #note(request: IncomingMessage): void {
    const message: NodeMessage = {
      method: request.method ?? '',
      target: request.url ?? '',
      minor: request.httpVersionMinor,
      fields: pairs(request.rawHeaders),
      body: '',
      trailers: [],
      isComplete: false,
    };
    this.#messages.push(message);
    request.on('error', () => {});
    request.on('data', (data: Buffer) => {
      message.body += data.toString('latin1');
    });
    request.on('end', () => {
      message.trailers = pairs(request.rawTrailers);
      message.isComplete = request.complete;
    });
  }
}

function pairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, i) => [
    (raw[2 * i] as string).toLowerCase(),
    raw[2 * i + 1] as string,
  ]);
}

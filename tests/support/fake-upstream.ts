import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcp, type Server as NetServer, type Socket } from 'node:net';

export interface AskedRequest {
  readonly method: string;
  readonly target: string;
  /** Names as they were sent. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** Which of the server's connections it came on, from 1. */
  readonly connection: number;
}

type Answer = (request: AskedRequest, response: ServerResponse) => void;

/** A server of node:http behind Kirin, which writes down what it is asked. */
export class HttpUpstream {
  readonly requests: AskedRequest[] = [];
  answer: Answer;
  readonly server: Server;
  readonly #numbers = new Map<Socket, number>();

  constructor(answer: Answer = (request, response) => response.end(`${request.method} ${request.target}`)) {
    this.answer = answer;
    this.server = createServer((message, response) => void this.#take(message, response));
  }

  async #take(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const number = this.#numbers.get(message.socket) ?? this.#numbers.size + 1;
    this.#numbers.set(message.socket, number);
    const parts: Buffer[] = [];
    try {
      for await (const part of message) parts.push(part as Buffer);
    } catch {
      return;
    }
    const { rawHeaders } = message;
    const fields = Array.from(
      { length: rawHeaders.length / 2 },
      (_, i) => [rawHeaders[2 * i] ?? '', rawHeaders[2 * i + 1] ?? ''] as const,
    );
    const request: AskedRequest = {
      method: message.method ?? '',
      target: message.url ?? '',
      fields,
      body: Buffer.concat(parts),
      connection: number,
    };
    this.requests.push(request);
    this.answer(request, response);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get last(): AskedRequest {
    const request = this.requests.at(-1);
    if (request === undefined) throw new Error('it was asked nothing');
    return request;
  }

  listen(where: { readonly path: string } | { readonly port: number; readonly host: string }): Promise<void> {
    return new Promise((resolve) => this.server.listen(where, resolve));
  }

  async start(): Promise<this> {
    await this.listen({ port: 0, host: '127.0.0.1' });
    return this;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

/** All values of a field, in the order in which they came. @param name in lower case */
export function valuesOf({ fields }: AskedRequest, name: string): readonly string[] {
  return fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

/** A server that does with each connection what the test says. */
export class RawUpstream {
  readonly #server: NetServer;
  readonly #sockets = new Set<Socket>();
  /** How many connections have been made. */
  connections = 0;

  constructor(handle: (socket: Socket, number: number) => void) {
    this.#server = createTcp({ allowHalfOpen: true }, (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
      handle(socket, this.connections);
    });
  }

  /** Answers every request (that has no body) with these bytes; ends the connection behind them, if asked. */
  static answering(bytes: string | Buffer, { ends = false } = {}): RawUpstream {
    return new RawUpstream((socket) => {
      socket.on('data', (data: Buffer) => {
        if (!data.includes('\r\n\r\n')) return;
        if (ends) socket.end(bytes, 'latin1');
        else socket.write(bytes, 'latin1');
      });
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get open(): number {
    return this.#sockets.size;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

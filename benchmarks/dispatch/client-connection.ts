// One of the load generator's connections: sends one request at a time, and connects (again) when it has to.

import { connect, type Socket } from 'node:net';
import { ResponseReader } from './response-reader.ts';

/** What became of a request: the status of its response, or why there is none. */
export type Outcome = number | string;

/** Reads of all connections go through it, one at a time. */
const received = Buffer.allocUnsafe(64 * 1024);

export class ClientConnection {
  readonly #port: number;
  readonly #onDone: (outcome: Outcome) => void;
  #socket: Socket | null = null;
  #reader = new ResponseReader();
  #pending: string | null = null;
  /** Whether the pending request went out on a connection that had served before: the server may have been closing it. */
  #isReused = false;
  /** Connections made after the first. */
  reconnects = -1;

  /** `onDone` is called once for each request that was sent, never from within `send`. */
  constructor(port: number, onDone: (outcome: Outcome) => void) {
    this.#port = port;
    this.#onDone = onDone;
  }

  send(request: string): void {
    this.#pending = request;
    this.#isReused = this.#socket !== null;
    const socket = this.#socket ?? this.#connect();
    socket.write(request, 'latin1');
  }

  /** Gives the pending request up, if there is one: `onDone` is not called. */
  abandon(): void {
    this.#pending = null;
    // No TIME_WAIT: there are fewer ports than a run makes connections.
    this.#socket?.resetAndDestroy();
    this.#socket = null;
  }

  #connect(): Socket {
    this.reconnects += 1;
    this.#reader = new ResponseReader();
    const socket = connect({
      host: '127.0.0.1',
      port: this.#port,
      noDelay: true,
      onread: {
        buffer: received,
        callback: (length) => {
          if (this.#socket === socket) this.#read(received.toString('latin1', 0, length));
          return true;
        },
      },
    });
    this.#socket = socket;
    let reason = 'closed';
    socket.on('error', (error: NodeJS.ErrnoException) => {
      reason = error.code ?? error.message;
    });
    const end = () => {
      if (this.#socket === socket) this.#end(reason);
    };
    socket.on('end', end);
    socket.on('close', end);
    return socket;
  }

  #read(text: string): void {
    let isComplete: boolean;
    try {
      if (this.#pending === null) throw new Error('a response that nobody asked for');
      isComplete = this.#reader.read(text);
    } catch (error) {
      const wasPending = this.#pending !== null;
      this.abandon();
      if (wasPending) this.#onDone((error as Error).message);
      return;
    }
    if (isComplete) this.#complete();
  }

  #complete(): void {
    // The socket is left to the server to close, which keeps the TIME_WAIT on its side.
    if (!this.#reader.keepsAlive) this.#socket = null;
    this.#pending = null;
    this.#onDone(this.#reader.status);
  }

  #end(reason: string): void {
    this.#socket = null;
    const request = this.#pending;
    if (request === null) return;
    if (this.#reader.end()) {
      this.#complete();
    } else if (this.#isReused && !this.#reader.hasBegun) {
      // As browsers and proxies do with what is safe to repeat.
      this.send(request);
    } else {
      this.#pending = null;
      this.#onDone(reason);
    }
  }
}

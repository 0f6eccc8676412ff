import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, TLSSocket } from 'node:tls';
import { type RawResponse, readResponse } from './response-reader.ts';
import { within } from './wait-for.ts';

const DEFAULT_TIMEOUT_MS = 15_000;

interface Target {
  readonly port?: number;
  readonly host?: string;
  readonly path?: string;
  /** With TLS, and how. */
  readonly tls?: ConnectionOptions;
}

/** Bytes that come piece by piece, with room for more: to join them anew for each piece would take ages where they are many. */
class Received {
  #room = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  /** They stay as they are, whatever comes. */
  get bytes(): Buffer {
    return this.#room.subarray(this.#start, this.#end);
  }

  add(piece: Buffer): void {
    if (this.#end + piece.length > this.#room.length) {
      const { bytes } = this;
      this.#room = Buffer.allocUnsafe(2 * (bytes.length + piece.length));
      this.#start = 0;
      this.#end = bytes.copy(this.#room);
    }
    this.#end += piece.copy(this.#room, this.#end);
  }

  /** The first `count` of them have been read. */
  drop(count: number): void {
    this.#start += count;
  }
}

/** A client that sends exactly the bytes that it is given, and reads responses strictly. */
export class RawConnection {
  readonly #socket: Socket;
  readonly #received = new Received();
  #ended = false;
  #error: Error | null = null;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.#received.add(bytes);
      this.#wake();
    });
    socket.on('end', () => {
      this.#ended = true;
      this.#wake();
    });
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  static async open({ port, host = '127.0.0.1', path, tls }: Target): Promise<RawConnection> {
    if (tls !== undefined) return RawConnection.#openSecured({ port: port ?? 0, host, ...tls });
    // Half-open, so that a test decides itself when to close its side.
    const socket =
      path === undefined ? connect({ port: port ?? 0, host, allowHalfOpen: true }) : connect({ path });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawConnection(socket);
  }

  static async #openSecured(options: ConnectionOptions): Promise<RawConnection> {
    // Not in the type declarations of Node 20.
    const halfOpen: ConnectionOptions & { readonly allowHalfOpen: boolean } = {
      allowHalfOpen: true,
      ...options,
    };
    const socket = connectTls(halfOpen);
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('the connection was closed during the handshake')));
    });
    return new RawConnection(socket);
  }

  /** What carries it, where it is encrypted. */
  get secured(): TLSSocket {
    if (this.#socket instanceof TLSSocket) return this.#socket;
    throw new Error('the connection is not encrypted');
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  /** Strings are latin-1: one character, one byte. */
  send(bytes: string | Uint8Array): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Sends, and waits until the system has taken all of it. */
  async sendAll(bytes: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
      this.#socket.write(data, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Sends the bytes one by one, each in a packet of its own. */
  async sendByteByByte(bytes: string): Promise<void> {
    for (const byte of Buffer.from(bytes, 'latin1')) {
      await this.sendAll(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The next response, 1xx ones included. `method` is that of the request: HEAD has responses without a body. */
  async readResponse({ method = 'GET', timeoutMs = DEFAULT_TIMEOUT_MS } = {}): Promise<RawResponse> {
    const read = await this.#until(timeoutMs, 'a response', () =>
      readResponse(this.#received.bytes, { method, ended: this.#ended }),
    );
    this.#received.drop(read.length);
    return read.response;
  }

  /** Waits for the end of the connection, and gives the bytes that came before it and were not read. */
  async readToEnd(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Buffer> {
    return this.#until(timeoutMs, 'the end of the connection', () =>
      this.#ended ? this.#received.bytes : null,
    );
  }

  /** Waits until at least `count` unread bytes are there, and gives all of them without taking them. */
  async peek(count: number, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Buffer> {
    return this.#until(timeoutMs, `${count} bytes`, () => {
      const { bytes } = this.#received;
      if (bytes.length >= count) return bytes;
      if (this.#ended) throw new Error(`the connection ended after ${bytes.length} bytes`);
      return null;
    });
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /**
   * After its end: whether the peer reset the connection rather than closing it. The error alone does not tell: libuv reports a
   * reset that comes right behind data as an orderly end. But to a connection that was reset nothing can be written.
   */
  async wasReset(): Promise<boolean> {
    return (
      this.#error !== null ||
      (await this.sendAll('x').then(
        () => false,
        () => true,
      ))
    );
  }

  /** Why the connection broke, when it did not end in order. */
  get error(): Error | null {
    return this.#error;
  }

  /** Stops reading, so that the peer's sending stalls. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Sends FIN; responses can still be read. */
  end(): void {
    this.#socket.end();
  }

  /** Ends at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Ends at once with RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  async #until<T>(timeoutMs: number, what: string, ask: () => T | null): Promise<T> {
    const answer = (async () => {
      for (;;) {
        const value = ask();
        if (value !== null) return value;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    })();
    return within(
      timeoutMs,
      what,
      answer,
      () => `received so far: ${JSON.stringify(this.#received.bytes.toString('latin1', 0, 500))}`,
    );
  }
}

/** Opens a connection, sends the bytes, reads one response and closes. */
export async function exchange(
  target: Target,
  request: string | Uint8Array,
  options: { method?: string; timeoutMs?: number } = {},
): Promise<RawResponse> {
  const connection = await RawConnection.open(target);
  try {
    connection.send(request);
    return await connection.readResponse(options);
  } finally {
    connection.destroy();
  }
}

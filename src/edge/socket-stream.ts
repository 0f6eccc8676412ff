import type { Socket } from 'node:net';
import type { ByteStream } from '../base/byte-stream.ts';

/** A client's socket, once its protocol is another than HTTP. */
export class SocketStream implements ByteStream {
  readonly #socket: Socket;
  readonly #written: (bytes: number) => void;

  /** `written`: counts. */
  constructor(socket: Socket, written: (bytes: number) => void) {
    this.#socket = socket;
    this.#written = written;
  }

  write(bytes: Buffer): boolean {
    if (this.#socket.destroyed) return true;
    this.#written(bytes.length);
    return this.#socket.write(bytes);
  }

  end(): void {
    this.#socket.end();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  finish(): void {
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

import { connect, type Socket } from 'node:net';

/** A client that counts and compares what it is sent, and keeps nothing of it. */
export class CountingClient {
  readonly socket: Socket;
  /** Of the body. */
  received = 0;
  /** Something in the body was not what it should be. */
  isWrong = false;
  head = '';
  hasLeft = false;
  readonly #expected: Buffer;

  /** @param expected the body that is to come */
  constructor(path: string, request: string | Buffer, expected: Buffer) {
    this.#expected = expected;
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.on('error', () => {
      this.hasLeft = true;
    });
    this.socket.on('close', () => {
      this.hasLeft = true;
    });
    this.socket.on('data', (data: Buffer) => this.#take(data));
    this.socket.write(request);
  }

  #take(data: Buffer): void {
    let body = data;
    if (!this.head.endsWith('\r\n\r\n')) {
      const text = this.head + data.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) {
        this.head = text;
        return;
      }
      body = data.subarray(end + 4 - this.head.length);
      this.head = text.slice(0, end + 4);
    }
    if (!body.equals(this.#expected.subarray(this.received, this.received + body.length)))
      this.isWrong = true;
    this.received += body.length;
  }

  /** All of the body has come, as it should be. */
  get isServed(): boolean {
    return this.head.startsWith('HTTP/1.1 200 ') && !this.isWrong && this.received === this.#expected.length;
  }
}

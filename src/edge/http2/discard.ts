import { Timed } from '../../base/deadlines.ts';
import { ERROR } from '../../protocol/http2/frames.ts';
import type { Stream, StreamTaker } from '../../protocol/http2/stream.ts';
import type { Http2Connection } from './connection.ts';

/**
 * What is left of a request that has been answered: it is read and thrown away for a while, as with HTTP/1. RFC 9113 8.1 has the stream
 * reset at once, but some clients then lose the response, too.
 */
export class Discard extends Timed implements StreamTaker {
  readonly #connection: Http2Connection;
  readonly #stream: Stream;

  constructor(connection: Http2Connection, stream: Stream) {
    super();
    this.#connection = connection;
    this.#stream = stream;
  }

  takeData(): void {}
  takeEnd(): void {}
  noteSent(): void {}

  takeClose(): void {
    this.deadlineList?.remove(this);
  }

  expire(): void {
    this.#connection.session.reset(this.#stream, ERROR.none);
  }
}

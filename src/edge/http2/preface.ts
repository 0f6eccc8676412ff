import { HttpError } from '../../protocol/http1/errors.ts';
import { PREFACE } from '../../protocol/http2/frames.ts';
import { Opening } from '../opening.ts';

/** A connection of a trusted proxy that is to speak HTTP/2 without TLS, until it has said so. */
export class Preface extends Opening {
  #held: Buffer = Buffer.alloc(0);

  protected override look(bytes: Buffer): void {
    const held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const length = Math.min(held.length, PREFACE.length);
    if (held.compare(PREFACE, 0, length, 0, length) !== 0) {
      // A proxy that has been set up otherwise: to serve it all the same would hide that.
      this.refuse(new HttpError('no_http2_preface'));
    } else if (held.length < PREFACE.length) {
      this.#held = held;
    } else {
      this.handOver(held);
      this.deadlineList?.remove(this);
      this.server.serveHttp2(this, this.socket, this.peer);
    }
  }
}

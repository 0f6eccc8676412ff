import type { ByteStream, ByteTaker } from '../../base/byte-stream.ts';

/** Two connections, each of which gets what the other sends. Whichever is slow makes the other wait. */
export class Tunnel {
  readonly #client: ByteStream;
  readonly #upstream: ByteStream;
  #hasClientEnded = false;
  #hasUpstreamEnded = false;
  #isOver = false;
  readonly #whenOver: () => void;

  constructor(client: ByteStream, upstream: ByteStream, whenOver: () => void) {
    this.#client = client;
    this.#upstream = upstream;
    this.#whenOver = whenOver;
  }

  /** Takes what the client sends. */
  readonly ofClient: ByteTaker = {
    take: (bytes) => {
      if (!this.#upstream.write(bytes)) this.#client.pause();
    },
    ended: () => {
      this.#hasClientEnded = true;
      this.#upstream.end();
    },
    drained: () => this.#upstream.resume(),
    closed: () => {
      if (this.#end()) close(this.#upstream, this.#hasClientEnded);
    },
  };

  /** Takes what the upstream sends. */
  readonly ofUpstream: ByteTaker = {
    take: (bytes) => {
      if (!this.#client.write(bytes)) this.#upstream.pause();
    },
    ended: () => {
      this.#hasUpstreamEnded = true;
      this.#client.end();
    },
    drained: () => this.#client.resume(),
    closed: () => {
      if (this.#end()) close(this.#client, this.#hasUpstreamEnded);
    },
  };

  /** Whether it has not been over before. */
  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#whenOver();
    return true;
  }
}

/** What was sent before an orderly end still arrives. */
function close(stream: ByteStream, hasEnded: boolean): void {
  if (hasEnded) stream.finish();
  else stream.destroy();
}

import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';

/** What one read takes at most; libuv's own value. */
const READ_BYTES = 65536;
/** Nearly every read is of a request that is dealt with before the next one: all sockets read into the same memory. */
const LENT = Buffer.allocUnsafeSlow(READ_BYTES);

export interface ChunkTaker {
  /** Whether what follows is kept: it is read where it can stay. */
  readonly isReadingBody: boolean;
  /** The chunk stays as it is. */
  takeChunk(chunk: Buffer): void;
  /** The chunk changes after this returns. */
  takeLentChunk(chunk: Buffer): void;
}

/** As the constructor of sockets takes them; the declarations know less. */
interface Options extends SocketConstructorOpts {
  readonly handle?: object;
  readonly onread: OnReadOpts;
}

/** Reads without a new buffer for each read, which costs as much as to parse the request in it. */
export class LentReader {
  taker: ChunkTaker | null = null;
  /** Within a body: handed over when it has been filled well. */
  #own: Buffer | null = null;

  nextBuffer(): Buffer {
    if (this.taker?.isReadingBody !== true) {
      this.#own = null;
      return LENT;
    }
    this.#own ??= Buffer.allocUnsafeSlow(READ_BYTES);
    return this.#own;
  }

  /** `buffer`: of `nextBuffer`. `true`: go on reading. */
  take(byteCount: number, buffer: Buffer): true {
    const chunk = buffer.subarray(0, byteCount);
    if (buffer !== this.#own) {
      this.taker?.takeLentChunk(chunk);
    } else if (2 * byteCount < READ_BYTES) {
      // A few bytes must not keep a whole buffer alive, neither this nor one that Node shares out.
      const copy = Buffer.allocUnsafeSlow(byteCount);
      chunk.copy(copy);
      this.taker?.takeChunk(copy);
    } else {
      this.#own = null;
      this.taker?.takeChunk(chunk);
    }
    return true;
  }
}

/** Of one socket in one turn of the event loop: 256 kB. libuv reads up to 2 MB, for which all others wait. */
const MAX_FULL_READS = 4;

/** Not documented by Node. */
interface Handle {
  /** Whether the stream wants to read. */
  reading?: boolean;
  readStart?(): number;
  readStop?(): number;
}

/** A socket that is read in this way. */
export class SocketReader extends LentReader {
  readonly socket: Socket;
  /** One after the other. */
  #fullReads = 0;

  /** @param handle of a connection that was accepted; null: the socket has yet to connect */
  constructor(handle: object | null) {
    super();
    const options: Options = {
      ...(handle === null ? {} : { handle }),
      allowHalfOpen: true,
      onread: {
        buffer: () => this.nextBuffer(),
        callback: (byteCount, buffer) => this.take(byteCount, buffer as Buffer),
      },
    };
    this.socket = new Socket(options);
  }

  override take(byteCount: number, buffer: Buffer): true {
    super.take(byteCount, buffer);
    if (byteCount < READ_BYTES) {
      this.#fullReads = 0;
    } else {
      this.#fullReads += 1;
      if (this.#fullReads === MAX_FULL_READS) this.#letOthers();
    }
    return true;
  }

  /** Below the stream, which knows nothing of it: who pauses the socket meanwhile has paused it. */
  #letOthers(): void {
    this.#fullReads = 0;
    const { _handle: handle } = this.socket as unknown as { readonly _handle?: Handle | null };
    if (handle?.reading !== true || handle.readStop === undefined) return;
    handle.readStop();
    setImmediate(() => {
      if (handle.reading === true && !this.socket.destroyed) handle.readStart?.();
    });
  }
}

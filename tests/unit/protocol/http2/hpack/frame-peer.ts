import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { FLAG, FRAME, type Frame, frame } from '../../../../support/http2-frames.ts';

const HEADER_BYTES = 9;
/** SETTINGS_HEADER_TABLE_SIZE, RFC 9113 6.5.2. */
const TABLE_SIZE = 1;
const MAX_FRAME_BYTES = 16_384;

/** One end of a connection on which nghttp2 is the other; knows no more of HTTP/2 than it needs to pass field blocks. */
export class FramePeer {
  readonly #socket: Duplex;
  #received: Buffer = Buffer.alloc(0);
  readonly #frames: Frame[] = [];
  #skip: number;

  /** @param skip bytes before the first frame */
  constructor(socket: Duplex, skip: number) {
    this.#socket = socket;
    this.#skip = skip;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
  }

  #read(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      const start = this.#skip;
      if (this.#received.length < start + HEADER_BYTES) return;
      const end = start + HEADER_BYTES + this.#received.readUIntBE(start, 3);
      if (this.#received.length < end) return;
      const type = this.#received.readUInt8(start + 3);
      const flags = this.#received.readUInt8(start + 4);
      const stream = this.#received.readUInt32BE(start + 5);
      const payload = this.#received.subarray(start + HEADER_BYTES, end);
      this.#received = this.#received.subarray(end);
      this.#skip = 0;
      if (type === FRAME.settings && (flags & FLAG.ack) === 0) {
        this.#socket.write(frame(FRAME.settings, FLAG.ack, 0, Buffer.alloc(0)));
      }
      this.#frames.push({ type, flags, stream, payload });
      this.#socket.emit('frame');
    }
  }

  start(preface: string, maxTableBytes: number): void {
    this.#socket.write(preface);
    this.setTable(maxTableBytes);
  }

  setTable(maxBytes: number): void {
    const payload = Buffer.alloc(6);
    payload.writeUInt16BE(TABLE_SIZE, 0);
    payload.writeUInt32BE(maxBytes, 2);
    this.#socket.write(frame(FRAME.settings, 0, 0, payload));
  }

  /** In as many frames as it takes. */
  sendBlock(stream: number, block: Buffer): void {
    for (let start = 0; start === 0 || start < block.length; start += MAX_FRAME_BYTES) {
      const isLast = start + MAX_FRAME_BYTES >= block.length;
      const flags = (isLast ? FLAG.endHeaders : 0) | (start === 0 ? FLAG.endStream : 0);
      const part = block.subarray(start, start + MAX_FRAME_BYTES);
      this.#socket.write(frame(start === 0 ? FRAME.headers : FRAME.continuation, flags, stream, part));
    }
  }

  /** The next frame of these kinds; those before it are dropped. */
  async next(...types: readonly number[]): Promise<Frame> {
    for (;;) {
      const found = this.#frames.shift();
      if (found === undefined) await once(this.#socket, 'frame');
      else if (types.includes(found.type)) return found;
    }
  }

  /** Of a stream's fields, however many frames it comes in. */
  async nextBlock(): Promise<{ readonly stream: number; readonly block: Buffer }> {
    const parts: Buffer[] = [];
    for (;;) {
      const { flags, stream, payload } = await this.next(FRAME.headers, FRAME.continuation);
      // Older nghttp2 sends a priority, which stands before the block.
      const hasPriority = parts.length === 0 && (flags & 0x20) !== 0;
      parts.push(payload.subarray(hasPriority ? 5 : 0));
      if ((flags & FLAG.endHeaders) !== 0) return { stream, block: Buffer.concat(parts) };
    }
  }
}

// Frames of HTTP/2 as bytes, and a client that sends exactly those that it is told to, also such as no client would send.

import type { ConnectionOptions } from 'node:tls';
import { RawConnection } from './raw-connection.ts';
import { waitFor } from './wait-for.ts';

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** RFC 9113 7. */
export const ERROR = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  calm: 11,
} as const;

/** RFC 9113 6.5.2. */
export const SETTING = { tableSize: 1, push: 2, maxStreams: 3, window: 4, frameSize: 5 } as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export type Fields = readonly (readonly [name: string, value: string])[];

export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export const GET: Fields = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/'],
  [':authority', 'localhost'],
];

export class FrameConnection {
  readonly #raw: RawConnection;
  readonly frames: Frame[] = [];
  #rest: Buffer = Buffer.alloc(0);

  private constructor(raw: RawConnection) {
    this.#raw = raw;
    raw.secured.on('data', (bytes: Buffer) => this.#read(bytes));
  }

  static async open(port: number, tls: ConnectionOptions): Promise<FrameConnection> {
    const raw = await RawConnection.open({ port, tls: { ...tls, ALPNProtocols: ['h2'] } });
    const connection = new FrameConnection(raw);
    raw.send(PREFACE);
    connection.send(FRAME.settings, 0, 0);
    await connection.frame(({ type, flags }) => type === FRAME.settings && flags === 0);
    connection.send(FRAME.settings, FLAG.ack, 0);
    return connection;
  }

  #read(bytes: Buffer): void {
    const { frames, rest } = framesIn(Buffer.concat([this.#rest, bytes]));
    this.frames.push(...frames);
    this.#rest = rest;
  }

  send(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): void {
    this.#raw.send(frame(type, flags, stream, payload));
  }

  sendAll(bytes: Buffer): Promise<void> {
    return this.#raw.sendAll(bytes);
  }

  headers(stream: number, fields: Fields, flags: number = FLAG.endHeaders | FLAG.endStream): void {
    this.send(FRAME.headers, flags, stream, block(fields));
  }

  /** The first frame that is as wanted, also of those that have come before; null: the connection ended without. */
  async answer(wanted: (frame: Frame) => boolean): Promise<Frame | null> {
    const found = await waitFor(() => this.frames.find(wanted) ?? (this.#raw.hasEnded ? 'ended' : null), {
      what: 'a frame',
      details: () => JSON.stringify(this.frames.map(({ type, stream }) => [type, stream])),
    });
    return found === 'ended' ? null : found;
  }

  async frame(wanted: (frame: Frame) => boolean): Promise<Frame> {
    const found = await this.answer(wanted);
    if (found === null) throw new Error('the connection ended before the frame');
    return found;
  }

  get hasEnded(): boolean {
    return this.#raw.hasEnded;
  }

  destroy(): void {
    this.#raw.destroy();
  }
}

/** The whole ones at its beginning, and what follows them. */
export function framesIn(bytes: Buffer): { readonly frames: readonly Frame[]; readonly rest: Buffer } {
  const frames: Frame[] = [];
  let rest = bytes;
  while (rest.length >= 9) {
    const length = rest.readUIntBE(0, 3);
    if (rest.length < 9 + length) break;
    frames.push({
      type: rest.readUInt8(3),
      flags: rest.readUInt8(4),
      stream: rest.readUInt32BE(5),
      payload: rest.subarray(9, 9 + length),
    });
    rest = rest.subarray(9 + length);
  }
  return { frames, rest };
}

const NOTHING = Buffer.alloc(0);

export function frame(type: number, flags: number, stream: number, payload: Buffer = NOTHING): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function settings(...values: readonly (readonly [setting: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(6 * values.length);
  values.forEach(([setting, value], index) => {
    payload.writeUInt16BE(setting, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  });
  return frame(FRAME.settings, 0, 0, payload);
}

export function windowUpdate(stream: number, bytes: number): Buffer {
  return frame(FRAME.windowUpdate, 0, stream, uint32(bytes));
}

export function rstStream(stream: number, code: number): Buffer {
  return frame(FRAME.rstStream, 0, stream, uint32(code));
}

/** The length of its padding, the content, and the padding. */
export function padded(content: Buffer, padding: number): Buffer {
  return Buffer.concat([Buffer.of(padding), content, Buffer.alloc(padding)]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** HPACK's plainest form: each field a literal that is not remembered (RFC 7541 6.2.2). */
export function block(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]));
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([integer(bytes.length), bytes]);
}

/** With a prefix of seven bits (RFC 7541 5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.of(value);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128);
  return Buffer.of(...bytes, rest);
}

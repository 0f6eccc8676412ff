// A client of HTTP/2 that sends exactly the frames that it is told to, also those that no client would send.

import type { ConnectionOptions } from 'node:tls';
import { RawConnection } from './raw-connection.ts';
import { waitFor } from './wait-for.ts';

export const FRAME = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { ack: 1, endStream: 1, endHeaders: 4 } as const;

/** RFC 9113 7. */
export const ERROR = { none: 0, protocol: 1, internal: 2, refusedStream: 7, cancel: 8, calm: 11 } as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

type Fields = readonly (readonly [name: string, value: string])[];

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

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
    let rest = Buffer.concat([this.#rest, bytes]);
    while (rest.length >= 9) {
      const length = rest.readUIntBE(0, 3);
      if (rest.length < 9 + length) break;
      this.frames.push({
        type: rest.readUInt8(3),
        flags: rest.readUInt8(4),
        stream: rest.readUInt32BE(5),
        payload: rest.subarray(9, 9 + length),
      });
      rest = rest.subarray(9 + length);
    }
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

export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
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

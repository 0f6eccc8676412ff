// What is on the wire (RFC 9113 4 and 6): the numbers, and frames that are written the same way everywhere.

export const FRAME_HEADER_BYTES = 9;

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
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
  enhanceYourCalm: 11,
} as const;

export type ErrorCode = (typeof ERROR)[keyof typeof ERROR];

/** What ends a stream, or the connection. */
export interface Violation {
  readonly code: ErrorCode;
  readonly reason: string;
}

/** RFC 9113 6.5.2. */
export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** RFC 9113 3.4: what a client's connection begins with. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** RFC 9113 6.9.1 and 6.9.2. */
export const MAX_WINDOW_BYTES = 2 ** 31 - 1;
export const FIRST_WINDOW_BYTES = 65_535;

/** RFC 9113 4.2: frames that everybody takes. */
export const MIN_MAX_FRAME_BYTES = 16_384;
export const MAX_MAX_FRAME_BYTES = 2 ** 24 - 1;

/** Returns where the payload begins. */
export function writeFrameHeader(
  to: Buffer,
  at: number,
  payloadBytes: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  to[at] = payloadBytes >>> 16;
  to[at + 1] = payloadBytes >>> 8;
  to[at + 2] = payloadBytes;
  to[at + 3] = type;
  to[at + 4] = flags;
  return writeUint32(to, at + 5, streamId);
}

/** Returns where it ends. */
export function writeUint32(to: Buffer, at: number, value: number): number {
  to[at] = value >>> 24;
  to[at + 1] = value >>> 16;
  to[at + 2] = value >>> 8;
  to[at + 3] = value;
  return at + 4;
}

/** The number of a stream, and what else has 31 bits behind a reserved one. */
export function readUint31(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) & 0x7fffffff;
}

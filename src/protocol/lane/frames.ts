// The frames that edge and worker exchange; docs/lane-protocol.md is the specification,
// python/kirin_worker/frames.py the other half.

export const HEADER_BYTES = 20;

export const KIND = {
  hello: 1,
  request: 16,
  response: 32,
  body: 33,
  abort: 34,
  done: 35,
  hints: 36,
  welcome: 48,
  reclaim: 49,
  release: 50,
  cancel: 51,
  quit: 52,
  interrupt: 53,
  widen: 54,
  returned: 64,
  leaving: 65,
  resumed: 66,
} as const;

const REQUEST_FLAG = { spooled: 1 } as const;

export const RECLAIM_FLAG = { unread: 1 } as const;

export const RETURNED_FLAG = { stalled: 1 } as const;

export const RESPONSE_FLAG = {
  end: 1,
  length: 2,
  date: 4,
  server: 8,
  close: 16,
  file: 32,
  tail: 64,
} as const;

/** First frame on every connection from a worker. */
export interface Hello {
  readonly role: 'lane' | 'control';
  readonly pid: number;
  readonly generation: number;
  /** Index of this lane (lanes only). */
  readonly lane: number;
  /** How many lanes the worker has at first. */
  readonly lanes: number;
  /** How many it can have. */
  readonly maxLanes: number;
  /** Its lanes are greenlets: one that does not yield holds up the others. */
  readonly greenlets: boolean;
  /** A descriptor of a regular file, with which the edge tries whether it can open /proc/PID/fd (control only). */
  readonly probe: number;
}

/**
 * A frame's header as a latin-1 string: frames of one event-loop turn are joined with their payloads and
 * written at once, and one string write is cheaper than a list of buffers.
 */
function frameHeader(kind: number, flags: number, length: number, id: number, a: number): string {
  return String.fromCharCode(
    length & 255,
    (length >>> 8) & 255,
    (length >>> 16) & 255,
    length >>> 24,
    kind,
    flags,
    0,
    0,
    id & 255,
    (id >>> 8) & 255,
    (id >>> 16) & 255,
    id >>> 24,
    a & 255,
    (a >>> 8) & 255,
    (a >>> 16) & 255,
    a >>> 24,
    0,
    0,
    0,
    0,
  );
}

/** A request whose body travels with it as text, or has none. `environ` and `body` are latin-1. */
export function requestFrame(id: number, environ: string, body: string): string {
  const header = frameHeader(KIND.request, 0, environ.length + body.length, id, environ.length);
  return header + environ + body;
}

/** A request whose `bodyBytes` of body follow as separate writes. */
export function requestFrameStart(id: number, environ: string, bodyBytes: number): string {
  return frameHeader(KIND.request, 0, environ.length + bodyBytes, id, environ.length) + environ;
}

/** A request whose body is in the file `path`. */
export function spooledRequestFrame(id: number, environ: string, path: string): string {
  const pathText = Buffer.from(path).toString('latin1');
  const header = frameHeader(
    KIND.request,
    REQUEST_FLAG.spooled,
    environ.length + pathText.length,
    id,
    environ.length,
  );
  return header + environ + pathText;
}

/** A frame without payload, or with a JSON one. */
export function controlFrame(kind: number, id = 0, a = 0, payload: object | null = null, flags = 0): string {
  const text = payload === null ? '' : Buffer.from(JSON.stringify(payload)).toString('latin1');
  return frameHeader(kind, flags, text.length, id, a) + text;
}

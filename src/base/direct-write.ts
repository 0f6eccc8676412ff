import type { Socket } from 'node:net';

// What is written to a socket mostly fits into the system's buffer at once. Then it is given to the socket's handle itself: the way through
// the stream costs as much again as a quarter of the system call. Not documented by Node, so this is what it rests on:
// - A handle's write tries the system first, as `socket.write` does, which calls it in the same way. Whatever else comes of it than
//   "all is written" is handed over to the socket: the socket makes a write of its own, of which only the handle's part is left out, since that
//   has been done. So it counts, waits, drains, times out and fails as ever.
// - The object that Node 20 to 24 hand over for each write is used only if the write is not done at once. Until then one serves all sockets.
//   Node 26 wants none, and returns one instead.
// - Which of these holds is seen at the first write, which is Node's own. If it is neither, sockets are written to as ever.

type Outcome = unknown;

/** What Node knows a write by that is not done yet. */
interface WriteRequest {
  readonly constructor: unknown;
  /** -1: the system has not kept it. */
  getAsyncId(): number;
  oncomplete?: (...results: unknown[]) => void;
}

type Write<Data> = (request: WriteRequest | null, data: Data) => Outcome;

interface Handle {
  writeLatin1String?: Write<string>;
  writeBuffer?: Write<Buffer>;
}

/** Up to this size, what is written together is copied together, which costs 1 µs less than to hand over a list; beyond, no less. */
const MAX_JOINED_BYTES = 16384;
let joined: Buffer | null = null;

let hasLooked = false;
let isKnown = false;
let newRequest: (() => WriteRequest) | null = null;
/** For the next write; null: none is wanted. */
let spare: WriteRequest | null = null;

/** Writes latin-1 to a socket of the system's own, not one of TLS, which never writes at once. */
export function writeText(socket: Socket, text: string): void {
  const handle = handleOf(socket);
  if (handle?.writeLatin1String === undefined || !isReady(socket)) socket.write(text, 'latin1');
  else if (isKnown) settle(socket, handle, 'writeLatin1String', text, handle.writeLatin1String(spare, text));
  else if (hasLooked) socket.write(text, 'latin1');
  else look(socket, handle, handle.writeLatin1String, text);
}

/** With one system call, where the socket takes it. `bytes` are not changed by anybody any more. */
export function writeTogether(socket: Socket, text: string, bytes: Buffer): void {
  if (!writeJoined(socket, text, bytes)) writeCorked(socket, text, [bytes]);
}

/** The same with bytes that change after this returns. */
export function writeLent(socket: Socket, text: string, bytes: Buffer): void {
  if (!writeJoined(socket, text, bytes)) writeCorked(socket, text, [Buffer.from(bytes)]);
}

/** Copies both together. False: that is not for this socket, and nothing has been written. */
function writeJoined(socket: Socket, text: string, bytes: Buffer): boolean {
  const handle = handleOf(socket);
  const size = text.length + bytes.length;
  if (!isKnown || size > MAX_JOINED_BYTES || handle?.writeBuffer === undefined || !isReady(socket))
    return false;
  joined ??= Buffer.allocUnsafeSlow(MAX_JOINED_BYTES);
  const data = joined.subarray(0, size);
  data.write(text, 'latin1');
  data.set(bytes, text.length);
  // What has not been taken stays where it is until it has.
  if (!settle(socket, handle, 'writeBuffer', data, handle.writeBuffer(spare, data))) joined = null;
  return true;
}

/** Through the stream of any socket. */
export function writeCorked(socket: Socket, text: string, parts: readonly Buffer[]): void {
  if (parts.length > 0) socket.cork();
  socket.write(text, 'latin1');
  for (const part of parts) socket.write(part);
  if (parts.length > 0) socket.uncork();
}

function handleOf(socket: Socket): Handle | null {
  return (socket as unknown as { readonly _handle?: Handle | null })._handle ?? null;
}

/** Nothing is before it, and no timeout has to be told of it. */
function isReady(socket: Socket): boolean {
  return socket.writableLength === 0 && socket.writable && !socket.connecting && !socket.timeout;
}

/** Whether all has been written. */
function settle(
  socket: Socket,
  handle: Handle,
  method: keyof Handle,
  data: string | Buffer,
  outcome: Outcome,
): boolean {
  if (outcome === 0 && (spare === null || spare.getAsyncId() === -1)) return true;
  handOver(socket, handle, method, data, outcome);
  return false;
}

function handOver(
  socket: Socket,
  handle: Handle,
  method: keyof Handle,
  data: string | Buffer,
  outcome: Outcome,
): void {
  const begun = spare;
  spare = newRequest?.() ?? null;
  let isTaken = false;
  handle[method] = (request: WriteRequest | null) => {
    isTaken = true;
    if (begun !== null) begun.oncomplete = (...results) => request?.oncomplete?.(...results);
    return outcome;
  };
  try {
    socket.write(data, 'latin1');
  } finally {
    delete handle[method];
  }
  // It would send the same a second time.
  if (!isTaken) socket.destroy();
}

/** Writes as ever, and sees what Node hands over. */
function look(socket: Socket, handle: Handle, usual: Write<string>, text: string): void {
  hasLooked = true;
  handle.writeLatin1String = (request, data) => {
    const outcome = usual.call(handle, request, data);
    learn(request);
    return outcome;
  };
  try {
    socket.write(text, 'latin1');
  } finally {
    delete handle.writeLatin1String;
  }
}

function learn(request: WriteRequest | null): void {
  if (request === null) {
    isKnown = true;
    return;
  }
  const maker = request.constructor;
  if (typeof maker !== 'function' || typeof request.getAsyncId !== 'function') return;
  newRequest = () => Reflect.construct(maker, []);
  spare = newRequest();
  isKnown = spare.getAsyncId() === -1;
}

import type { TLSSocket } from 'node:tls';
import { type ChunkTaker, LentReader } from '../../base/socket-reader.ts';

/** What Node keeps of the option `onread`, which it takes for connections that it makes, but not for those of a server. */
const NAMES = ['kBuffer', 'kBufferCb', 'kBufferGen'] as const;

interface Handle {
  useUserBuffer?(buffer: Buffer): void;
}

/**
 * Has what a TLS socket decrypts read as by SocketReader. Node makes a buffer of its own for each read otherwise, and takes it through a
 * stream. Not documented: false, where this Node keeps things in another way; then they come as 'data' events as ever.
 */
export function readLent(socket: TLSSocket, taker: ChunkTaker): boolean {
  const handle = (socket as unknown as { readonly _handle?: Handle })._handle;
  const symbols = Object.getOwnPropertySymbols(socket);
  const [buffer, callback, next] = NAMES.map((name) =>
    symbols.find(({ description }) => description === name),
  );
  // What has been decrypted already is in the stream.
  if (socket.readableLength > 0 || typeof handle?.useUserBuffer !== 'function') return false;
  if (buffer === undefined || callback === undefined || next === undefined) return false;
  const reader = new LentReader();
  reader.taker = taker;
  const first = reader.nextBuffer();
  Object.assign(socket, {
    [buffer]: first,
    [callback]: (byteCount: number, filled: Buffer) => reader.take(byteCount, filled),
    [next]: () => reader.nextBuffer(),
  });
  handle.useUserBuffer(first);
  socket.resume();
  return true;
}

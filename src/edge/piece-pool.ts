// Buffers for pieces of files, used again and again: a download of any size costs one of them.

/** For a client that has many of them. */
export const TINY_PIECE_BYTES = 16384;
/** Held for as long as a slow client takes; what a connection of HTTP/2 writes to has the same size. */
export const SMALL_PIECE_BYTES = 65536;
/** For a client that takes all at once: fewer reads. */
export const LARGE_PIECE_BYTES = 131072;

const MAX_FREE = 8;

const free = new Map<number, Buffer[]>([
  [TINY_PIECE_BYTES, []],
  [SMALL_PIECE_BYTES, []],
  [LARGE_PIECE_BYTES, []],
]);

/** @param bytes one of these sizes */
export function borrowPiece(bytes: number): Buffer {
  return free.get(bytes)?.pop() ?? Buffer.allocUnsafeSlow(bytes);
}

/** Once nobody reads from it any more. */
export function returnPiece(piece: Buffer): void {
  const pieces = free.get(piece.length);
  if (pieces !== undefined && pieces.length < MAX_FREE) pieces.push(piece);
}

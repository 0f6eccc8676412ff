import { read } from 'node:fs';
import { END_BYTES, type ReadEntry, readTail, tailBytes } from './entry-format.ts';
import { gated } from './gated.ts';

/** What the end of a file says of the response in it; null: it is none, or not whole. */
export async function readEntry(fd: number, fileBytes: number): Promise<ReadEntry | null> {
  const end = await readAt(fd, fileBytes - END_BYTES, END_BYTES);
  const bytes = tailBytes(end, fileBytes);
  return bytes === null ? null : readTail(await readAt(fd, fileBytes - bytes, bytes));
}

async function readAt(fd: number, position: number, length: number): Promise<Buffer> {
  if (position < 0) return Buffer.alloc(0);
  const bytes = Buffer.allocUnsafe(length);
  const count = await gated<number>((done) => read(fd, bytes, 0, length, position, done));
  return bytes.subarray(0, count);
}

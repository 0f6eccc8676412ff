// A stored response as a file: its body, what is known of it as JSON, and 32 bytes that say where that begins. A file that was not written
// to its end has no such end, so half of one is never taken for a whole.

import { createHash } from 'node:crypto';
import type { Described } from '../stored-response.ts';

const MAGIC = Buffer.from('KIRIN-C1', 'latin1');
const DIGEST_BYTES = 12;
/** Magic, length of the JSON, length of the body, digest of the JSON. */
export const END_BYTES = 8 + 4 + 8 + DIGEST_BYTES;

export interface FileEntry extends Described {
  readonly key: string;
}

export interface ReadEntry {
  readonly entry: FileEntry;
  readonly bodyBytes: number;
}

/** What stands behind a body of so many bytes. */
export function entryTail({ key, facts, head, flags }: FileEntry, bodyBytes: number): Buffer {
  const json = Buffer.from(JSON.stringify({ key, facts, head, flags }), 'utf8');
  const end = Buffer.alloc(END_BYTES);
  MAGIC.copy(end, 0);
  end.writeUInt32LE(json.length, 8);
  end.writeBigUInt64LE(BigInt(bodyBytes), 12);
  digestOf(json).copy(end, 20);
  return Buffer.concat([json, end]);
}

/** How many bytes from its end have to be read; null: it is no such file. @param end its last END_BYTES */
export function tailBytes(end: Buffer, fileBytes: number): number | null {
  if (end.length !== END_BYTES || !end.subarray(0, 8).equals(MAGIC)) return null;
  const bytes = end.readUInt32LE(8) + END_BYTES;
  return end.readBigUInt64LE(12) + BigInt(bytes) === BigInt(fileBytes) ? bytes : null;
}

/** Null: it is no such file, or not whole. @param tail its last bytes, as many as `tailBytes` says */
export function readTail(tail: Buffer): ReadEntry | null {
  const end = tail.subarray(-END_BYTES);
  const json = tail.subarray(0, -END_BYTES);
  if (!digestOf(json).equals(end.subarray(20))) return null;
  try {
    return {
      entry: JSON.parse(json.toString('utf8')) as FileEntry,
      bodyBytes: Number(end.readBigUInt64LE(12)),
    };
  } catch {
    return null;
  }
}

const digestOf = (json: Buffer): Buffer =>
  createHash('sha256').update(json).digest().subarray(0, DIGEST_BYTES);

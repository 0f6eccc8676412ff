import type { StoredFacts } from '../../protocol/caching/stored-facts.ts';
import { ResponseHead } from '../../protocol/http1/response-head.ts';
import { isBodiless } from '../../protocol/http1/response-writer.ts';
import type { DiskReach } from './disk/disk-reach.ts';

/** At the beginning of a file, which goes on behind it. */
export interface FileOfBody {
  readonly kind: 'file';
  readonly path: string;
  /** Of the disk that it is on. */
  readonly reach: DiskReach;
  fileBytes: number;
  /** The same, where it is in memory, too. */
  content: string | Buffer | null;
  /** When the file had last been changed as it was seen to be this response's (its ctime); -1: nobody has looked. */
  checkedMs: number;
  /** Of what is known of it, since its end began to be written anew; 0: that is not being written. */
  renewals: number;
}

/** Where the content of a stored response is. */
export type StoredBody =
  /** Small ones as text, latin-1, which is the fastest to send. */
  { readonly kind: 'memory'; readonly content: string | Buffer } | FileOfBody;

export function bodyInFile(path: string, reach: DiskReach, fileBytes: number): FileOfBody {
  return { kind: 'file', path, reach, fileBytes, content: null, checkedMs: -1, renewals: 0 };
}

export interface Described {
  readonly facts: StoredFacts;
  /** As it is sent, but for what changes with time: `200 OK\r\n…`, with Date and Content-Length, and the RESPONSE_FLAGs. */
  readonly head: string;
  readonly flags: number;
}

/** A whole response to GET. */
export class StoredResponse implements Described {
  readonly key: string;
  readonly body: StoredBody;
  readonly bodyBytes: number;
  facts: StoredFacts;
  head: string;
  flags: number;
  /** Clock of performance.now. */
  lastUsedMs: number;

  constructor(key: string, described: Described, body: StoredBody, bodyBytes: number, nowMs: number) {
    this.key = key;
    this.facts = described.facts;
    this.head = described.head;
    this.flags = described.flags;
    this.body = body;
    this.bodyBytes = bodyBytes;
    this.lastUsedMs = nowMs;
  }

  /** What counts against the cache's bound. */
  get bytes(): number {
    if (this.body.kind === 'file') return this.body.fileBytes;
    const { unspoken, varyValues } = this.facts;
    const told = varyValues.reduce((sum, { length }) => sum + length, unspoken.length);
    return this.bodyBytes + this.head.length + 2 * this.key.length + told + OVERHEAD_BYTES;
  }
}

/** Of an entry in tables, and its objects: measured on Node 20. */
const OVERHEAD_BYTES = 1000;

/** RFC 9110 6.6.1. */
export function addDate(head: ResponseHead): void {
  if (head.get('date') === null) head.append('Date', new Date().toUTCString());
}

/** As it is stored, with a body of so many bytes. */
export function withLength({ facts, head: text, flags }: Described, bodyBytes: number): Described {
  const head = new ResponseHead(text, flags);
  head.remove('age');
  head.remove('set-cookie');
  addDate(head);
  if (!isBodiless(head.status)) head.set('Content-Length', String(bodyBytes));
  return { facts, head: head.text, flags: head.flags };
}

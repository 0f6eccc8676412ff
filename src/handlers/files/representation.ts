import type { BigIntStats } from 'node:fs';
import type { OpenFile } from './open-file.ts';
import type { FileOptions } from './options.ts';

/** What tells one state of a file from another, and one file from another. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: bigint;
  readonly modifiedNs: bigint;
  /** Also tells that its permissions were changed. */
  readonly changedNs: bigint;
}

export function identityOf(facts: BigIntStats): FileIdentity {
  const { dev: device, ino: inode, size, mtimeNs: modifiedNs, ctimeNs: changedNs } = facts;
  return { device, inode, size, modifiedNs, changedNs };
}

export function isSame(a: FileIdentity, b: FileIdentity): boolean {
  return (
    a.inode === b.inode &&
    a.modifiedNs === b.modifiedNs &&
    a.changedNs === b.changedNs &&
    a.size === b.size &&
    a.device === b.device
  );
}

/** A file in one content coding, ready to be sent. */
export interface Representation {
  /** `identity`, or that of a precompressed sibling. */
  readonly coding: string;
  readonly identity: FileIdentity;
  readonly size: number;
  /** With its quotes; always strong. */
  readonly entityTag: string;
  /** For Last-Modified; null where it lies in the future. */
  readonly modifiedSeconds: number | null;
  readonly mediaType: string;
  /** Fields of every answer, a 304 included. */
  readonly commonFields: string;
  /** Fields of answers that have content, but for its length. */
  readonly contentFields: string;
  /** The whole head for the whole content. */
  readonly fullHead: string;
  /** Small ones as text, which is the fastest to send; others while there is memory; else null. */
  content: string | Buffer | null;
  /** Where to read it, when it is not in memory. */
  file: OpenFile | null;
}

export interface RepresentationParts {
  readonly coding: string;
  readonly identity: FileIdentity;
  readonly mediaType: string;
  readonly content: string | Buffer | null;
  readonly file: OpenFile | null;
  /** Whether there are others to choose from. */
  readonly varies: boolean;
}

export function makeRepresentation(
  parts: RepresentationParts,
  options: Pick<FileOptions, 'cacheControl' | 'expiresSeconds'>,
  nowMs: number,
): Representation {
  const { coding, identity, mediaType, varies } = parts;
  const size = Number(identity.size);
  const modifiedSeconds = Number(identity.modifiedNs / 1_000_000_000n);
  // RFC 9110 8.8.2.1: never later than the response itself.
  const isPast = modifiedSeconds * 1000 <= nowMs;
  const entityTag = entityTagOf(identity, coding);
  const commonFields = [
    isPast ? `Last-Modified: ${httpDate(modifiedSeconds * 1000)}\r\n` : '',
    `ETag: ${entityTag}\r\n`,
    options.cacheControl === null ? '' : `Cache-Control: ${options.cacheControl}\r\n`,
    options.expiresSeconds === null ? '' : `Expires: ${httpDate(nowMs + options.expiresSeconds * 1000)}\r\n`,
    varies ? 'Vary: Accept-Encoding\r\n' : '',
  ].join('');
  const contentFields =
    commonFields +
    (coding === 'identity' ? '' : `Content-Encoding: ${coding}\r\n`) +
    'Accept-Ranges: bytes\r\n';
  return {
    coding,
    identity,
    size,
    entityTag,
    modifiedSeconds: isPast ? modifiedSeconds : null,
    mediaType,
    commonFields,
    contentFields,
    fullHead: `200 OK\r\nContent-Type: ${mediaType}\r\nContent-Length: ${size}\r\n${contentFields}`,
    content: parts.content,
    file: parts.file,
  };
}

/** Strong: the file system's time stamps are fine enough that no two states which anybody could have seen share one. */
function entityTagOf({ modifiedNs, size }: FileIdentity, coding: string): string {
  const suffix = coding === 'identity' ? '' : `-${coding}`;
  return `"${modifiedNs.toString(36)}-${size.toString(36)}${suffix}"`;
}

const httpDate = (ms: number): string => new Date(ms).toUTCString();

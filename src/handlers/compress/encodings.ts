// What Node's zlib can do, by the names of HTTP.

import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import type { CompressionCoding } from '../../protocol/supervision/site.ts';

export interface Encoder extends Transform {
  flush(callback?: () => void): void;
  flush(kind: number, callback?: () => void): void;
  close(callback?: () => void): void;
}

type Done = (error: Error | null, result: Buffer) => void;

/** One content coding. Sizes are of what is to be compressed; -1: not known. */
export interface Encoding {
  encoder(level: number, size: number): Encoder;
  /** For what is small: in the event loop. */
  encodeNow(content: Buffer, level: number): Buffer;
  /** In another thread. */
  encode(content: Buffer, level: number, done: Done): void;
  readonly flushKind: number;
}

const { constants } = zlib;

const MAX_WINDOW_BITS = 15;
const MIN_WINDOW_BITS = 9;
const MAX_MEMORY_LEVEL = 8;

/** What is small gets a small window and small tables, as in nginx: to set up the usual 256 kB would take longer than to compress it. */
function gzipOptions(level: number, size: number): zlib.ZlibOptions {
  let windowBits = MAX_WINDOW_BITS;
  let memLevel = MAX_MEMORY_LEVEL;
  while (size >= 0 && windowBits > MIN_WINDOW_BITS && size <= 1 << (windowBits - 1)) {
    windowBits -= 1;
    memLevel = Math.max(1, memLevel - 1);
  }
  return { level, windowBits, memLevel };
}

const gzip: Encoding = {
  encoder: (level, size) => zlib.createGzip(gzipOptions(level, size)),
  encodeNow: (content, level) => zlib.gzipSync(content, gzipOptions(level, content.length)),
  encode: (content, level, done) => zlib.gzip(content, gzipOptions(level, content.length), done),
  // The usual one forgets what has been seen, which costs much of the ratio.
  flushKind: constants.Z_SYNC_FLUSH,
};

/** 256 kB; the usual 4 MB are a great deal of memory for each response. */
const BROTLI_WINDOW_BITS = 18;

function brotliOptions(level: number, size: number): zlib.BrotliOptions {
  return {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: level,
      [constants.BROTLI_PARAM_LGWIN]: BROTLI_WINDOW_BITS,
      ...(size >= 0 && size < 1 << 30 ? { [constants.BROTLI_PARAM_SIZE_HINT]: size } : {}),
    },
  };
}

const br: Encoding = {
  encoder: (level, size) => zlib.createBrotliCompress(brotliOptions(level, size)),
  encodeNow: (content, level) => zlib.brotliCompressSync(content, brotliOptions(level, content.length)),
  encode: (content, level, done) => zlib.brotliCompress(content, brotliOptions(level, content.length), done),
  flushKind: constants.BROTLI_OPERATION_FLUSH,
};

interface ZstdOptions {
  readonly params: Readonly<Record<number, number>>;
}

/** Node has it from 22.15 on. */
interface Zstd {
  createZstdCompress(options: ZstdOptions): Encoder;
  zstdCompressSync(content: Buffer, options: ZstdOptions): Buffer;
  zstdCompress(content: Buffer, options: ZstdOptions, done: Done): void;
}

/** Of zstd.h, whose interface is stable: Node 20 has no names for them. */
const ZSTD_LEVEL = 100;
const ZSTD_WINDOW_LOG = 101;
const ZSTD_FLUSH = 1;
const ZSTD_WINDOW_BITS = 18;

function zstdWith(zstd: Zstd): Encoding {
  const options = (level: number): ZstdOptions => ({
    params: { [ZSTD_LEVEL]: level, [ZSTD_WINDOW_LOG]: ZSTD_WINDOW_BITS },
  });
  return {
    encoder: (level) => zstd.createZstdCompress(options(level)),
    encodeNow: (content, level) => zstd.zstdCompressSync(content, options(level)),
    encode: (content, level, done) => zstd.zstdCompress(content, options(level), done),
    flushKind: ZSTD_FLUSH,
  };
}

const hasZstd = 'createZstdCompress' in zlib;

/** Those that there are. */
export const ENCODINGS: Readonly<Partial<Record<CompressionCoding, Encoding>>> = {
  ...(hasZstd ? { zstd: zstdWith(zlib as unknown as Zstd) } : {}),
  br,
  gzip,
};

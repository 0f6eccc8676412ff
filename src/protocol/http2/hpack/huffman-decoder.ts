import { latin1Slice } from '../../http1/latin1.ts';
import {
  CODE_BITS,
  CODE_COUNTS,
  CODES,
  FIRST_CODES,
  IN_ORDER,
  MAX_CODE_BITS,
  ORDER_STARTS,
} from './huffman-code.ts';

/** What is looked up at once: as a rule two characters, since those that occur have five to seven bits. */
const ROOT_BITS = 12;
const ROOT_MASK = (1 << ROOT_BITS) - 1;
const SHORTEST_CODE_BITS = 5;
const KEPT_ROOM_BYTES = 65_536;

/** By the next twelve bits: the character that they begin with, and in bits 16 to 23 the length of its code. 0: that is longer. */
const SINGLES = new Uint32Array(1 << ROOT_BITS);
for (let character = 0; character < CODES.length; character++) {
  const bits = CODE_BITS[character] as number;
  if (bits > ROOT_BITS) continue;
  const spare = ROOT_BITS - bits;
  const start = (CODES[character] as number) << spare;
  SINGLES.fill((1 << 24) | (bits << 16) | character, start, start + (1 << spare));
}

/**
 * The same with the second character, if that fits, in bits 8 to 15, the length of both, and from bit 24 on how many there are.
 * Each is made when it is first needed: to make them all would take a start of the program a millisecond.
 */
const PAIRS = new Uint32Array(1 << ROOT_BITS);

function pairOf(next: number): number {
  const first = SINGLES[next] as number;
  const firstBits = bitsOf(first);
  const second = SINGLES[(next << firstBits) & ROOT_MASK] as number;
  const bothBits = firstBits + bitsOf(second);
  if (first === 0 || second === 0 || bothBits > ROOT_BITS) return first;
  return (2 << 24) | (bothBits << 16) | ((second & 0xff) << 8) | (first & 0xff);
}

function bitsOf(entry: number): number {
  return (entry >>> 16) & 0xff;
}

let room: Buffer = Buffer.allocUnsafeSlow(1024);

/** What the bytes from `start` to `end` stand for; null where they are not right (RFC 7541 5.2). */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string | null {
  // A second character is written, even if there is none.
  const to = roomFor(Math.floor(((end - start) * 8) / SHORTEST_CODE_BITS) + 1);
  let length = 0;
  /** The lowest `count` bits are still to be read. */
  let bits = 0;
  let count = 0;
  let at = start;
  for (;;) {
    while (count <= 24 && at < end) {
      bits = (bits << 8) | (bytes[at++] as number);
      count += 8;
    }
    let found: number;
    if (count >= ROOT_BITS) {
      const next = (bits >>> (count - ROOT_BITS)) & ROOT_MASK;
      found = PAIRS[next] as number;
      if (found === 0) {
        found = pairOf(next);
        PAIRS[next] = found;
      }
    } else {
      if (count === 0) break;
      // The end is filled up with ones (RFC 7541 5.2), of which no code consists that is as short.
      const rest = ((bits << (ROOT_BITS - count)) | (ROOT_MASK >>> count)) & ROOT_MASK;
      if (rest === ROOT_MASK && count < 8) break;
      found = SINGLES[rest] as number;
      if (bitsOf(found) > count) return null;
    }
    if (found === 0) {
      const atBit = at * 8 - count;
      const long = longCode(bytes, atBit, end * 8);
      if (long === 0) return null;
      to[length++] = long;
      const nextBit = atBit + (long >>> 8);
      at = (nextBit + 7) >>> 3;
      count = at * 8 - nextBit;
      bits = bytes[at - 1] as number;
      continue;
    }
    to[length] = found;
    to[length + 1] = found >>> 8;
    length += found >>> 24;
    count -= bitsOf(found);
  }
  return latin1Slice(to, 0, length);
}

/** Of a code that is longer: its character, and from bit 8 on its length. 0: there is none, or it is EOS. */
function longCode(bytes: Buffer, atBit: number, endBit: number): number {
  let code = 0;
  for (let length = 1; length <= MAX_CODE_BITS; length++, atBit++) {
    if (atBit === endBit) return 0;
    code = (code << 1) | (((bytes[atBit >>> 3] as number) >>> (7 - (atBit & 7))) & 1);
    const order = code - (FIRST_CODES[length] as number);
    if (length > ROOT_BITS && order >= 0 && order < (CODE_COUNTS[length] as number)) {
      return (length << 8) | (IN_ORDER[(ORDER_STARTS[length] as number) + order] as number);
    }
  }
  return 0;
}

function roomFor(byteCount: number): Buffer {
  if (byteCount <= room.length) return room;
  const larger = Buffer.allocUnsafeSlow(Math.max(byteCount, 2 * room.length));
  if (larger.length <= KEPT_ROOM_BYTES) room = larger;
  return larger;
}

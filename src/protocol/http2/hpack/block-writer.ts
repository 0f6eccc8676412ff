import { writeHuffman } from './huffman-encoder.ts';

/** What of a first byte says what it is, and which of its bits belong to an integer. */
export interface Beginning {
  readonly start: number;
  readonly mask: number;
}

const HUFFMAN: Beginning = { start: 0x80, mask: 0x7f };
const PLAIN: Beginning = { start: 0, mask: 0x7f };

/** Of any below 2^35: no string is as long. */
export const MAX_INTEGER_BYTES = 6;
/** To have Buffer write a text takes as long as to write so many characters oneself. */
const LONG_TEXT = 20;

/** RFC 7541 5.1. */
export function writeInteger(value: number, { start, mask }: Beginning, to: Buffer, at: number): number {
  if (value < mask) {
    to[at] = start | value;
    return at + 1;
  }
  to[at++] = start | mask;
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) to[at++] = 0x80 | (rest & 0x7f);
  to[at++] = rest;
  return at;
}

function integerBytes(value: number, { mask }: Beginning): number {
  let bytes = value < mask ? 1 : 2;
  for (let rest = value - mask; rest >= 0x80; rest >>>= 7) bytes++;
  return bytes;
}

/** RFC 7541 5.2: whichever is shorter. */
export function writeString(text: string, to: Buffer, at: number): number {
  const { length } = text;
  if (length > 1) {
    const start = at + 1;
    const end = writeHuffman(text, to, start);
    if (end >= 0) return writeLengthBefore(start, end, to);
  }
  const start = writeInteger(length, PLAIN, to, at);
  if (length >= LONG_TEXT) return start + to.write(text, start, 'latin1');
  for (let index = 0; index < length; index++) to[start + index] = text.charCodeAt(index);
  return start + length;
}

/** A byte is free before what is there; nearly always that is enough. */
function writeLengthBefore(start: number, end: number, to: Buffer): number {
  const length = end - start;
  if (length < HUFFMAN.mask) {
    to[start - 1] = HUFFMAN.start | length;
    return end;
  }
  const movedStart = start - 1 + integerBytes(length, HUFFMAN);
  to.copyWithin(movedStart, start, end);
  writeInteger(length, HUFFMAN, to, start - 1);
  return movedStart + length;
}

import { CODE_BITS, CODES } from './huffman-code.ts';

/** Up to so many bits there is room for a code in 32 bits, with what is left of those before it. */
const SHORT_CODE_BITS = 16;

/** By the character: its code, and its length in the lowest five bits; 0: it is not short. */
const SHORT_CODES = CODES.map((code, character) => {
  const bits = CODE_BITS[character] as number;
  return bits > SHORT_CODE_BITS ? 0 : (code << 5) | bits;
});

/** @returns where it ends; -1: it would be no shorter than the text, and what is there now in its place is of no use */
export function writeHuffman(text: string, to: Buffer, start: number): number {
  const tooLong = start + text.length;
  let at = start;
  /** The lowest `count` bits, less than 16, are still to be written. */
  let bits = 0;
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index) & 0xff;
    const short = SHORT_CODES[character] as number;
    if (short !== 0) {
      const codeBits = short & 0x1f;
      bits = (bits << codeBits) | (short >>> 5);
      count += codeBits;
    } else {
      const code = CODES[character] as number;
      const restBits = (CODE_BITS[character] as number) - SHORT_CODE_BITS;
      bits = (bits << restBits) | (code >>> SHORT_CODE_BITS);
      count += restBits;
      if (count >= 16) {
        if (at + 2 > tooLong) return -1;
        at = write16(bits >>> (count - 16), to, at);
        count -= 16;
      }
      bits = (bits << SHORT_CODE_BITS) | (code & 0xffff);
      count += SHORT_CODE_BITS;
    }
    if (count >= 16) {
      if (at + 2 > tooLong) return -1;
      at = write16(bits >>> (count - 16), to, at);
      count -= 16;
    }
  }
  if (at + ((count + 7) >>> 3) >= tooLong) return -1;
  if (count >= 8) {
    to[at++] = bits >>> (count - 8);
    count -= 8;
  }
  // RFC 7541 5.2: filled up with the beginning of EOS, which is all ones.
  if (count > 0) to[at++] = (bits << (8 - count)) | (0xff >>> count);
  return at;
}

function write16(bits: number, to: Buffer, at: number): number {
  to[at] = bits >>> 8;
  to[at + 1] = bits;
  return at + 2;
}

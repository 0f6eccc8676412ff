import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CODE_BITS, CODES } from '../../../../../src/protocol/http2/hpack/huffman-code.ts';
import { decodeHuffman } from '../../../../../src/protocol/http2/hpack/huffman-decoder.ts';
import { writeHuffman } from '../../../../../src/protocol/http2/hpack/huffman-encoder.ts';
import { Random } from '../../../../support/random.ts';

/** By the table alone. */
function encode(text: string): Buffer {
  let bits = '';
  for (const character of text) {
    const number = character.charCodeAt(0);
    bits += (CODES[number] as number).toString(2).padStart(CODE_BITS[number] as number, '0');
  }
  return Buffer.from((bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '1'), 2)));
}

const decode = (bytes: Buffer) => decodeHuffman(bytes, 0, bytes.length);
const CHARACTERS = Array.from({ length: 256 }, (_, index) => String.fromCharCode(index));

describe('the Huffman code', () => {
  it('is that of RFC 7541 appendix B', () => {
    const rows: readonly (readonly [number, number, number])[] = [
      [0, 0x1ff8, 13],
      [1, 0x7fffd8, 23],
      [9, 0xffffea, 24],
      [10, 0x3ffffffc, 30],
      [22, 0x3ffffffe, 30],
      [32, 0x14, 6],
      [48, 0, 5],
      [58, 0x5c, 7],
      [90, 0xfd, 8],
      [92, 0x7fff0, 19],
      [116, 0x9, 5],
      [122, 0x7b, 7],
      [127, 0xffffffc, 28],
      [199, 0x1ffffec, 25],
      [249, 0xffffffe, 28],
      [255, 0x3ffffee, 26],
    ];
    for (const [character, code, bits] of rows) {
      assert.deepEqual([CODES[character], CODE_BITS[character]], [code, bits], String(character));
    }
  });

  it('is complete with EOS: there is no sequence of bits that is none', () => {
    const used = CODE_BITS.reduce((sum, bits) => sum + 2 ** -bits, 2 ** -30);
    assert.equal(used, 1);
  });

  it('has each character at each place of a byte', () => {
    for (const character of CHARACTERS) {
      for (let before = 0; before < 8; before++) {
        // One more of five bits moves what follows.
        const text = `${'a'.repeat(before)}${character}${character}b`;
        assert.equal(decode(encode(text)), text);
      }
    }
  });

  it('takes no character at the end that lacks its last bits', () => {
    for (const character of CHARACTERS) {
      const bytes = encode(character);
      for (let end = 0; end < bytes.length; end++) {
        const found = decode(bytes.subarray(0, end));
        // The beginning of a long code is all ones: as one byte it would be too much for padding, too.
        assert.equal(found, end === 0 ? '' : null, `${character.charCodeAt(0)} cut to ${end} bytes`);
      }
    }
  });

  it('is written like that where it is shorter, and otherwise writes nothing behind the text', () => {
    const random = new Random(20_250_304);
    for (let count = 0; count < 3000; count++) {
      const from = random.of([CHARACTERS.slice(32, 127), CHARACTERS.slice(32, 127), CHARACTERS]);
      const text = Array.from({ length: random.below(30) }, () => random.of(from)).join('');
      const expected = encode(text);
      const room = Buffer.alloc(text.length + 2, 0xee);
      const end = writeHuffman(text, room, 1);
      if (expected.length < text.length) assert.deepEqual(room.subarray(1, end), expected);
      else assert.equal(end, -1, JSON.stringify(text));
      assert.equal(room[room.length - 1], 0xee);
    }
  });

  it('reads texts that are longer than any room that was there', () => {
    for (const length of [600, 5000, 70_000, 200_000]) {
      const text = '0'.repeat(length);
      assert.equal(decode(encode(text)), text);
    }
  });
});

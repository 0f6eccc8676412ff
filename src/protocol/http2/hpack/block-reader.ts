import { latin1Slice } from '../../http1/latin1.ts';
import { decodeHuffman } from './huffman-decoder.ts';

/** What anybody needs is far below; RFC 7541 5.1 wants a limit for the value, and one for its bytes. */
const MAX_INTEGER = 2 ** 31 - 1;
const MAX_MORE_BYTES = 5;

const HUFFMAN = 0x80;
const LENGTH_MASK = 0x7f;

/** Takes the parts of field representations (RFC 7541 5) off a block. */
export class BlockReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
  }

  /** @param mask of the first byte's bits that belong to it. -1: it is not right. */
  readInteger(mask: number): number {
    let value = (this.#bytes[this.at++] as number) & mask;
    if (value < mask) return value;
    let unit = 1;
    for (let count = 0; count < MAX_MORE_BYTES && this.at < this.#end; count++) {
      const byte = this.#bytes[this.at++] as number;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value <= MAX_INTEGER ? value : -1;
      unit *= 128;
    }
    return -1;
  }

  /** null: it is not right. */
  readString(): string | null {
    if (this.at >= this.#end) return null;
    const isHuffman = (this.#bytes[this.at] as number) >= HUFFMAN;
    const length = this.readInteger(LENGTH_MASK);
    const start = this.at;
    if (length < 0 || length > this.#end - start) return null;
    this.at = start + length;
    if (length === 0) return '';
    return isHuffman ? decodeHuffman(this.#bytes, start, this.at) : latin1Slice(this.#bytes, start, this.at);
  }
}

import { HpackEncoder, maxEncodedBytes } from './hpack/encoder.ts';
import { responseFields } from './response-fields.ts';

/** Heads that are remembered, and how large they may be encoded. */
const KEPT = 64;
const MAX_KEPT_BYTES = 1024;

interface Kept {
  readonly more: string;
  /** Of the encoder's table when this was made. */
  readonly changes: number;
  readonly block: Buffer;
}

const scratch = Buffer.allocUnsafeSlow(16_384);

/** Encodes the heads of one connection's responses. Most are as one before: those are sent again as they are, while HPACK's table has not changed. */
export class HeadEncoder {
  readonly #hpack = new HpackEncoder();
  readonly #kept = new Map<string, Kept>();

  /** Of the client's table. */
  setMaxTableBytes(bytes: number): void {
    this.#hpack.setMaxTableBytes(bytes);
  }

  /** `head`, `more`: see responseFields. The block is good until the next one. */
  encode(status: number, head: string, more: string): Buffer {
    const kept = this.#kept.get(head);
    if (kept !== undefined && kept.changes === this.#hpack.changes && kept.more === more) return kept.block;
    const fields = responseFields(status, head, more);
    const most = maxEncodedBytes(fields);
    const to = most <= scratch.length ? scratch : Buffer.allocUnsafe(most);
    const { changes } = this.#hpack;
    const block = to.subarray(0, this.#hpack.encode(fields, to, 0));
    // A block that has changed the table, or tells its size, will be shorter the next time.
    if (changes === this.#hpack.changes && block.length <= MAX_KEPT_BYTES)
      this.#keep(head, more, changes, block);
    return block;
  }

  #keep(head: string, more: string, changes: number, block: Buffer): void {
    if (this.#kept.size >= KEPT) this.#kept.clear();
    this.#kept.set(head, { more, changes, block: Buffer.from(block) });
  }
}

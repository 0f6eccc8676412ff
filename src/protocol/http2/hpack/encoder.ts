import { type Beginning, MAX_INTEGER_BYTES, writeInteger, writeString } from './block-writer.ts';
import { fieldBytes } from './dynamic-table.ts';
import { KNOWN_NAMES, type KnownName, OTHER_NAME } from './indexing.ts';
import { type SentField, SentTable } from './sent-table.ts';
import { FIRST_DYNAMIC_INDEX } from './static-table.ts';

/** What a peer has before it says otherwise (RFC 9113 6.5.2). Many offer more, which would be kept for every idle connection. */
const MAX_TABLE_BYTES = 4096;
/** nghttp2 has the same: what takes more of the table pushes out nearly all else. */
const LARGEST_SHARE = 3 / 4;
/** With so many values of a name in the table, none of which was ever sent again, it is one whose values hardly repeat. */
const ENOUGH_VALUES = 8;

/** RFC 7541 6. */
const INDEXED: Beginning = { start: 0x80, mask: 0x7f };
const LITERAL_TO_INDEX: Beginning = { start: 0x40, mask: 0x3f };
const TABLE_SIZE: Beginning = { start: 0x20, mask: 0x1f };
const NEVER_INDEXED: Beginning = { start: 0x10, mask: 0x0f };
const LITERAL: Beginning = { start: 0, mask: 0x0f };

const TABLE_SIZES_BYTES = 2 * MAX_INTEGER_BYTES;

/** What `encode` has to have room for, whatever the table. */
export function maxEncodedBytes(fields: readonly string[]): number {
  // An index each, and two texts with their lengths.
  let bytes = TABLE_SIZES_BYTES + fields.length * (MAX_INTEGER_BYTES / 2 + MAX_INTEGER_BYTES);
  for (let index = 0; index < fields.length; index++) bytes += (fields[index] as string).length;
  return bytes;
}

export class HpackEncoder {
  readonly #table = new SentTable(MAX_TABLE_BYTES);
  #changes = 0;
  /** The lowest limit that the table has had since the last block; null: it has not changed. */
  #lowestMaxBytes: number | null = null;

  /** Changes of the table: a block that was encoded without one may be sent again while this stays the same. */
  get changes(): number {
    return this.#changes;
  }

  /** @param bytes the SETTINGS_HEADER_TABLE_SIZE of the peer; we use at most 4096 */
  setMaxTableBytes(bytes: number): void {
    const maxBytes = Math.min(bytes, MAX_TABLE_BYTES);
    if (maxBytes === this.#table.maxBytes) return;
    this.#lowestMaxBytes = Math.min(this.#lowestMaxBytes ?? maxBytes, maxBytes);
    this.#table.resize(maxBytes);
    this.#changes++;
  }

  /**
   * `fields`: names (lower case) and values (latin-1) in turn.
   * `to`: with room for `maxEncodedBytes` of them from `at` on.
   * @returns where it ends
   */
  encode(fields: readonly string[], to: Buffer, at: number): number {
    let end = this.#lowestMaxBytes === null ? at : this.#writeTableSizes(this.#lowestMaxBytes, to, at);
    for (let index = 0; index < fields.length; index += 2) {
      end = this.#writeField(fields[index] as string, fields[index + 1] as string, to, end);
    }
    return end;
  }

  /** RFC 7541 4.2: the lowest, since it has made the table lose entries, and the last. */
  #writeTableSizes(lowestBytes: number, to: Buffer, at: number): number {
    this.#lowestMaxBytes = null;
    this.#changes++;
    const { maxBytes } = this.#table;
    const end = writeInteger(lowestBytes, TABLE_SIZE, to, at);
    return lowestBytes === maxBytes ? end : writeInteger(maxBytes, TABLE_SIZE, to, end);
  }

  #writeField(name: string, value: string, to: Buffer, at: number): number {
    const newest = this.#table.newest(name);
    let count = 0;
    let isAnyRepeated = false;
    for (let sent = newest; sent !== null; sent = sent.older) {
      if (sent.value === value) {
        sent.isRepeated = true;
        return writeInteger(this.#indexOf(sent), INDEXED, to, at);
      }
      count++;
      isAnyRepeated ||= sent.isRepeated;
    }
    const known = KNOWN_NAMES.get(name) ?? OTHER_NAME;
    const staticIndex = known.values?.get(value);
    if (staticIndex !== undefined) return writeInteger(staticIndex, INDEXED, to, at);
    const nameIndex = known.index > 0 ? known.index : newest === null ? 0 : this.#indexOf(newest);
    const beginning = this.#beginning(known, name, value);
    let end: number;
    if (beginning !== LITERAL_TO_INDEX) {
      end = writeInteger(nameIndex, beginning, to, at);
    } else if (isAnyRepeated || count < ENOUGH_VALUES || newest?.passedOver === value) {
      end = writeInteger(nameIndex, LITERAL_TO_INDEX, to, at);
      this.#table.addField(name, value);
      this.#changes++;
    } else {
      end = writeInteger(nameIndex, LITERAL, to, at);
      if (newest !== null) newest.passedOver = value;
    }
    if (nameIndex === 0) end = writeString(name, to, end);
    return writeString(value, to, end);
  }

  #beginning({ indexing }: KnownName, name: string, value: string): Beginning {
    if (indexing === 'never-indexed') return NEVER_INDEXED;
    const isSmall = fieldBytes(name, value) <= this.#table.maxBytes * LARGEST_SHARE;
    return indexing === 'indexed' && isSmall ? LITERAL_TO_INDEX : LITERAL;
  }

  #indexOf(sent: SentField): number {
    return FIRST_DYNAMIC_INDEX + this.#table.distance(sent);
  }
}

// The commonest client repeats itself, and what its block refers to is in the table by then: such a block changes nothing, so for the same
// bytes its fields are handed out again.

import { BlockReader } from './block-reader.ts';
import { DynamicTable, type Field, fieldBytes } from './dynamic-table.ts';
import { FIRST_DYNAMIC_INDEX, STATIC_FIELDS } from './static-table.ts';

/** How a representation begins (RFC 7541 6): its first byte is at least this, and the rest of it is the beginning of an integer. */
const INDEXED = 0x80;
const LITERAL_TO_INDEX = 0x40;
const TABLE_SIZE = 0x20;

const INDEXED_MASK = 0x7f;
const LITERAL_TO_INDEX_MASK = 0x3f;
const TABLE_SIZE_MASK = 0x1f;
/** Those that are never to be indexed, too. */
const LITERAL_MASK = 0x0f;

/** A block that refers to fields is shorter; one that repeats literals of more than this is read every time. */
const REMEMBERED_BYTES = 512;
const FIRST_ROOM_BYTES = 64;
const NOTHING = new Uint8Array(0);
const NO_FIELDS: readonly string[] = [];

type Verdict = 'too-large' | 'broken';

export class HpackDecoder {
  readonly #table: DynamicTable<Field>;
  readonly #maxTableBytes: number;
  /** The last block, if the table is as it was before that. */
  #last = NOTHING;
  #lastLength = -1;
  #lastFields = NO_FIELDS;
  #lastListBytes = 0;

  /** @param maxTableBytes the SETTINGS_HEADER_TABLE_SIZE that the peer knows */
  constructor(maxTableBytes: number) {
    this.#maxTableBytes = maxTableBytes;
    this.#table = new DynamicTable(maxTableBytes);
  }

  /**
   * One whole field block. Names and values in turn, as latin-1, in its order; for the same bytes the same array, if possible.
   * 'too-large': they have more than `maxListBytes` (RFC 9113 6.5.2); the table is in step nevertheless.
   * 'broken': a COMPRESSION_ERROR, after which nothing can be decoded.
   */
  decode(bytes: Buffer, start: number, end: number, maxListBytes: number): readonly string[] | Verdict {
    if (this.#isRepeated(bytes, start, end) && this.#lastListBytes <= maxListBytes) return this.#lastFields;
    this.#lastLength = -1;
    this.#lastFields = NO_FIELDS;
    return this.#read(bytes, start, end, maxListBytes);
  }

  #read(bytes: Buffer, start: number, end: number, maxListBytes: number): readonly string[] | Verdict {
    const reader = new BlockReader(bytes, start, end);
    const fields: string[] = [];
    let listBytes = 0;
    let isTableChanged = false;
    let isInFields = false;
    while (reader.at < end) {
      const first = bytes[reader.at] as number;
      let field: Field | undefined;
      if (first >= INDEXED) {
        field = this.#fieldAt(reader.readInteger(INDEXED_MASK));
      } else if (first >= LITERAL_TO_INDEX) {
        field = this.#readLiteral(reader, LITERAL_TO_INDEX_MASK);
        isTableChanged = true;
        if (field !== undefined) this.#table.add(field);
      } else if (first >= TABLE_SIZE) {
        if (isInFields || !this.#resize(reader.readInteger(TABLE_SIZE_MASK))) return 'broken';
        isTableChanged = true;
        continue;
      } else {
        field = this.#readLiteral(reader, LITERAL_MASK);
      }
      if (field === undefined) return 'broken';
      isInFields = true;
      listBytes += fieldBytes(field.name, field.value);
      // The rest is read for the table's sake. A byte can stand for 4 kB.
      if (listBytes <= maxListBytes) fields.push(field.name, field.value);
    }
    if (listBytes > maxListBytes) return 'too-large';
    if (!isTableChanged) this.#remember(bytes, start, end, fields, listBytes);
    return fields;
  }

  #fieldAt(index: number): Field | undefined {
    if (index >= FIRST_DYNAMIC_INDEX) return this.#table.get(index - FIRST_DYNAMIC_INDEX);
    return index > 0 ? STATIC_FIELDS[index] : undefined;
  }

  #readLiteral(reader: BlockReader, mask: number): Field | undefined {
    const index = reader.readInteger(mask);
    const name = index === 0 ? reader.readString() : this.#fieldAt(index)?.name;
    if (name === undefined || name === null) return undefined;
    const value = reader.readString();
    return value === null ? undefined : { name, value };
  }

  #resize(maxBytes: number): boolean {
    if (maxBytes < 0 || maxBytes > this.#maxTableBytes) return false;
    this.#table.resize(maxBytes);
    return true;
  }

  #isRepeated(bytes: Buffer, start: number, end: number): boolean {
    const length = end - start;
    if (length !== this.#lastLength) return false;
    const last = this.#last;
    for (let index = 0; index < length; index++) {
      if (bytes[start + index] !== last[index]) return false;
    }
    return true;
  }

  #remember(bytes: Buffer, start: number, end: number, fields: readonly string[], listBytes: number): void {
    const length = end - start;
    if (length > REMEMBERED_BYTES) return;
    if (length > this.#last.length) {
      this.#last = new Uint8Array(length > FIRST_ROOM_BYTES ? REMEMBERED_BYTES : FIRST_ROOM_BYTES);
    }
    const last = this.#last;
    for (let index = 0; index < length; index++) last[index] = bytes[start + index] as number;
    this.#lastLength = length;
    this.#lastFields = fields;
    this.#lastListBytes = listBytes;
  }
}

export interface Field {
  readonly name: string;
  /** Latin-1, as the name: one character is one byte. */
  readonly value: string;
}

/** RFC 7541 4.1. RFC 9113 6.5.2 counts the fields of a list alike. */
const ENTRY_OVERHEAD_BYTES = 32;
const FIRST_ROOM = 16;

/** What the field takes in a table, or in a list. */
export function fieldBytes(name: string, value: string): number {
  return name.length + value.length + ENTRY_OVERHEAD_BYTES;
}

/** RFC 7541 2.3.2: first in, first out, and as many as fit. */
export class DynamicTable<Entry extends Field> {
  /** Entry number N of all that ever were is at N modulo its length, a power of two. */
  #ring: (Entry | undefined)[] = new Array(FIRST_ROOM).fill(undefined);
  #added = 0;
  #count = 0;
  #bytes = 0;
  #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** How many were ever added: the number of the next. */
  get added(): number {
    return this.#added;
  }

  /** @param distance 0: the newest */
  get(distance: number): Entry | undefined {
    return distance < this.#count
      ? this.#ring[(this.#added - 1 - distance) & (this.#ring.length - 1)]
      : undefined;
  }

  /** One that is larger than the table only empties it (RFC 7541 4.4). */
  add(entry: Entry): void {
    const bytes = fieldBytes(entry.name, entry.value);
    this.#shrinkTo(this.#maxBytes - bytes);
    if (bytes > this.#maxBytes) return;
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[this.#added & (this.#ring.length - 1)] = entry;
    this.#added++;
    this.#count++;
    this.#bytes += bytes;
  }

  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#shrinkTo(maxBytes);
  }

  /** For whoever keeps more than the table about its entries: this is in it no more. */
  protected evicted(_entry: Entry): void {}

  #shrinkTo(bytes: number): void {
    while (this.#bytes > bytes && this.#count > 0) {
      const slot = (this.#added - this.#count) & (this.#ring.length - 1);
      const entry = this.#ring[slot] as Entry;
      this.#ring[slot] = undefined;
      this.#count--;
      this.#bytes -= fieldBytes(entry.name, entry.value);
      this.evicted(entry);
    }
  }

  #grow(): void {
    const grown: (Entry | undefined)[] = new Array(2 * this.#ring.length).fill(undefined);
    for (let number = this.#added - this.#count; number < this.#added; number++) {
      grown[number & (grown.length - 1)] = this.#ring[number & (this.#ring.length - 1)];
    }
    this.#ring = grown;
  }
}

import { DynamicTable, type Field } from './dynamic-table.ts';

/** A field that the peer has in its table by now. */
export class SentField implements Field {
  readonly name: string;
  readonly value: string;
  /** Of all that were ever added. */
  readonly number: number;
  /** The next of the same name that was added before, and after. */
  older: SentField | null;
  newer: SentField | null = null;
  /** Whether it was of any use. */
  isRepeated = false;
  /** While it is the newest of its name: a value that was not added. */
  passedOver: string | null = null;

  constructor(name: string, value: string, number: number, older: SentField | null) {
    this.name = name;
    this.value = value;
    this.number = number;
    this.older = older;
  }
}

/** The table of an encoder, which looks fields up by their names. */
export class SentTable extends DynamicTable<SentField> {
  readonly #newest = new Map<string, SentField>();

  newest(name: string): SentField | null {
    return this.#newest.get(name) ?? null;
  }

  /** 0: the newest of all. */
  distance(field: SentField): number {
    return this.added - 1 - field.number;
  }

  /** One that fits. */
  addField(name: string, value: string): void {
    const number = this.added;
    this.add(new SentField(name, value, number, null));
    const field = this.get(0) as SentField;
    // What had to go for it may have been the others of its name.
    field.older = this.newest(name);
    if (field.older !== null) field.older.newer = field;
    this.#newest.set(name, field);
  }

  protected override evicted(field: SentField): void {
    // The oldest of all is the oldest of its name.
    if (field.newer === null) this.#newest.delete(field.name);
    else field.newer.older = null;
  }
}

import type { Choice } from './rules.ts';

/** Small ones as text, which is the fastest to send. */
export type ReadyBody = string | Buffer;

const MAX_BYTES = 32 << 20;
/** What an entry weighs besides its content. */
const ENTRY_BYTES = 500;

interface Entry {
  readonly body: ReadyBody;
  readonly forget: () => void;
}

/** What bodies in memory were compressed to: as long as there are the same, and within a bound, the oldest going first. */
export class ReadyBodies {
  readonly #bySource = new WeakMap<object, Map<Choice, Entry>>();
  readonly #all = new Set<Entry>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** @param source what the body belongs to */
  get(source: object, choice: Choice): ReadyBody | null {
    return this.#bySource.get(source)?.get(choice)?.body ?? null;
  }

  keep(source: object, choice: Choice, body: ReadyBody): void {
    const entries = this.#bySource.get(source) ?? new Map<Choice, Entry>();
    this.#bySource.set(source, entries);
    entries.get(choice)?.forget();
    const entry: Entry = {
      body,
      forget: () => {
        this.#bytes -= weightOf(body);
        this.#all.delete(entry);
        entries.delete(choice);
      },
    };
    entries.set(choice, entry);
    this.#all.add(entry);
    this.#bytes += weightOf(body);
    for (const oldest of this.#all) {
      if (this.#bytes <= this.#maxBytes) break;
      oldest.forget();
    }
  }
}

const weightOf = (body: ReadyBody): number => ENTRY_BYTES + body.length;

export const readyBodies = new ReadyBodies();

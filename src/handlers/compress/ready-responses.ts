import type { Choice } from './rules.ts';

/** A response that was compressed once. */
export interface ReadyResponse {
  /** The head that it was made of. */
  readonly from: string;
  readonly head: string;
  readonly flags: number;
  /** Small ones as text, which is the fastest to send. */
  readonly body: string | Buffer;
}

const MAX_BYTES = 32 << 20;
/** What an entry weighs besides its body. */
const ENTRY_BYTES = 1024;

/** What files in memory were compressed to: as long as the file is the same, and within a bound, the oldest going first. */
export class ReadyResponses {
  readonly #bySource = new WeakMap<object, Map<Choice, ReadyResponse>>();
  readonly #all = new Map<ReadyResponse, () => void>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** @param source what the body belongs to @param from its head */
  get(source: object, choice: Choice, from: string): ReadyResponse | null {
    const ready = this.#bySource.get(source)?.get(choice);
    return ready?.from === from ? ready : null;
  }

  keep(source: object, choice: Choice, response: ReadyResponse): void {
    let known = this.#bySource.get(source);
    if (known === undefined) {
      known = new Map();
      this.#bySource.set(source, known);
    }
    const choices = known;
    const before = choices.get(choice);
    if (before !== undefined) this.#forget(before);
    choices.set(choice, response);
    this.#all.set(response, () => choices.delete(choice));
    this.#bytes += weightOf(response);
    for (const oldest of this.#all.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#forget(oldest);
    }
  }

  #forget(response: ReadyResponse): void {
    this.#all.get(response)?.();
    if (this.#all.delete(response)) this.#bytes -= weightOf(response);
  }
}

function weightOf({ body, head, from }: ReadyResponse): number {
  return ENTRY_BYTES + body.length + head.length + from.length;
}

export const readyResponses = new ReadyResponses();

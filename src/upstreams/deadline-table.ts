import { DeadlineList, type Timed } from '../base/deadlines.ts';

/** What can time out by itself. */
export interface Expiring extends Timed {
  expire(): void;
}

/** A list for each duration: there are as many as the configuration has. */
export class DeadlineTable {
  readonly #lists = new Map<number, DeadlineList<Expiring>>();

  /** @param durationMs 0: never */
  of(durationMs: number): DeadlineList<Expiring> {
    let list = this.#lists.get(durationMs);
    if (list === undefined) {
      list = new DeadlineList<Expiring>(durationMs, (item) => item.expire());
      this.#lists.set(durationMs, list);
    }
    return list;
  }
}

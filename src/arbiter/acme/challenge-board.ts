import type { Challenge } from '../../protocol/supervision/acme.ts';
import type { ArbiterToEdge } from '../../protocol/supervision/edge.ts';

interface Posted {
  readonly challenge: Challenge;
  /** Of the message that first told the edge of it. */
  readonly number: number;
}

/** The challenges that whoever asks is answered, and whether the edge knows of them. */
export class ChallengeBoard {
  readonly #tellEdge: (message: ArbiterToEdge) => void;
  readonly #whenServed: (id: number) => void;
  readonly #posted = new Map<number, Posted>();
  #number = 0;

  constructor(tellEdge: (message: ArbiterToEdge) => void, whenServed: (id: number) => void) {
    this.#tellEdge = tellEdge;
    this.#whenServed = whenServed;
  }

  add(id: number, challenge: Challenge): void {
    this.#posted.set(id, { challenge, number: this.#number + 1 });
    this.#tell();
  }

  remove(id: number): void {
    if (this.#posted.delete(id)) this.#tell();
  }

  clear(): void {
    if (this.#posted.size === 0) return;
    this.#posted.clear();
    this.#tell();
  }

  /** To an edge that is new. */
  show(): void {
    if (this.#posted.size > 0) this.#tell();
  }

  noteServed(number: number): void {
    for (const [id, posted] of this.#posted) if (posted.number <= number) this.#whenServed(id);
  }

  #tell(): void {
    this.#number += 1;
    const challenges = [...this.#posted.values()].map(({ challenge }) => challenge);
    this.#tellEdge({ type: 'challenges', number: this.#number, challenges });
  }
}

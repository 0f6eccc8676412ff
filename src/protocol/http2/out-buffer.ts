/** Memory that is written to, and given back once the system has it. */
export interface Slabs {
  /** Of SLAB_BYTES. */
  borrow(): Buffer;
}

/** From its beginning on. */
export interface Filled {
  readonly slab: Buffer;
  readonly bytes: number;
}

/** Holds the largest frame that is sent, and many small ones. */
export const SLAB_BYTES = 65_536;

/** What a connection is about to send: frames behind one another, so that many go with one system call. */
export class OutBuffer {
  readonly #slabs: Slabs;
  readonly #onFirst: () => void;
  /** Where the next frame goes. */
  slab: Buffer | null = null;
  at = 0;
  #full: Filled[] = [];
  #fullBytes = 0;
  /** Taken, but not yet by the system. */
  #takenBytes = 0;

  /** `onFirst`: there is something to be taken. */
  constructor(slabs: Slabs, onFirst: () => void) {
    this.#slabs = slabs;
    this.#onFirst = onFirst;
  }

  /** All that the system has not taken. */
  get bytes(): number {
    return this.#takenBytes + this.#fullBytes + this.at;
  }

  get isEmpty(): boolean {
    return this.at === 0 && this.#fullBytes === 0;
  }

  /** Of the slab that is being filled. */
  get room(): number {
    return this.slab === null ? 0 : this.slab.length - this.at;
  }

  /** Room for so many bytes, from `at` on; who writes moves that. @param bytes at most SLAB_BYTES */
  reserve(bytes: number): Buffer {
    const { slab } = this;
    if (slab !== null && slab.length - this.at >= bytes) return slab;
    if (slab !== null) {
      this.#full.push({ slab, bytes: this.at });
      this.#fullBytes += this.at;
    } else {
      this.#onFirst();
    }
    const next = this.#slabs.borrow();
    this.slab = next;
    this.at = 0;
    return next;
  }

  /** In their order. */
  take(): readonly Filled[] {
    const filled = this.#full;
    const { slab } = this;
    if (slab !== null) filled.push({ slab, bytes: this.at });
    this.#takenBytes += this.#fullBytes + this.at;
    this.#full = [];
    this.#fullBytes = 0;
    this.slab = null;
    this.at = 0;
    return filled;
  }

  /** The system has so many bytes of what was taken. */
  noteWritten(bytes: number): void {
    this.#takenBytes -= bytes;
  }
}
